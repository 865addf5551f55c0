// Products of bytes for int8_impl.h: AVX-VNNI: four products in each of 8 lanes.
#pragma once

#include <immintrin.h>

#include "cpu/simd_avx2.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::avx_vnni;
constexpr int kInt8Rows = 4;
constexpr int kInt16Rows = 6;

using Operand = __m256i;
using Weight = __m256i;

inline Operand prepare(Integers bytes) noexcept {
  return bytes;
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return bytes;
}
/// sum + a·b over the four bytes of each lane, a unsigned and b signed.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  return _mm256_dpbusd_avx_epi32(sum, a, b);
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane.
inline Integers dot_words(Integers sum, __m256i a, __m256i b) noexcept {
  return _mm256_dpwssd_avx_epi32(sum, a, b);
}

}  // namespace
}  // namespace sotto::cpu
