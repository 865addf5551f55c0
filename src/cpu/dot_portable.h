// Products of bytes for int8_impl.h: plain integers.
#pragma once

#include "cpu/simd_portable.h"

namespace sotto::cpu {
namespace {

constexpr Isa kInt8Isa = Isa::portable;
constexpr int kInt8Rows = 4;
constexpr int kInt16Rows = 4;

using Operand = Integers;
using Weight = Integers;

inline Operand prepare(Integers bytes) noexcept {
  return bytes;
}
inline Weight prepare_weight(Integers bytes) noexcept {
  return bytes;
}
/// sum + a·b over the four bytes of each lane, a unsigned and b signed.
inline Integers dot(Integers sum, Operand a, Weight b) noexcept {
  const Integers low = broadcast_integer(0xFF);
  return sum + (a & low) * ((b << 24) >> 24) + ((a >> 8) & low) * ((b << 16) >> 24) +
         ((a >> 16) & low) * ((b << 8) >> 24) + ((a >> 24) & low) * (b >> 24);
}

/// The same on bytes as they are stored.
inline Integers dot_bytes(Integers sum, Integers a, Integers b) noexcept {
  return dot(sum, prepare(a), prepare_weight(b));
}

/// sum + a·b over the two 16-bit integers of each lane.
inline Integers dot_words(Integers sum, Integers a, Integers b) noexcept {
  return sum + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
}

}  // namespace
}  // namespace sotto::cpu
