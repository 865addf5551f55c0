// Integers for gemv_int8_impl.h: what AVX-512 has, with or without VNNI. dot_bytes() and
// dot_words() come from other files.
#pragma once

#include <cstdint>

#include "cpu/simd_avx512.h"

namespace sotto::cpu {
namespace {

using Words = __m512i;  // two 16-bit integers in each lane

inline Integers add(Integers a, Integers b) noexcept {
  return _mm512_add_epi32(a, b);
}
/// Four bytes in every lane.
inline Integers broadcast4(const std::int8_t* p) noexcept {
  std::int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}
/// Two words in every lane.
inline Words broadcast2(const std::int16_t* p) noexcept {
  std::int32_t two;
  __builtin_memcpy(&two, p, sizeof two);
  return _mm512_set1_epi32(two);
}
/// 2·kLanes bytes.
inline Words widen(const std::int8_t* p) noexcept {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
/// kLanes numbers whose bits are the upper halves of floats.
inline Vector load_upper_halves(const std::uint16_t* p) noexcept {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
/// Lanes from 0 to 32767, side by side.
inline void store_words(std::int16_t* p, Integers a) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a));
}

}  // namespace
}  // namespace sotto::cpu
