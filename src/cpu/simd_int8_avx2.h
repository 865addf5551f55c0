// Products of integers for gemv_int8_impl.h: AVX2.
#pragma once

#include "cpu/simd_int8_256.h"

namespace sotto::cpu {
namespace {

constexpr int kInt8Rows = 2;  // 2×4 sums, and as many totals in memory

/// sum + w·x over the four bytes of each lane: w from 0 to 255, x from −127 to 127.
/// Even and odd bytes apart, as words: the product of bytes (vpmaddubsw) saturates.
inline Ints dot4(Ints sum, Bytes w, Bytes x) noexcept {
  const __m256i even_w = _mm256_and_si256(w, _mm256_set1_epi16(255));
  const __m256i odd_w = _mm256_srli_epi16(w, 8);
  const __m256i even_x = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
  const __m256i odd_x = _mm256_srai_epi16(x, 8);
  const __m256i even = _mm256_madd_epi16(even_w, even_x);
  return add(sum, add(even, _mm256_madd_epi16(odd_w, odd_x)));
}
/// sum + v·p over the two words of each lane.
inline Ints dot2(Ints sum, Words v, Words p) noexcept {
  return add(sum, _mm256_madd_epi16(v, p));
}

}  // namespace
}  // namespace sotto::cpu
