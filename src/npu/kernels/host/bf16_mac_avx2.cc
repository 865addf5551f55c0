// The kernels of bf16_mac.h in AVX2: one vector is two rows of a 4×4 accumulator.
#include <immintrin.h>

#include "npu/kernels/host/bf16_mac_tables.h"

namespace sotto::npu::host {
namespace {

using Floats = __m256;
using Ints = __m256i;
constexpr int kLanes = 8;
constexpr unsigned kAllLanes = 0xFF;

inline Floats load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline void store(float* p, Floats a) {
  _mm256_storeu_ps(p, a);
}
inline Ints load_ints(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
/// 8 bfloat16 in the lower halves of the lanes.
inline Ints load_halves(const void* p) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
/// Rows k and k + 1 of b as pairs, the same for each row of the accumulator.
inline Ints load_pairs(const void* p) {
  const Ints rows = _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm256_shuffle_epi8(rows, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                       0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)));
}
/// Columns 2k and 2k + 1 of a as pairs, the same for each column of the accumulator.
template <int k>
inline Ints spread_pair(Ints rows) {
  return _mm256_shuffle_epi32(rows, k * 0x55);
}
inline Ints set(int a) {
  return _mm256_set1_epi32(a);
}
inline Ints bits_of(Floats a) {
  return _mm256_castps_si256(a);
}
inline Floats floats_of(Ints a) {
  return _mm256_castsi256_ps(a);
}
inline Floats low_halves(Ints a) {
  return floats_of(_mm256_slli_epi32(a, 16));
}
inline Floats high_halves(Ints a) {
  return floats_of(_mm256_and_si256(a, _mm256_set1_epi32(static_cast<int>(0xFFFF0000u))));
}
inline Floats multiply(Floats a, Floats b) {
  return _mm256_mul_ps(a, b);
}
inline Floats add(Floats a, Floats b) {
  return _mm256_add_ps(a, b);
}
inline Ints to_ints(Floats a) {
  return _mm256_cvtps_epi32(a);
}
inline Floats to_floats(Ints a) {
  return _mm256_cvtepi32_ps(a);
}
inline Ints add(Ints a, Ints b) {
  return _mm256_add_epi32(a, b);
}
inline Ints subtract(Ints a, Ints b) {
  return _mm256_sub_epi32(a, b);
}
inline Ints larger(Ints a, Ints b) {
  return _mm256_max_epi32(a, b);
}
inline Ints add_words(Ints a, Ints b) {
  return _mm256_add_epi16(a, b);
}
inline Ints larger_words(Ints a, Ints b) {
  return _mm256_max_epu16(a, b);
}
inline Ints smaller_words(Ints a, Ints b) {
  return _mm256_min_epu16(a, b);
}
/// The larger of the two halves of each lane.
inline Ints larger_half(Ints a) {
  return larger(_mm256_srli_epi32(a, 16), _mm256_and_si256(a, set(0xFFFF)));
}
inline Ints both(Ints a, Ints b) {
  return _mm256_and_si256(a, b);
}
inline Ints either(Ints a, Ints b) {
  return _mm256_or_si256(a, b);
}
inline Ints flip(Ints a, Ints b) {
  return _mm256_xor_si256(a, b);
}
template <int n>
inline Ints shift_left(Ints a) {
  return _mm256_slli_epi32(a, n);
}
template <int n>
inline Ints shift_right(Ints a) {
  return _mm256_srli_epi32(a, n);
}
/// A bit for each lane whose uppermost bit is set.
inline unsigned bits_of_lanes(Ints a) {
  return static_cast<unsigned>(_mm256_movemask_ps(floats_of(a)));
}
inline unsigned zero_lanes(Ints a) {
  return bits_of_lanes(_mm256_cmpeq_epi32(a, _mm256_setzero_si256()));
}
/// Lanes not in low … high.
inline unsigned lanes_outside(Ints a, int low, int high) {
  return bits_of_lanes(either(subtract(a, set(low)), subtract(set(high), a)));
}
/// What the fields of a and b have over the limit, by words; 0 if nothing.
template <int field>
inline Ints above(Ints a, Ints b) {
  const Ints largest = larger_words(_mm256_slli_epi16(a, 1), _mm256_slli_epi16(b, 1));
  return _mm256_subs_epu16(largest, _mm256_set1_epi16(static_cast<short>(field << 8 | 0xFF)));
}
/// Whether no exponent field of the rows of a and of the 32 numbers at b is larger.
template <int field>
inline bool fields_at_most(Ints rows, const bfloat16* b) {
  const Ints over = either(above<field>(rows, load_ints(b)), above<field>(rows, load_ints(b + 16)));
  return _mm256_testz_si256(over, over) != 0;
}
/// Lanes in which a field of either pair is larger.
template <int field>
inline unsigned lanes_above(Ints a, Ints b) {
  return kAllLanes & ~zero_lanes(above<field>(a, b));
}

}  // namespace
}  // namespace sotto::npu::host

#include "npu/kernels/host/bf16_mac_impl.h"

namespace sotto::npu::host {

constinit const MacTables kAvx2Mac = kTables;

}  // namespace sotto::npu::host
