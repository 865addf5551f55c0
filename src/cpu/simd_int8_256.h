// Integers for gemv_int8_impl.h: what AVX2 has, with or without VNNI. dot_bytes() and dot_words()
// come from other files.
#pragma once

#include <cstdint>

#include "cpu/simd_avx2.h"

namespace sotto::cpu {
namespace {

using Words = __m256i;  // two 16-bit integers in each lane

inline Integers add(Integers a, Integers b) noexcept {
  return _mm256_add_epi32(a, b);
}
/// Four bytes in every lane.
inline Integers broadcast4(const std::int8_t* p) noexcept {
  std::int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}
/// Two words in every lane.
inline Words broadcast2(const std::int16_t* p) noexcept {
  std::int32_t two;
  __builtin_memcpy(&two, p, sizeof two);
  return _mm256_set1_epi32(two);
}
/// 2·kLanes bytes.
inline Words widen(const std::int8_t* p) noexcept {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
/// kLanes numbers whose bits are the upper halves of floats.
inline Vector load_upper_halves(const std::uint16_t* p) noexcept {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
/// Lanes from 0 to 32767, side by side.
inline void store_words(std::int16_t* p, Integers a) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
}

}  // namespace
}  // namespace sotto::cpu
