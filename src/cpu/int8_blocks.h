// The layers of the encoder in int8 (int8.h): weights are quantised when a layer is made,
// activations as they come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "cpu/blocks.h"
#include "cpu/int8.h"

namespace sotto::cpu {

/// Where int8 layers run and keep their weights, as Runtime.
struct Int8Runtime {
  const Int8Kernels& kernels;
  ThreadPool& pool;
  PackedWeights& weights;

  /// As Runtime::parallel_for().
  template <typename Body>
  void parallel_for(std::int64_t count, const Body& body) const {
    pool.parallel_for(count, std::cref(body));
  }
};

/// An n_out × n_in matrix as bytes in [−127, 127], row-major, and its scales, n_out × groups.
struct QuantizedMatrix {
  int n_out = 0;
  int n_in = 0;
  int group = kGroup;  ///< inputs that share a scale, a multiple of 4
  std::vector<std::int8_t> bytes;
  std::vector<float> scales;
};

/// Each group of a row by its largest magnitude: |w − byte·scale| ≤ scale/2. An empty matrix has
/// neither bytes nor scales.
QuantizedMatrix quantize(std::span<const float> matrix, int n_out, int n_in, int group = kGroup);

/// The matrix for activations with remainders: its columns once more.
QuantizedMatrix with_remainders(const QuantizedMatrix& matrix);

/// Makes the inputs of a linear layer that follows a LayerNorm alike in size, so that they share
/// scales well: input i is divided by s = (2·|gamma| + |beta|)^0.6 / (max |W|)^0.4 of its column,
/// which multiplies the column instead. The product stays the same; no recording is needed to find
/// s (SmoothQuant, Xiao et al. 2022, with the LayerNorm's own bounds for the activations).
/// Nothing to be done with empty ones.
void smooth(std::span<float> gamma, std::span<float> beta, std::span<float> matrix);

/// Puts the hidden numbers of a feed-forward network in the order of the largest weight that takes
/// each of them: those that count much then share their scales with each other. up is n_hidden rows
/// with their biases, down has n_hidden columns; the product stays the same.
void sort_hidden(std::span<float> up, std::span<float> up_bias, std::span<float> down);

/// T×D activations as quads with a scale for each group; as 2·D inputs with the remainders of
/// rounding, which make them as exact as 15 bits.
class Int8Activations {
 public:
  Int8Activations(const Int8Kernels& kernels, int n_blocks, int d, int group = kGroup,
                  bool remainders = false);

  int group() const { return group_; }
  bool remainders() const { return remainders_; }

  std::uint8_t* quads(std::int64_t block) { return quads_.data() + block * block_bytes_; }
  float* scales(std::int64_t block) { return scales_.data() + block * block_scales_; }

 private:
  int group_;
  bool remainders_;
  std::int64_t block_bytes_;
  std::int64_t block_scales_;
  Buffer<std::uint8_t> quads_;
  Buffer<float> scales_;
};

/// y = act(W x + b) + residual
class Int8Linear {
 public:
  /// bias has n_out numbers, or none. Results are quantised in groups of `out_group`, a multiple of
  /// 4. `runtime` must outlive the layer.
  Int8Linear(const Int8Runtime& runtime, const QuantizedMatrix& weight, std::span<const float> bias,
             int out_group = kGroup);

  /// To blocks of numbers. residual may be y, or null for none; so may bias: then it is the layer's
  /// own.
  void operator()(float* y, Int8Activations& x, int n_blocks, const float* residual = nullptr,
                  const float* bias = nullptr) const;
  /// To the activations of the next layer. scratch: out_group × B numbers for each thread.
  void operator()(Int8Activations& y, Int8Activations& x, int n_blocks, Activation activation,
                  float* scratch) const;
  /// One group of outputs of a few blocks, on the calling thread: out_group × B numbers each.
  void group(float* y, Int8Activations& x, int group, int block_begin, int block_end,
             const float* bias) const;

  const float* bias() const { return bias_.data(); }

 private:
  /// Where an output's weights are.
  struct Place {
    std::size_t panel, row;
  };
  Place place_of(int output) const;
  void pack_bytes(const QuantizedMatrix& weight, std::span<std::int8_t> panels) const;
  void pack_scales(const QuantizedMatrix& weight, std::span<float> scales) const;
  void pack_offsets(const QuantizedMatrix& weight, std::span<std::int32_t> offsets) const;

  Int8LinearTask task(Int8Activations& x) const;
  void run(const Int8LinearTask& task, int n_blocks, float* scratch) const;

  const Int8Runtime& runtime_;
  int n_out_;
  int n_in_;
  int group_;
  int out_group_;
  std::span<const std::int8_t> panels_;
  std::span<const float> scales_;
  std::span<const std::int32_t> offsets_;
  std::span<const float> bias_;
};

/// gamma·(x − mean)/deviation + beta, quantised.
class Int8LayerNorm {
 public:
  Int8LayerNorm(const Int8Runtime& runtime, std::span<const float> gamma,
                std::span<const float> beta, int d);
  /// x: blocks. scratch: a group × B numbers for each thread. sums: D for each block, over its
  /// positions, of which there are n_positions in all; null when not wanted.
  void operator()(Int8Activations& y, const float* x, int n_positions, float* scratch,
                  float* sums = nullptr) const;

 private:
  const Int8Runtime& runtime_;
  std::span<const float> gamma_;
  std::span<const float> beta_;
};

/// Blocks of numbers, D wide, to activations.
void quantize_blocks(const Int8Runtime& runtime, Int8Activations& y, const float* x, int n_blocks,
                     int d);

/// softmax(q kᵀ/√d) (v − c) for every head, with a value c that the caller adds to the result.
class Int8Attention {
 public:
  /// A head's width must be a multiple of 4.
  Int8Attention(const Int8Runtime& runtime, int n_positions, int n_heads, int d);

  /// Queries, keys and values of x, D = n_heads·d wide and in groups of kGroup, by `qkv`, whose
  /// out_group is d. Keys and values are taken relative to those of the mean of x: a constant added
  /// to all keys does not change the softmax, and one added to all values is added to the result;
  /// without them the scales are finer. sums: of x, D for each block.
  void project(const Int8Linear& qkv, Int8Activations& x, const float* sums);

  /// After project(). out: D wide, in groups of d.
  void operator()(Int8Activations& out);

  /// c, D numbers, after project().
  const float* value_centre() const { return centres_.data() + n_heads_ * d_; }

 private:
  void find_centres(const Int8Linear& qkv, bool remainders, const float* sums);
  void quantize_strip(const float* rows, int kind, std::int64_t head, std::int64_t strip);

  const Int8Runtime& runtime_;
  int n_positions_;
  int n_heads_;
  int d_;
  int n_blocks_;
  int n_strips_;
  Int8Activations q_;
  Buffer<std::int8_t> k_;  // of a head: blocks
  Buffer<float> k_scales_;
  Buffer<std::int32_t> k_offsets_;
  Buffer<std::int8_t> v_;  // of a head: strips
  Buffer<float> v_scales_;
  Buffer<float> centres_;   // of keys, then of values
  Buffer<float> bias_;      // of the projections, less the centres
  Buffer<float> mean_row_;  // D × B
  std::ptrdiff_t scratch_size_;
  Buffer<float> scratch_;
};

}  // namespace sotto::cpu
