// Integers between accumulators and vectors: the shift-round-saturate (SRS) of stores, the upshift
// (UPS) of loads, and sums that wrap as the core's do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "npu/kernels/host/bf16.h"
#include "npu/kernels/host/check.h"
#include "npu/kernels/host/core_state.h"

namespace sotto::npu::host {

/// value / 2^shift, rounded as `rounding` says; shift 0 … 63.
inline std::int64_t round_shift(std::int64_t value, int shift, Rounding rounding) {
  if (shift == 0) return value;
  const bool negative = value < 0;
  const std::uint64_t bits = static_cast<std::uint64_t>(value);
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  const std::uint64_t kept = magnitude >> shift, lost = magnitude - (kept << shift);
  const bool up =
      rounds_up(rounding, negative, (kept & 1) != 0, lost, std::uint64_t{1} << (shift - 1));
  const std::int64_t rounded = static_cast<std::int64_t>(kept + (up ? 1 : 0));
  return negative ? -rounded : rounded;
}

/// `value` as T: clamped to what T holds (symmetric: a signed T never becomes its lowest value) or,
/// without saturation, its lower bits.
template <typename T, typename Wide>
T saturate(Wide value, Saturation saturation) {
  if (saturation == Saturation::none) return static_cast<T>(value);
  constexpr Wide kHighest = static_cast<Wide>(std::numeric_limits<T>::max());
  constexpr Wide kLowest = static_cast<Wide>(std::numeric_limits<T>::lowest());
  const bool symmetric = saturation == Saturation::symmetric && std::numeric_limits<T>::is_signed;
  const Wide lowest = symmetric ? -kHighest : kLowest;
  return static_cast<T>(value > kHighest ? kHighest : value < lowest ? lowest : value);
}

/// Shift, round, saturate: value / 2^shift as T, |shift| <= 63. A negative shift multiplies.
template <typename T>
T shift_round_saturate(std::int64_t value, int shift, Rounding rounding, Saturation saturation) {
  check_shift(shift, -63);
  if (shift < 0) return saturate<T>(static_cast<__int128>(value) << -shift, saturation);
  return saturate<T>(round_shift(value, shift, rounding), saturation);
}

/// vfloor.s32.bf16: floor(value * 2^shift), clamped to int32, whatever the registers say. Of the
/// shift the lower six bits count, as a signed number; NaN gives the highest int32. A subnormal is
/// not flushed: below zero its floor is -1 (xdna-emu, vec_vfloor_bf16_denorm, captured on a
/// Phoenix).
inline std::int32_t floor_to_int(bfloat16 value, int shift) {
  const int exponent = (shift & 0x3F) - ((shift & 0x20) << 1);
  const double number = static_cast<double>(static_cast<float>(value));
  if (std::isnan(number)) return 2147483647;
  const double floor = std::floor(std::ldexp(number, exponent));
  return static_cast<std::int32_t>(std::clamp(floor, -2147483648.0, 2147483647.0));
}

/// a + b, a - b, a * b and a * 2^shift (shift 0 … 63) in T, wrapping.
template <typename T>
constexpr T wrapping_add(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
}
template <typename T>
constexpr T wrapping_sub(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(static_cast<U>(a) - static_cast<U>(b)));
}
/// uint16 x uint16 would overflow int: multiply in 64 bits.
template <typename T>
constexpr T wrapping_mul(T a, T b) {
  return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
template <typename T>
constexpr T wrapping_shift_left(T a, int shift) {
  check_shift(shift, 0);
  return static_cast<T>(static_cast<std::uint64_t>(a) << shift);
}

}  // namespace sotto::npu::host
