// Integers to floats and back, by adding magic numbers as aie_api does on AIE2 (detail/aie2/
// elementary.hpp): it has no instruction for either but the floor of a bfloat16.
#pragma once

#include "intrinsics.hpp"
#include "math.hpp"

namespace sotto::npu::host {

/// A float whose last place is 2^(16 half - shift) while an integer of 16 bits is added to its
/// bits: 2^23 and a little more, times that.
inline aie::accum<accfloat, 16> magic_number(unsigned half, int shift) {
  const int top = (half == 0 ? 0x4B01 : 0x5301) - 128 * shift;
  return aie::accum<accfloat, 16>(
      aie::broadcast<int16, 16>(static_cast<int16>(top)).cast_to<bfloat16>());
}
inline aie::accum<acc32, 16> as_bits(const aie::accum<accfloat, 16>& acc) {
  return acc.cast_to<acc32>();
}
inline aie::accum<accfloat, 16> as_float(const aie::accum<acc32, 16>& acc) {
  return acc.cast_to<accfloat>();
}

/// v / 2^shift as float: the integer goes into the low bits of a magic number, which is then
/// subtracted. 32 bits go in two halves, whose sum rounds as the core's float addition does.
template <typename T>
aie::vector<float, 16> integer_to_float(const aie::vector<T, 16>& v, int shift) {
  const auto place = [shift](const auto& integers, unsigned half) {
    const aie::accum<accfloat, 16> magic = magic_number(half, shift);
    const aie::accum<acc32, 16> bits = aie::add(aie::accum<acc32, 16>(integers), as_bits(magic));
    return aie::sub(as_float(bits), magic);
  };
  if constexpr (sizeof(T) <= 2) {
    return place(v, 0).template to_vector<float>();
  } else {
    using Upper = std::conditional_t<std::is_signed_v<T>, int16, uint16>;
    aie::vector<Upper, 16> upper;
    aie::vector<uint16, 16> lower;
    for (unsigned i = 0; i < 16; ++i) {
      upper.data()[i] = static_cast<Upper>(v.data()[i] >> 16);
      lower.data()[i] = static_cast<uint16>(v.data()[i] & 0xFFFF);
    }
    return aie::add(place(lower, 0), place(upper, 1)).template to_vector<float>();
  }
}

/// v * 2^shift as an integer, to nearest, ties to even, clamped: the reverse of the above.
template <typename T>
aie::vector<T, 16> float_to_integer(const aie::vector<float, 16>& v, int shift) {
  const Saturation before = core().saturation;
  core().saturation = Saturation::saturate;
  const aie::accum<accfloat, 16> input(v);
  const auto low_bits = [shift](const aie::accum<accfloat, 16>& x, unsigned half) {
    const aie::accum<accfloat, 16> magic = magic_number(half, shift);
    return aie::sub(as_bits(aie::add(x, magic)), as_bits(magic));
  };
  aie::vector<T, 16> result;
  if constexpr (sizeof(T) <= 2) {
    result = low_bits(input, 0).template to_vector<T>();
  } else {
    const aie::vector<int16, 16> upper = low_bits(input, 1).template to_vector<int16>();
    const aie::accum<accfloat, 16> magic = magic_number(1, shift);
    const aie::accum<accfloat, 16> upper_part =
        aie::sub(as_float(aie::add(aie::accum<acc32, 16>(upper), as_bits(magic))), magic);
    const aie::accum<acc32, 16> lower = low_bits(aie::sub(input, upper_part), 0);
    const aie::accum<acc64, 16> positive(lower.to_vector<uint16>());
    const aie::accum<acc64, 16> negative(aie::neg(lower).to_vector<uint16>());
    result = aie::sub(aie::add(aie::accum<acc64, 16>(upper, 16), positive), negative)
                 .template to_vector<T>();
  }
  core().saturation = before;
  return result;
}

}  // namespace sotto::npu::host

namespace aie {

/// v * 2^shift as an integer, clamped: a float to nearest (ties to even), a bfloat16 down.
template <typename R = int32, unsigned Elems>
vector<R, Elems> to_fixed(const vector<float, Elems>& v, int shift = 0) {
  return sotto::npu::host::by_16_lanes<R>(v, [shift](const vector<float, 16>& x) {
    return sotto::npu::host::float_to_integer<R>(x, shift);
  });
}
/// An int16 result keeps the lower half of the clamped int32, so it wraps.
template <typename R = int32, unsigned Elems>
  requires(std::is_same_v<R, int32> || std::is_same_v<R, int16>)
vector<R, Elems> to_fixed(const vector<bfloat16, Elems>& v, int shift = 0) {
  return sotto::npu::host::by_16_lanes<R>(v, [shift](const vector<bfloat16, 16>& x) {
    const v16int32 whole = bfloat16_to_int(x, shift);
    vector<R, 16> result;
    for (unsigned i = 0; i < 16; ++i) result.data()[i] = static_cast<R>(whole.data()[i]);
    return result;
  });
}
template <typename R = int32>
R to_fixed(float value, int shift = 0) {
  return to_fixed<R>(broadcast<float, 16>(value), shift)[0];
}

/// v / 2^shift as float or bfloat16.
template <typename R = float, typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<R, Elems> to_float(const vector<T, Elems>& v, int shift = 0) {
  const vector<float, Elems> wide = sotto::npu::host::by_16_lanes<float>(
      v, [shift](const vector<T, 16>& x) { return sotto::npu::host::integer_to_float(x, shift); });
  return accum<accfloat, Elems>(wide).template to_vector<R>();
}
template <typename R = float>
R to_float(int value, int shift = 0) {
  return to_float<R>(broadcast<int32, 16>(value), shift)[0];
}

/// acc / 2^shift as float: 16 bits of the lanes at a time, the highest first, whose float sum
/// rounds at each step.
template <typename Tag, unsigned Elems>
  requires(!std::is_same_v<Tag, accfloat>)
vector<float, Elems> to_float(const accum<Tag, Elems>& acc, int shift = 0) {
  using Lane = sotto::npu::host::accum_lane_t<Tag>;
  vector<int16, Elems> highest;
  for (unsigned i = 0; i < Elems; ++i) {
    highest.data()[i] = static_cast<int16>(acc.data()[i] >> (8 * sizeof(Lane) - 16));
  }
  int place = static_cast<int>(8 * sizeof(Lane)) - 16;
  vector<float, Elems> result = to_float(highest, shift - place);
  while (place > 0) {
    place -= 16;
    vector<uint16, Elems> next;
    for (unsigned i = 0; i < Elems; ++i) {
      next.data()[i] = static_cast<uint16>(acc.data()[i] >> place);
    }
    result = add(result, to_float(next, shift - place));
  }
  return result;
}

}  // namespace aie
