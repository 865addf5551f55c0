// Vectors of 8 floats for kernels_impl.h: AVX2 and FMA.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace sotto::cpu {
namespace {

using Vector = __m256;
constexpr int kLanes = 8;
constexpr int kTileRows = 6;   // 6×2 sums, 2 vectors of lanes, 1 broadcast: 15 of 16 registers
constexpr int kScoreRows = 6;  // 16 keys are 6 + 6 + 4
constexpr Isa kIsa = Isa::avx2;
constexpr bool kFmaRoundsOnce = true;

inline Vector load(const float* p) noexcept {
  return _mm256_loadu_ps(p);
}
inline void store(float* p, Vector a) noexcept {
  _mm256_storeu_ps(p, a);
}
inline __m256i first_lanes(int n) noexcept {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/// The first n < kLanes numbers; zeros after them.
inline Vector load_first(const float* p, int n) noexcept {
  return _mm256_maskload_ps(p, first_lanes(n));
}
inline void store_first(float* p, int n, Vector a) noexcept {
  _mm256_maskstore_ps(p, first_lanes(n), a);
}
inline Vector broadcast(float a) noexcept {
  return _mm256_set1_ps(a);
}
/// a·b + c, rounded once.
inline Vector fma(Vector a, Vector b, Vector c) noexcept {
  return _mm256_fmadd_ps(a, b, c);
}
/// The larger; b when either is NaN.
inline Vector max(Vector a, Vector b) noexcept {
  return _mm256_max_ps(a, b);
}
/// The smaller; b when either is NaN.
inline Vector min(Vector a, Vector b) noexcept {
  return _mm256_min_ps(a, b);
}
inline Vector abs(Vector a) noexcept {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
/// max(|a|, |b|) and min(|a|, |b|).
inline Vector larger_magnitude(Vector a, Vector b) noexcept {
  return max(abs(a), abs(b));
}
inline Vector smaller_magnitude(Vector a, Vector b) noexcept {
  return min(abs(a), abs(b));
}
inline Vector sqrt(Vector a) noexcept {
  return _mm256_sqrt_ps(a);
}
/// To the nearest integer, ties to even.
inline Vector round(Vector a) noexcept {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a·2ⁿ for a whole number n in [−126, 127].
inline Vector scale(Vector a, Vector n) noexcept {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return a * _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
/// x ≥ 0 ? a : b
inline Vector select_nonnegative(Vector x, Vector a, Vector b) noexcept {
  return _mm256_blendv_ps(a, b, x);
}
inline float sum(Vector a) noexcept {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}
inline float largest(Vector a) noexcept {
  const __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 quarter = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(quarter, _mm_movehdup_ps(quarter)));
}

using Integers = __m256i;

inline Integers load_integers(const void* p) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline void store_integers(void* p, Integers a) noexcept {
  _mm256_storeu_si256(static_cast<__m256i*>(p), a);
}
inline Integers broadcast_integer(int a) noexcept {
  return _mm256_set1_epi32(a);
}
/// To the nearest integer, ties to even.
inline Integers to_integers(Vector a) noexcept {
  return _mm256_cvtps_epi32(a);
}
/// Towards zero.
inline Integers truncate(Vector a) noexcept {
  return _mm256_cvttps_epi32(a);
}
inline Vector to_vector(Integers a) noexcept {
  return _mm256_cvtepi32_ps(a);
}
/// The same bits.
inline Vector as_vector(Integers a) noexcept {
  return _mm256_castsi256_ps(a);
}
inline Integers as_integers(Vector a) noexcept {
  return _mm256_castps_si256(a);
}
/// Bits of a where `mask` has ones, of b elsewhere.
inline Integers select_bits(Integers mask, Integers a, Integers b) noexcept {
  return (mask & a) | _mm256_andnot_si256(mask, b);
}
template <int N>
Integers shift_left(Integers a) noexcept {
  return _mm256_slli_epi32(a, N);
}
/// The low bytes of all lanes, side by side; lanes in [−128, 127].
inline void store_bytes(std::int8_t* p, Integers a) noexcept {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}

}  // namespace
}  // namespace sotto::cpu
