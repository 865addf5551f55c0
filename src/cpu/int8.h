// The inner loops in int8: linear layers and attention, one table of functions per instruction set.
//
// Activations are bytes u = round(x/scale) + 128 with a scale for each position and each group of
// inputs; weights are bytes round(w/scale) in [−127, 127] with a scale for each output and each
// group. A product of a group is a sum of integers, exact; groups are added in f32.
//
// Layouts, with B = Kernels::block of the same machine, positions in lanes:
//   quads   the bytes of a T×D matrix: [ceil(T/B)][ceil(D/4)][B][4]: four inputs of a position are
//           one 32-bit lane. Their scales are [ceil(T/B)][groups][B].
//   panels  the weights, for kRows = Int8Kernels::rows outputs: [panel][ceil(K/4)][kRows][4].
//           Their scales and offsets are [panel][groups][kRows]. A group's last panel has rows of
//           zeros after its last output.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/isa.h"
#include "cpu/kernels.h"

namespace sotto::cpu {

/// Inputs that share a scale, unless a layer says otherwise. Results are quantised in such groups.
inline constexpr int kGroup = 128;
/// What stands for zero among the bytes of activations.
inline constexpr int kZeroByte = 128;
/// Keys whose values share a scale, for each number of a head.
inline constexpr int kValueStrip = 128;

/// Sums of products begin at the bits of kSumOrigin, whose last place is 1: as long as they stay
/// below kSumLimit, those of kSumOrigin + sum come out, and a number need not be made of an
/// integer.
inline constexpr float kSumOrigin = 0x1.8p23f;
inline constexpr std::int32_t kSumOriginBits = __builtin_bit_cast(std::int32_t, kSumOrigin);
inline constexpr std::int32_t kSumLimit = 1 << 22;
/// Inputs that may share a scale, each product at most 127² (255·127 in sums of values).
inline constexpr int kLargestGroup = 256;
static_assert(kLargestGroup * 127 * 127 < kSumLimit && kValueStrip * 255 * 127 < kSumLimit);

constexpr int groups_of(int n, int group = kGroup) {
  return (n + group - 1) / group;
}
constexpr int quads_of(int n) {
  return (n + 3) / 4;
}

/// A linear layer: y(n, t) = act(Σ_k w(n, k)·x(k, t) + bias(n)) + residual(n, t) for ranges of
/// blocks of positions and of groups of outputs. With `quads` the result is the next layer's
/// activations instead: then there is no residual. Each group of outputs begins a new panel.
struct Int8LinearTask {
  float* y;  ///< of the first block and group: rows of B numbers
  std::ptrdiff_t y_block;
  const float* residual;  ///< laid out as y, may be y itself; null: none
  std::uint8_t* quads;    ///< null: y is written
  float* quad_scales;
  const std::uint8_t* x;
  const float* x_scales;
  const std::int8_t* panels;
  const float* scales;          ///< of the weights
  const std::int32_t* offsets;  ///< kSumOriginBits − kZeroByte · the sum of the weights of a group
  const float* bias;            ///< n_out; null: none
  int n_out;
  int n_in;
  int group;      ///< of inputs, a multiple of 4, at most kLargestGroup
  int out_group;  ///< of outputs, likewise
  Activation activation;
  int block_begin, block_end;
  int group_begin, group_end;  ///< groups of outputs
  float* scratch;              ///< out_group × B numbers, when quads are written
};

/// One block of positions, n_groups groups of `group` numbers (the last may have fewer): x, d×B
/// numbers, to quads and their scales. With `gamma`, x goes through LayerNorm first. With
/// `remainders`, what rounding took away follows as d more inputs, with scales of their own.
struct Int8QuantizeTask {
  std::uint8_t* quads;
  float* scales;
  const float* x;
  int d;
  int group;  ///< a multiple of 4, as d is with remainders
  bool remainders;
  const float* gamma;  ///< null: no LayerNorm
  const float* beta;
  float epsilon;
  float* scratch;   ///< group×B numbers, with LayerNorm
  float* sums;      ///< d sums of LayerNorm's results over the positions; null: not wanted
  int n_positions;  ///< at most B
};

/// One block of positions, given as rows, to quads and their scales as Int8QuantizeTask makes them.
struct Int8RowsTask {
  std::uint8_t* quads;
  float* scales;
  const float* x;  ///< n_rows × d
  int n_rows;      ///< at most B; other positions are left as they are
  int d;
  int group;  ///< a multiple of 4
};

/// Keys or values of one head and one block of positions to the decoder's cache, as
/// GemvInt8::set_key_value() puts them there one by one.
struct Int8CacheTask {
  std::byte* cache;  ///< block 0 of the head's keys, or values (gemv_int8.h)
  const float* x;    ///< d × B numbers
  int d;
  int position;     ///< of the first lane
  int n_positions;  ///< at most B
};

/// Keys of one head and one block of positions to signed quads; offsets as in a linear
/// layer.
struct Int8KeysTask {
  std::int8_t* quads;
  float* scales;
  std::int32_t* offsets;
  const float* x;
  int d;
};

/// Values of one head and one strip of kValueStrip positions, as blocks. bytes are
/// [blocks of the strip][d][B]; scales are d numbers.
struct Int8ValuesTask {
  std::int8_t* bytes;
  float* scales;
  const float* x;
  int d;
  int n_positions;  ///< of the strip
};

/// softmax(scale · q kᵀ) v of one head for a block of queries; keys and values as above.
/// The result is activations, one group.
struct Int8AttentionTask {
  std::uint8_t* quads;
  float* quad_scales;
  const std::uint8_t* q;
  const float* q_scales;  ///< B
  const std::int8_t* k;   ///< blocks of positions
  const float* k_scales;
  const std::int32_t* k_offsets;
  const std::int8_t* v;   ///< strips of positions
  const float* v_scales;  ///< d for each strip
  int n_keys;
  int d;  ///< a multiple of 4
  float scale;
  float* scratch;  ///< int8_attention_scratch(B, d) numbers
};

/// A strip of scores, its weights as bytes, and the result.
constexpr std::size_t int8_attention_scratch(int block, int d) {
  return static_cast<std::size_t>(kValueStrip + kValueStrip / 4 + d) *
         static_cast<std::size_t>(block);
}

struct Int8Kernels {
  Isa isa;
  int block;  ///< B
  int rows;   ///< of a panel

  void (*linear)(const Int8LinearTask&) noexcept;
  void (*quantize)(const Int8QuantizeTask&) noexcept;
  void (*quantize_rows)(const Int8RowsTask&) noexcept;
  void (*quantize_keys)(const Int8KeysTask&) noexcept;
  void (*quantize_values)(const Int8ValuesTask&) noexcept;
  void (*attention)(const Int8AttentionTask&) noexcept;
  void (*store_keys)(const Int8CacheTask&) noexcept;
  void (*store_values)(const Int8CacheTask&) noexcept;
};

/// The fastest table for `isa`, which this machine must have.
const Int8Kernels& int8_kernels_for(Isa isa);

}  // namespace sotto::cpu
