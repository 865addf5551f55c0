// Reciprocals, roots and conversions between integers and floats. AIE2 has no instruction for any
// of them but one (floor of bfloat16): they are sequences of products and additions, and these here
// follow those of aie_api (detail/aie2/elementary.hpp) step by step, so that they are off by as
// much. exp2, tanh, sin and cos exist on other generations of the array only.
#pragma once

#include <cmath>
#include <utility>

#include "intrinsics.hpp"
#include "multiply.hpp"

namespace sotto::npu::host {

/// The bits of a float as an integer and back.
inline aie::vector<int32, 16> bits_of(const aie::vector<float, 16>& v) {
  return v.cast_to<int32>();
}

/// `f` on every run of 16 lanes; a shorter vector is padded with undefined lanes.
template <typename R, typename T, unsigned Elems, typename Function>
aie::vector<R, Elems> by_16_lanes(const aie::vector<T, Elems>& v, Function f) {
  if constexpr (Elems < 16) {
    return f(v.template grow<16>()).template extract<Elems>(0);
  } else {
    aie::vector<R, Elems> result;
    for (unsigned i = 0; i < Elems / 16; ++i) result.insert(i, f(v.template extract<16>(i)));
    return result;
  }
}

/// The store that each step of a bfloat16 sequence ends with; a float sequence keeps its floats.
template <typename T>
aie::vector<T, 16> stored(const aie::accum<accfloat, 16>& acc) {
  return acc.to_vector<T>();
}

inline aie::accum<accfloat, 16> constant(float value) {
  return aie::accum<accfloat, 16>(aie::broadcast<float, 16>(value));
}

/// 1 / v: a first guess from the bits, a scaled Newton step, then a plain one.
template <typename T>
aie::vector<T, 16> reciprocal(const aie::vector<T, 16>& v) {
  using Bits = std::conditional_t<sizeof(T) == 2, int16, int32>;
  constexpr Bits kMagic =
      sizeof(T) == 2 ? static_cast<Bits>(0x7EB5) : static_cast<Bits>(0x7EB53567);
  constexpr T kScale = T(1.9395974f);  // a constant: rounded to nearest by the compiler
  aie::vector<T, 16> y =
      aie::sub(aie::broadcast<Bits, 16>(kMagic), v.template cast_to<Bits>()).template cast_to<T>();
  aie::vector<T, 16> t = stored<T>(aie::add(aie::negmul(v, y), constant(1.436142f)));
  t = stored<T>(aie::mul(t, y));
  y = stored<T>(aie::negmul(t, kScale));  // minus the guess
  t = stored<T>(aie::mac(constant(2.0f), y, v));
  return stored<T>(aie::negmul(y, t));
}

/// 1 / sqrt(v): a first guess from the bits and one Newton step with tuned constants.
template <typename T>
aie::vector<T, 16> reciprocal_root(const aie::vector<T, 16>& v) {
  constexpr float kC2 = 0.703952253f;
  constexpr float kC3 = 2.38924456f;
  constexpr T kNarrowC2 = T(kC2);
  const aie::vector<T, 16> x2 = stored<T>(aie::mul(v, kNarrowC2));
  const aie::vector<int32, 16> bits =
      bits_of(aie::accum<accfloat, 16>(v).template to_vector<float>());
  // The halving is an SRS, so it rounds by the rounding register.
  const aie::vector<int32, 16> half = aie::accum<acc64, 16>(bits).template to_vector<int32>(1);
  const aie::vector<float, 16> guess =
      aie::sub(aie::broadcast<int32, 16>(0x5F1FFFF9), half).template cast_to<float>();
  const aie::vector<T, 16> y = stored<T>(aie::accum<accfloat, 16>(guess));
  const aie::vector<T, 16> yy = stored<T>(aie::mul(y, y));
  const aie::vector<T, 16> t = stored<T>(aie::msc(constant(kC2 * kC3), x2, yy));
  return stored<T>(aie::mul(y, t));
}

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

/// 1 / v, within about 2e-4 (float) or two last places (bfloat16), for normal results.
template <typename T, unsigned Elems>
  requires sotto::npu::host::is_floating_v<T>
vector<T, Elems> inv(const vector<T, Elems>& v) {
  return sotto::npu::host::by_16_lanes<T>(v, sotto::npu::host::reciprocal<T>);
}
/// 1 / sqrt(v) for v > 0, within about 1e-3.
template <typename T, unsigned Elems>
  requires sotto::npu::host::is_floating_v<T>
vector<T, Elems> invsqrt(const vector<T, Elems>& v) {
  return sotto::npu::host::by_16_lanes<T>(v, sotto::npu::host::reciprocal_root<T>);
}

/// The square root of each lane, by the C library.
template <typename T, unsigned Elems>
  requires sotto::npu::host::is_floating_v<T>
vector<T, Elems> sqrt(const vector<T, Elems>& v) {
  vector<T, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.data()[i] = T(std::sqrt(float{v.data()[i]}));
  return result;
}

// Scalars: a float takes soft-float division and the C library's square root, which are exact; a
// bfloat16 takes the sequences above. Peano's library has no sqrtf: sqrt of either type and invsqrt
// of a float link with AMD's compiler only.
inline float inv(float value) {
  return 1.0f / value;
}
inline float invsqrt(float value) {
  return 1.0f / std::sqrt(value);
}
inline bfloat16 inv(bfloat16 value) {
  return inv(broadcast<bfloat16, 16>(value))[0];
}
inline bfloat16 invsqrt(bfloat16 value) {
  return invsqrt(broadcast<bfloat16, 16>(value))[0];
}
inline float sqrt(float value) {
  return std::sqrt(value);
}
inline bfloat16 sqrt(bfloat16 value) {
  return bfloat16(std::sqrt(float{value}));
}

/// The same of the floats in an accumulator.
template <unsigned Elems>
accum<accfloat, Elems> inv(const accum<accfloat, Elems>& acc) {
  return accum<accfloat, Elems>(inv(acc.to_vector()));
}
template <unsigned Elems>
accum<accfloat, Elems> invsqrt(const accum<accfloat, Elems>& acc) {
  return accum<accfloat, Elems>(invsqrt(acc.to_vector()));
}
template <unsigned Elems>
accum<accfloat, Elems> sqrt(const accum<accfloat, Elems>& acc) {
  return accum<accfloat, Elems>(sqrt(acc.to_vector()));
}

/// a * inv(b).
template <typename A, typename B, unsigned Elems>
auto div(const vector<A, Elems>& a, const vector<B, Elems>& b) {
  return mul(a, inv(b));
}
template <typename A, typename B, unsigned Elems>
  requires sotto::npu::host::Element<B>
auto div(const vector<A, Elems>& a, B b) {
  return mul(a, broadcast<B, Elems>(inv(b)));
}

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
