// Vectors of 16 floats for kernels_impl.h: AVX-512 F and DQ.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace sotto::cpu {
namespace {

using Vector = __m512;
constexpr int kLanes = 16;
constexpr int kTileRows = 14;   // 14×2 sums, 2 vectors of lanes, 1 broadcast: 31 of 32 registers
constexpr int kScoreRows = 12;  // 32 keys are 12 + 12 + 8: no tile too small to hide fma's latency
constexpr Isa kIsa = Isa::avx512;
constexpr bool kFmaRoundsOnce = true;

inline Vector load(const float* p) noexcept {
  return _mm512_loadu_ps(p);
}
inline void store(float* p, Vector a) noexcept {
  _mm512_storeu_ps(p, a);
}
inline __mmask16 first_lanes(int n) noexcept {
  return static_cast<__mmask16>((1u << n) - 1u);
}
/// The first n < kLanes numbers; zeros after them.
inline Vector load_first(const float* p, int n) noexcept {
  return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
inline void store_first(float* p, int n, Vector a) noexcept {
  _mm512_mask_storeu_ps(p, first_lanes(n), a);
}
inline Vector broadcast(float a) noexcept {
  return _mm512_set1_ps(a);
}
/// a·b + c, rounded once.
inline Vector fma(Vector a, Vector b, Vector c) noexcept {
  return _mm512_fmadd_ps(a, b, c);
}
/// The larger; b when either is NaN.
inline Vector max(Vector a, Vector b) noexcept {
  return _mm512_max_ps(a, b);
}
/// The smaller; b when either is NaN.
inline Vector min(Vector a, Vector b) noexcept {
  return _mm512_min_ps(a, b);
}
inline Vector abs(Vector a) noexcept {
  return _mm512_abs_ps(a);
}
/// max(|a|, |b|) and min(|a|, |b|).
inline Vector larger_magnitude(Vector a, Vector b) noexcept {
  return _mm512_range_ps(a, b, 0b1011);
}
inline Vector smaller_magnitude(Vector a, Vector b) noexcept {
  return _mm512_range_ps(a, b, 0b1010);
}
inline Vector sqrt(Vector a) noexcept {
  return _mm512_sqrt_ps(a);
}
/// To the nearest integer, ties to even.
inline Vector round(Vector a) noexcept {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a·2ⁿ for a whole number n in [−126, 127].
inline Vector scale(Vector a, Vector n) noexcept {
  return _mm512_scalef_ps(a, n);
}
/// x ≥ 0 ? a : b
inline Vector select_nonnegative(Vector x, Vector a, Vector b) noexcept {
  return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(x)), a, b);
}
inline float sum(Vector a) noexcept {
  return _mm512_reduce_add_ps(a);
}
inline float largest(Vector a) noexcept {
  return _mm512_reduce_max_ps(a);
}

using Integers = __m512i;

inline Integers load_integers(const void* p) noexcept {
  return _mm512_loadu_si512(p);
}
inline void store_integers(void* p, Integers a) noexcept {
  _mm512_storeu_si512(p, a);
}
inline Integers broadcast_integer(int a) noexcept {
  return _mm512_set1_epi32(a);
}
/// To the nearest integer, ties to even.
inline Integers to_integers(Vector a) noexcept {
  return _mm512_cvtps_epi32(a);
}
/// Towards zero.
inline Integers truncate(Vector a) noexcept {
  return _mm512_cvttps_epi32(a);
}
inline Vector to_vector(Integers a) noexcept {
  return _mm512_cvtepi32_ps(a);
}
/// The same bits.
inline Vector as_vector(Integers a) noexcept {
  return _mm512_castsi512_ps(a);
}
inline Integers as_integers(Vector a) noexcept {
  return _mm512_castps_si512(a);
}
/// Bits of a where `mask` has ones, of b elsewhere.
inline Integers select_bits(Integers mask, Integers a, Integers b) noexcept {
  return _mm512_ternarylogic_epi32(mask, a, b, 0xCA);
}
template <int N>
Integers shift_left(Integers a) noexcept {
  return _mm512_slli_epi32(a, N);
}
/// The low bytes of all lanes, side by side.
inline void store_bytes(std::int8_t* p, Integers a) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
}

}  // namespace
}  // namespace sotto::cpu
