// Reciprocals, roots, and conversions between integers and floats.
#pragma once

#include "operands.hpp"

namespace aie {

SOTTO_UNARY(inv)
SOTTO_UNARY(invsqrt)
template <typename T>
  requires(detail::is_float<T>)
T inv(T value);
template <typename T>
  requires(detail::is_float<T>)
T invsqrt(T value);
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

}  // namespace aie
