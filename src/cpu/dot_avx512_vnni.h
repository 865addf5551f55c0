// Products of bytes for int8_impl.h: VPDPBUSD in 512 bits: four products in each lane.
#pragma once

#include <immintrin.h>

#include "base/sanitizers.h"
#include "cpu/simd_avx512.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::avx512_vnni;
constexpr int kInt8Rows = 8;
constexpr int kInt16Rows = 8;

using Operand = __m512i;
using Weight = __m512i;

inline Operand prepare(Integers bytes) noexcept {
  return bytes;
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return bytes;
}
/// Reads the bytes that assembly is going to read, which AddressSanitizer does not see.
template <int N>
void seen_by_sanitizers([[maybe_unused]] const void* p) noexcept {
#if defined(SOTTO_ASAN)
  for (int i = 0; i < N; ++i) static_cast<void>(static_cast<const volatile char*>(p)[i]);
#endif
}

/// sum + a·b over the four bytes of each lane, a unsigned and b signed. Not the intrinsic, around
/// which GCC 12 copies each sum before it is added to and so halves the speed.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/// The same for the four bytes at b in every lane.
inline Integers dot_at(Integers sum, Operand a, const std::int8_t* b) noexcept {
  seen_by_sanitizers<4>(b);
  __asm__("vpdpbusd %2%{1to16%}, %1, %0"
          : "+v"(sum)
          : "v"(a), "m"(*reinterpret_cast<const std::int8_t(*)[4]>(b)));
  return sum;
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane; for the same reason.
inline Integers dot_words(Integers sum, __m512i a, __m512i b) noexcept {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
/// The same for the two integers at b in every lane.
inline Integers dot_words_at(Integers sum, __m512i a, const std::int16_t* b) noexcept {
  seen_by_sanitizers<4>(b);
  __asm__("vpdpwssd %2%{1to16%}, %1, %0"
          : "+v"(sum)
          : "v"(a), "m"(*reinterpret_cast<const std::int16_t(*)[2]>(b)));
  return sum;
}

}  // namespace
}  // namespace sotto::cpu
