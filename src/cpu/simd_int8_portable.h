// Products of integers for gemv_int8_impl.h, in the vector extension that GCC and clang share.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/dot_portable.h"

namespace sotto::cpu {
namespace {

struct Words {  // two 16-bit integers in each lane
  Integers first, second;
};

constexpr int kGemvRows = 1;  // 1×8 sums

inline Integers add(Integers a, Integers b) noexcept {
  return a + b;
}
/// Four bytes in every lane.
inline Integers broadcast4(const std::int8_t* p) noexcept {
  std::int32_t four;
  std::memcpy(&four, p, sizeof four);
  return broadcast_integer(four);
}
/// Two words in every lane.
inline Words broadcast2(const std::int16_t* p) noexcept {
  return {broadcast_integer(p[0]), broadcast_integer(p[1])};
}
/// 2·kLanes bytes.
inline Words widen(const std::int8_t* p) noexcept {
  return {Integers{p[0], p[2], p[4], p[6]}, Integers{p[1], p[3], p[5], p[7]}};
}
/// kLanes numbers whose bits are the upper halves of floats.
inline Vector load_upper_halves(const std::uint16_t* p) noexcept {
  const std::uint32_t bits[kLanes] = {std::uint32_t{p[0]} << 16, std::uint32_t{p[1]} << 16,
                                      std::uint32_t{p[2]} << 16, std::uint32_t{p[3]} << 16};
  Vector a;
  std::memcpy(&a, bits, sizeof a);
  return a;
}
/// Lanes from 0 to 32767, side by side.
inline void store_words(std::int16_t* p, Integers a) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int16_t>(a[i]);
}
/// sum + v·p over the two words of each lane.
inline Integers dot_words(Integers sum, Words v, Words p) noexcept {
  return sum + v.first * p.first + v.second * p.second;
}

}  // namespace
}  // namespace sotto::cpu
