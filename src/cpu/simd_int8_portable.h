// Products of integers for gemv_int8_impl.h, in the vector extension that GCC and clang share.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/simd_portable.h"

namespace sotto::cpu {
namespace {

using Ints = Integers;   // kLanes integers
using Bytes = Integers;  // four bytes in each lane
struct Words {           // two 16-bit integers in each lane
  Integers first, second;
};

constexpr int kInt8Rows = 1;  // 1×8 sums

inline Ints broadcast_int(int a) noexcept {
  return Ints{a, a, a, a};
}
inline Ints add(Ints a, Ints b) noexcept {
  return a + b;
}
inline Vector to_float(Ints a) noexcept {
  return __builtin_convertvector(a, Vector);
}
inline Bytes load_bytes(const std::uint8_t* p) noexcept {
  Bytes a;
  std::memcpy(&a, p, sizeof a);
  return a;
}
/// Four bytes in every lane.
inline Bytes broadcast4(const std::int8_t* p) noexcept {
  std::int32_t four;
  std::memcpy(&four, p, sizeof four);
  return broadcast_int(four);
}
/// Two words in every lane.
inline Words broadcast2(const std::int16_t* p) noexcept {
  return {broadcast_int(p[0]), broadcast_int(p[1])};
}
/// 2·kLanes bytes.
inline Words widen(const std::int8_t* p) noexcept {
  return {Ints{p[0], p[2], p[4], p[6]}, Ints{p[1], p[3], p[5], p[7]}};
}
/// kLanes numbers whose bits are the upper halves of floats.
inline Vector load_upper_halves(const std::uint16_t* p) noexcept {
  const std::uint32_t bits[kLanes] = {std::uint32_t{p[0]} << 16, std::uint32_t{p[1]} << 16,
                                      std::uint32_t{p[2]} << 16, std::uint32_t{p[3]} << 16};
  Vector a;
  std::memcpy(&a, bits, sizeof a);
  return a;
}
/// kLanes whole numbers from −127 to 127; a NaN becomes any.
inline void store_bytes(std::int8_t* p, Vector a) noexcept {
  const Integers numbers = reinterpret_cast<Integers>(a + broadcast(0x1.8p23f));
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int8_t>(numbers[i]);
}
/// kLanes whole numbers from 0 to 32767; a NaN becomes any.
inline void store_words(std::int16_t* p, Vector a) noexcept {
  const Integers numbers = reinterpret_cast<Integers>(a + broadcast(0x1.8p23f));
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int16_t>(numbers[i]);
}
/// Byte `Index` of each lane of w, without sign, times that of x, with one.
template <int Index>
inline Ints product_of_bytes(Bytes w, Bytes x) noexcept {
  return ((w >> (8 * Index)) & 255) * ((x << (24 - 8 * Index)) >> 24);
}
/// sum + w·x over the four bytes of each lane: w from 0 to 255, x from −127 to 127.
inline Ints dot4(Ints sum, Bytes w, Bytes x) noexcept {
  return sum + product_of_bytes<0>(w, x) + product_of_bytes<1>(w, x) + product_of_bytes<2>(w, x) +
         product_of_bytes<3>(w, x);
}
/// sum + v·p over the two words of each lane.
inline Ints dot2(Ints sum, Words v, Words p) noexcept {
  return sum + v.first * p.first + v.second * p.second;
}

}  // namespace
}  // namespace sotto::cpu
