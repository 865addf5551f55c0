// The layers of the encoder, on activations stored as blocks (kernels.h): positions in the lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "cpu/kernels.h"
#include "cpu/packed.h"

namespace sotto::cpu {

/// Where layers run and keep their weights. Where these are packed_before(), the weights that
/// layers are made of may be empty, in all the files of this folder.
struct Runtime {
  const Kernels& kernels;
  ThreadPool& pool;
  PackedWeights& weights;

  /// ThreadPool::parallel_for without std::function's copy of the body, which may allocate.
  template <typename Body>
  void parallel_for(std::int64_t count, const Body& body) const {
    pool.parallel_for(count, std::cref(body));
  }

  /// The same for rows of d numbers that a pass or two work on: a few are done sooner than another
  /// thread is told of them.
  template <typename Body>
  void for_rows(std::int64_t count, std::ptrdiff_t d, const Body& body) const {
    constexpr std::ptrdiff_t kFew = 8192;
    if (count * d > kFew) return parallel_for(count, body);
    for (std::int64_t row = 0; row < count; ++row) body(row, 0);
  }
};

/// Blocks that hold T rows.
constexpr int blocks_of(int n_rows, int block) {
  return (n_rows + block - 1) / block;
}

/// An n_rows × d matrix, row-major, as groups of `group` rows: [ceil(n_rows/group)][d][group],
/// zeros after the last row. With Kernels::block these are blocks, with Kernels::rows panels.
std::span<const float> pack(PackedWeights& weights, std::span<const float> matrix, int n_rows,
                            int d, int group);

/// n_rows × d rows, `stride` apart, to blocks (their unused lanes become zeros), and back.
void to_blocks(const Runtime& runtime, float* blocks, const float* rows, std::ptrdiff_t stride,
               int n_rows, int d);
void from_blocks(const Runtime& runtime, float* rows, std::ptrdiff_t stride, const float* blocks,
                 int n_rows, int d);

/// y = act(W x + b) + residual, each of x, y and residual as blocks.
class BlocksLinear {
 public:
  /// weight is n_out × n_in; bias n_out, or empty for none. `runtime` must outlive the layer.
  BlocksLinear(const Runtime& runtime, std::span<const float> weight, std::span<const float> bias,
               int n_out, int n_in);

  /// residual may be y, or null for none.
  void operator()(float* y, const float* x, int n_blocks, Activation activation = Activation::none,
                  const float* residual = nullptr) const;

 private:
  const Runtime& runtime_;
  int n_out_;
  int n_in_;
  std::span<const float> panels_;
  std::span<const float> bias_;
};

/// LayerNorm with Whisper's epsilon of 1e-5, for both layouts. y may be x for rows.
class LayerNorm {
 public:
  /// For rows of d numbers.
  LayerNorm(const Runtime& runtime, std::span<const float> gamma, std::span<const float> beta,
            int d);
  void blocks(float* y, const float* x, int n_blocks) const;
  void rows(float* y, const float* x, int n_rows) const;

 private:
  LayerNormTask task(float* y, const float* x) const;

  const Runtime& runtime_;
  std::span<const float> gamma_;
  std::span<const float> beta_;
};

/// Queries, keys and values as blocks with `heads` heads side by side: head h of block b begins at
/// q + b·q_block + h·d·B.
struct HeadsTask {
  float* out;
  std::ptrdiff_t out_block;
  const float* q;
  std::ptrdiff_t q_block;
  const float* k;
  const float* v;
  std::ptrdiff_t kv_block;
  int n_query_blocks;
  int n_keys;
  int n_heads;
  int d;  ///< width of one head
};

/// softmax(q kᵀ/√d) v for every head and every block of queries. `scratch` holds
/// attention_scratch(B, d) numbers for each thread.
void multi_head_attention(const Runtime& runtime, const HeadsTask& task, float* scratch);

/// The same where queries, keys and values of n_positions are blocks of 3·n_heads·d rows; out is
/// blocks of n_heads·d rows.
void self_attention(const Runtime& runtime, float* out, const float* qkv, int n_positions,
                    int n_heads, int d, float* scratch);

}  // namespace sotto::cpu
