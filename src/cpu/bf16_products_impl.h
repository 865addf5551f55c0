// The products of a tile in bfloat16, for bf16_avx512.cc, which includes the vectors and their
// products (dot_avx512_bf16.h) and then this file; everything here has internal linkage, as in
// kernels_impl.h.
#pragma once

#include "cpu/bf16.h"
#include "cpu/elementwise_impl.h"

namespace sotto::cpu {
namespace {

/// sums(r, ·) += a pair of each lane · the pair of row r, which lie row_step apart.
template <int R>
SOTTO_INLINE void add_pairs(Vector (&sums)[R][2], const Bf16* lanes, const Bf16* rows,
                            std::ptrdiff_t row_step) {
  const Integers a0 = load_integers(lanes);
  const Integers a1 = load_integers(lanes + 2 * kLanes);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    std::int32_t bits;
    __builtin_memcpy(&bits, rows + r * row_step, sizeof bits);
    const Integers b = broadcast_integer(bits);
    sums[r][0] = dot_bf16(sums[r][0], a0, b);
    sums[r][1] = dot_bf16(sums[r][1], a1, b);
  }
}

/// sums(r, ·) += Σ pairs of lanes · the pairs of row r, which lie row_step apart and whose next
/// pair is pair_step on.
template <int R>
SOTTO_INLINE void multiply_pairs(Vector (&sums)[R][2], const Bf16* lanes, const Bf16* rows,
                                 std::ptrdiff_t row_step, std::ptrdiff_t pair_step, int n_pairs) {
  for (int i = 0; i < n_pairs; ++i) {
    add_pairs(sums, lanes, rows, row_step);
    lanes += 2 * kBlock;
    rows += pair_step;
  }
}

}  // namespace
}  // namespace sotto::cpu
