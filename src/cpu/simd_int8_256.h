// Products of integers for gemv_int8_impl.h: what AVX2 has, with or without VNNI. dot4() and dot2()
// come from another file.
#pragma once

#include <cstdint>

#include "cpu/simd_avx2.h"

namespace sotto::cpu {
namespace {

using Ints = __m256i;   // kLanes integers
using Bytes = __m256i;  // four bytes in each lane
using Words = __m256i;  // two 16-bit integers in each lane

inline Ints broadcast_int(int a) noexcept {
  return _mm256_set1_epi32(a);
}
inline Ints add(Ints a, Ints b) noexcept {
  return _mm256_add_epi32(a, b);
}
inline Vector to_float(Ints a) noexcept {
  return _mm256_cvtepi32_ps(a);
}
inline Bytes load_bytes(const std::uint8_t* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
/// Four bytes in every lane.
inline Bytes broadcast4(const std::int8_t* p) noexcept {
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
inline __m128i to_words(Vector a) noexcept {
  const __m256i numbers = _mm256_cvtps_epi32(a);
  return _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
}
/// kLanes whole numbers from −127 to 127.
inline void store_bytes(std::int8_t* p, Vector a) noexcept {
  const __m128i words = to_words(a);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}
/// kLanes whole numbers from 0 to 32767.
inline void store_words(std::int16_t* p, Vector a) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_words(a));
}

}  // namespace
}  // namespace sotto::cpu
