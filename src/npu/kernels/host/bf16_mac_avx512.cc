// The kernels of bf16_mac.h in AVX-512: one vector is a whole 4×4 accumulator.
#include <immintrin.h>

#include "npu/kernels/host/bf16_mac_tables.h"

namespace sotto::npu::host {
namespace {

using Floats = __m512;
using Ints = __m512i;
constexpr int kLanes = 16;
constexpr unsigned kAllLanes = 0xFFFF;

inline Floats load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void store(float* p, Floats a) {
  _mm512_storeu_ps(p, a);
}
inline Ints load_ints(const void* p) {
  return _mm512_loadu_si512(p);
}
/// 16 bfloat16 in the lower halves of the lanes.
inline Ints load_halves(const void* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
/// Rows k and k + 1 of b as pairs, the same for each row of the accumulator.
inline Ints load_pairs(const void* p) {
  const Ints rows = _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm512_shuffle_epi8(rows, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4,
                                                                        5, 12, 13, 6, 7, 14, 15)));
}
/// Columns 2k and 2k + 1 of a as pairs, the same for each column of the accumulator.
template <int k>
inline Ints spread_pair(Ints rows) {
  return _mm512_shuffle_epi32(rows, static_cast<_MM_PERM_ENUM>(k * 0x55));
}
inline Ints set(int a) {
  return _mm512_set1_epi32(a);
}
inline Ints bits_of(Floats a) {
  return _mm512_castps_si512(a);
}
inline Floats floats_of(Ints a) {
  return _mm512_castsi512_ps(a);
}
inline Floats low_halves(Ints a) {
  return floats_of(_mm512_slli_epi32(a, 16));
}
inline Floats high_halves(Ints a) {
  return floats_of(_mm512_and_si512(a, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))));
}
inline Floats multiply(Floats a, Floats b) {
  return _mm512_mul_ps(a, b);
}
inline Floats add(Floats a, Floats b) {
  return _mm512_add_ps(a, b);
}
inline Ints to_ints(Floats a) {
  return _mm512_cvt_roundps_epi32(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Floats to_floats(Ints a) {
  return _mm512_cvt_roundepi32_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Ints add(Ints a, Ints b) {
  return _mm512_add_epi32(a, b);
}
inline Ints subtract(Ints a, Ints b) {
  return _mm512_sub_epi32(a, b);
}
inline Ints larger(Ints a, Ints b) {
  return _mm512_max_epi32(a, b);
}
inline Ints add_words(Ints a, Ints b) {
  return _mm512_add_epi16(a, b);
}
inline Ints larger_words(Ints a, Ints b) {
  return _mm512_max_epu16(a, b);
}
inline Ints smaller_words(Ints a, Ints b) {
  return _mm512_min_epu16(a, b);
}
/// The larger of the two halves of each lane.
inline Ints larger_half(Ints a) {
  return larger(_mm512_srli_epi32(a, 16), _mm512_and_si512(a, set(0xFFFF)));
}
inline Ints both(Ints a, Ints b) {
  return _mm512_and_si512(a, b);
}
inline Ints either(Ints a, Ints b) {
  return _mm512_or_si512(a, b);
}
inline Ints flip(Ints a, Ints b) {
  return _mm512_xor_si512(a, b);
}
template <int n>
inline Ints shift_left(Ints a) {
  return _mm512_slli_epi32(a, n);
}
template <int n>
inline Ints shift_right(Ints a) {
  return _mm512_srli_epi32(a, n);
}
inline unsigned zero_lanes(Ints a) {
  return _mm512_testn_epi32_mask(a, a);
}
/// Lanes not in low … high.
inline unsigned lanes_outside(Ints a, int low, int high) {
  return _mm512_cmpgt_epu32_mask(subtract(a, set(low)), set(high - low));
}
/// Whether no exponent field of the rows of a and of the 32 numbers at b is larger.
template <int field>
inline bool fields_at_most(Ints rows, const void* b) {
  const Ints largest = larger_words(_mm512_slli_epi16(rows, 1), _mm512_slli_epi16(load_ints(b), 1));
  return _mm512_cmpgt_epu16_mask(largest,
                                 _mm512_set1_epi16(static_cast<short>(field << 8 | 0xFF))) == 0;
}
/// Lanes in which a field of either pair is larger.
template <int field>
inline unsigned lanes_above(Ints a, Ints b) {
  const Ints largest = larger_words(_mm512_slli_epi16(a, 1), _mm512_slli_epi16(b, 1));
  return _mm512_test_epi32_mask(
      _mm512_subs_epu16(largest, _mm512_set1_epi16(static_cast<short>(field << 8 | 0xFF))),
      set(-1));
}

}  // namespace
}  // namespace sotto::npu::host

#include "npu/kernels/host/bf16_mac_impl.h"

namespace sotto::npu::host {

constinit const MacTables kAvx512Mac = kTables;

}  // namespace sotto::npu::host
