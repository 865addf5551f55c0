// The inner loops in bfloat16: products of bfloat16, sums in f32. One table, for AVX-512 BF16.
//
// Layouts, with B = Kernels::block of the same machine, positions in lanes:
//   pairs   a T×D matrix: [ceil(T/B)][ceil(D/2)][B][2]: two inputs of a position are one 32-bit
//   lane. rows    a T×D matrix: [ceil(T/B)][D][B], as the blocks of kernels.h. panels  the weights,
//   for kRows = Bf16Kernels::rows outputs: [panel][ceil(K/2)][kRows][2].
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/isa.h"
#include "cpu/kernels.h"

namespace sotto::cpu {

/// The bits of a bfloat16.
using Bf16 = std::uint16_t;

/// Keys whose scores attention holds at once.
inline constexpr int kBf16Strip = 128;

/// y(n, t) = act(Σ_k w(n, k)·x(k, t) + bias(n)) + residual(n, t) for ranges of blocks of positions
/// and of panels of outputs: as numbers, or as bfloat16.
struct Bf16LinearTask {
  float* y;               ///< blocks; null: out is written
  const float* residual;  ///< laid out as y, may be y itself; null: none
  Bf16* out;              ///< n_out × B a block, without residual
  int pairs_end;          ///< outputs before this even number are written as pairs, others as rows
  const Bf16* x;          ///< pairs
  const Bf16* panels;
  const float* bias;
  int n_out;
  int n_in;
  Activation activation;
  int block_begin, block_end;
  int panel_begin, panel_end;
};

/// softmax(scale · q kᵀ) v of one head for a block of queries: q, out and k are pairs, v rows; the
/// next block of keys is kv_block on. d is even.
struct Bf16AttentionTask {
  Bf16* out;
  const Bf16* q;
  const Bf16* k;
  const Bf16* v;
  std::ptrdiff_t kv_block;
  int n_keys;
  int d;
  float scale;
  float* scratch;  ///< bf16_attention_scratch(B, d) numbers
};

/// A strip of scores, its weights, and the result.
constexpr std::size_t bf16_attention_scratch(int block, int d) {
  return static_cast<std::size_t>(kBf16Strip + kBf16Strip / 2 + d) *
         static_cast<std::size_t>(block);
}

struct Bf16Kernels {
  int block;  ///< B
  int rows;   ///< of a panel, even

  void (*linear)(const Bf16LinearTask&) noexcept;
  void (*attention)(const Bf16AttentionTask&) noexcept;
  void (*convolve)(const ConvolutionTask<Bf16>&) noexcept;
  /// One block of d rows of numbers to pairs, of which two inputs' lie `row` lanes after the two
  /// before; rounded to the nearest, ties to even.
  void (*to_pairs)(Bf16* pairs, std::ptrdiff_t row, const float* x, int d) noexcept;
};

/// The table, which Isa::avx512_bf16 needs; null for others.
const Bf16Kernels* bf16_kernels_for(Isa isa);

}  // namespace sotto::cpu
