// Products of bytes for int8_impl.h: AVX-VNNI: four products in each of 8 lanes.
#pragma once

#include <immintrin.h>

#include "cpu/simd_avx2.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::avx_vnni;
constexpr int kInt8Rows = 6;
constexpr int kInt16Rows = 6;

using Operand = __m256i;
using Weight = __m256i;

inline Operand prepare(Integers bytes) noexcept {
  return bytes;
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return bytes;
}
/// sum + a·b over the four bytes of each lane, a unsigned and b signed. Not the intrinsic, around
/// which GCC 12 copies each sum before it is added to, and stores it where there are six rows.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane; for the same reason.
inline Integers dot_words(Integers sum, __m256i a, __m256i b) noexcept {
  __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}

}  // namespace
}  // namespace sotto::cpu
