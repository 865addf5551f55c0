// Reciprocals, roots, and conversions between integers and floats.
#pragma once

#include "operands.hpp"

namespace aie {

SOTTO_UNARY(inv)
SOTTO_UNARY(invsqrt)
bfloat16 inv(bfloat16 value);
bfloat16 invsqrt(bfloat16 value);
template <unsigned Elems>
accum<accfloat, Elems> inv(const accum<accfloat, Elems>& acc);
template <unsigned Elems>
accum<accfloat, Elems> invsqrt(const accum<accfloat, Elems>& acc);
template <typename A, typename B, unsigned Elems>
accum<accfloat, Elems> div(const vector<A, Elems>& a, const vector<B, Elems>& b);
template <typename A, detail::Element B, unsigned Elems>
accum<accfloat, Elems> div(const vector<A, Elems>& a, B b);

template <typename R = int32, unsigned Elems>
vector<R, Elems> to_fixed(const vector<float, Elems>& v, int shift = 0);
template <typename R = int32, unsigned Elems>
vector<R, Elems> to_fixed(const vector<bfloat16, Elems>& v, int shift = 0);
template <typename R = int32>
R to_fixed(float value, int shift = 0);
template <typename R = float, typename T, unsigned Elems>
vector<R, Elems> to_float(const vector<T, Elems>& v, int shift = 0);
template <typename R = float>
R to_float(int value, int shift = 0);
template <typename Tag, unsigned Elems>
vector<float, Elems> to_float(const accum<Tag, Elems>& acc, int shift = 0);

// --- Soft-float and the C library on the core, and so here

namespace detail {
extern "C" float sqrtf(float value);
}
inline float inv(float value) {
  return 1.0f / value;
}
inline float sqrt(float value) {
  return detail::sqrtf(value);
}
inline float invsqrt(float value) {
  return 1.0f / sqrt(value);
}
inline bfloat16 sqrt(bfloat16 value) {
  return sqrt(static_cast<float>(value));
}
template <typename T, unsigned Elems>
vector<T, Elems> sqrt(const vector<T, Elems>& v) {
  vector<T, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.set(sqrt(v.get(i)), i);
  return result;
}
template <unsigned Elems>
accum<accfloat, Elems> sqrt(const accum<accfloat, Elems>& acc) {
  return accum<accfloat, Elems>(sqrt(acc.to_vector()));
}

}  // namespace aie
