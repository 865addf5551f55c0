// Products of bytes for int8_impl.h: bytes widened to 16 bits, because VPMADDUBSW would saturate.
#pragma once

#include <immintrin.h>

#include "cpu/simd_avx2.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::avx2;
constexpr int kInt8Rows = 4;
constexpr int kInt16Rows = 3;

/// Bytes 0 and 2, and bytes 1 and 3, of each lane, as 16-bit integers.
struct Operand {
  __m256i even, odd;
};
using Weight = Operand;

inline Operand prepare(Integers bytes) noexcept {
  return {.even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)),
          .odd = _mm256_srli_epi16(bytes, 8)};
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return {.even = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8),
          .odd = _mm256_srai_epi16(bytes, 8)};
}
/// sum + a·b over the four bytes of each lane, a unsigned and b signed.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  const __m256i products =
      _mm256_add_epi32(_mm256_madd_epi16(a.even, b.even), _mm256_madd_epi16(a.odd, b.odd));
  return _mm256_add_epi32(sum, products);
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane.
inline Integers dot_words(Integers sum, __m256i a, __m256i b) noexcept {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

}  // namespace
}  // namespace sotto::cpu
