// Reciprocals and roots. AIE2 has no instruction for them: of vectors they are sequences of
// products and additions, and these here follow those of aie_api (detail/aie2/elementary.hpp) step
// by step, so that they are off by as much. exp2, tanh, sin and cos exist on other generations of
// the array only.
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

}  // namespace aie
