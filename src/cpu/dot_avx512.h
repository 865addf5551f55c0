// Products of bytes for int8_impl.h: bytes widened to 16 bits, because VPMADDUBSW would saturate.
#pragma once

#include <immintrin.h>

#include "cpu/simd_avx512.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::avx512;
constexpr int kInt8Rows = 8;
constexpr int kInt16Rows = 8;

/// Bytes 0 and 2, and bytes 1 and 3, of each lane, as 16-bit integers.
struct Operand {
  __m512i even, odd;
};
using Weight = Operand;

inline Operand prepare(Integers bytes) noexcept {
  return {.even = _mm512_and_si512(bytes, _mm512_set1_epi16(0xFF)),
          .odd = _mm512_srli_epi16(bytes, 8)};
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return {.even = _mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8),
          .odd = _mm512_srai_epi16(bytes, 8)};
}
/// sum + a·b over the four bytes of each lane, a unsigned and b signed.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  const __m512i products =
      _mm512_add_epi32(_mm512_madd_epi16(a.even, b.even), _mm512_madd_epi16(a.odd, b.odd));
  return _mm512_add_epi32(sum, products);
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane.
inline Integers dot_words(Integers sum, __m512i a, __m512i b) noexcept {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}

}  // namespace
}  // namespace sotto::cpu
