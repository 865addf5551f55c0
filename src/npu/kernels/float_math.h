// Products, reciprocals and roots of float32 lanes on a core that multiplies only bfloat16: numbers
// are split into bfloat16 parts, whose products are exact and are summed in float32.
// Splitting needs no rounding mode: what `high` loses, `low` holds. To be called with ties to even
// all the same, since that is what the errors below were measured with.
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

inline constexpr float kLayerNormEpsilon = 1e-5f;  ///< what Whisper adds to variances

/// x = high + low within 2^-17 of |x|. Both stand in one operand, as the products of 32 lanes want
/// them, which add their upper half to their lower one.
struct Split {
  Operand parts;

  Half high() const { return parts.extract<kSum>(0); }
  Half low() const { return parts.extract<kSum>(1); }
};
inline Split split(const Sum& x) {
  const Half high = x.to_vector<bfloat16>();
  return {aie::concat(high, aie::sub(x, Sum(high)).to_vector<bfloat16>())};
}
inline Operand twice(const Half& x) {
  return aie::concat(x, x);
}

/// a b within 2^-15 of its size, if that is above 2^-100: below, the small products are lost.
inline Sum multiply(const Split& a, const Split& b) {
  const Sum most = mac_elem_16_2(a.parts, twice(b.high()), aie::zeros<accfloat, kSum>());
  return mac_elem_16_2(a.parts, twice(b.low()), most);
}
inline Sum multiply(const Sum& a, const Sum& b) {
  return multiply(split(a), split(b));
}

/// x = high + middle + low, all 24 bits of it.
struct FullSplit {
  Half high, middle, low;
};
inline FullSplit full_split(const Sum& x) {
  const Half high = x.to_vector<bfloat16>();
  const Sum rest = aie::sub(x, Sum(high));
  const Half middle = rest.to_vector<bfloat16>();
  return {high, middle, aie::sub(rest, Sum(middle)).to_vector<bfloat16>()};
}

/// c + a b to about float32 accuracy: the products of order 2^-24 and less are left out. The
/// largest comes first, so that where c cancels it, nothing is lost.
inline Sum multiply_add_full(const Sum& c, const Sum& a, const Sum& b) {
  const FullSplit x = full_split(a);
  const FullSplit y = full_split(b);
  const Operand upper = aie::concat(x.high, x.middle);
  Sum sum = mac_elem_16_2(upper, twice(y.high), c);
  sum = mac_elem_16_2(upper, twice(y.middle), sum);
  return mac_elem_16_2(aie::concat(x.low, x.high), aie::concat(y.high, y.low), sum);
}
inline Sum multiply_full(const Sum& a, const Sum& b) {
  return multiply_add_full(aie::zeros<accfloat, kSum>(), a, b);
}

/// A float, or a lane of a vector.
template <typename Value>
inline Sum constant(Value value) {
  return Sum(aie::broadcast<float, kSum>(value));
}
inline aie::vector<int32, kSum> bits_of(const Sum& x) {
  return x.to_vector<float>().cast_to<int32>();
}
inline Sum from_bits(const aie::vector<int32, kSum>& bits) {
  return Sum(bits.cast_to<float>());
}

/// max(x, 0), exact: a negative float is a negative integer.
inline Sum positive_part(const Sum& x) {
  return from_bits(aie::max(bits_of(x), int32(0)));
}
/// x where it is more than `least` >= 0, else 0: floats that are not negative have the order of
/// their bits as integers.
inline Sum part_above(const Sum& x, float least) {
  const auto bits = bits_of(x);
  const auto least_bits = aie::broadcast<int32, kSum>(__builtin_bit_cast(int32, least));
  const auto stays = aie::gt(bits, least_bits);
  return from_bits(aie::select(aie::zeros<int32, kSum>(), bits, stays));
}
inline Sum negated(const Sum& x) {
  return aie::sub(aie::zeros<accfloat, kSum>(), x);
}

/// 1 / x for 2^-100 < x < 2^100, within 2^-21 of its size. 0x7EF311C7 - bits(x) is a straight line
/// in every octave, off by at most 12 %; each Newton step y <- y + y (1 - x y) squares that:
/// 1.5e-2, 2.1e-4, 4.5e-8. The last residual is taken with all 24 bits, which makes the
/// reciprocals of powers of two exact.
inline Sum first_reciprocal(const Sum& x) {
  return from_bits(aie::sub(aie::broadcast<int32, kSum>(0x7EF311C7), bits_of(x)));
}
inline Sum better_reciprocal(const Sum& x, const Sum& y) {
  return aie::add(y, multiply(y, aie::sub(constant(1.0f), multiply(x, y))));
}
inline Sum reciprocal(const Sum& x) {
  Sum y = first_reciprocal(x);
  SOTTO_UNROLL
  for (int step = 0; step < 2; ++step) y = better_reciprocal(x, y);
  return aie::add(y, multiply(y, multiply_add_full(constant(1.0f), negated(x), y)));
}
/// Within 2^-15, in less code.
inline Sum rough_reciprocal(const Sum& x) {
  Sum y = first_reciprocal(x);
  SOTTO_LOOP(3, int step = 0; step < 3; ++step) y = better_reciprocal(x, y);
  return y;
}

/// 1 / sqrt(x) for 2^-60 < x < 2^60, within 2^-15 of its size. The line 0x5F3759DF - bits(x) / 2
/// is off by at most 3.5 %; the steps y <- y + y (1/2 - x y y / 2) leave 1.8e-3, 4.7e-6 and then
/// only what `multiply` rounds away.
inline Sum first_reciprocal_root(const Sum& x) {
  return from_bits(
      aie::sub(aie::broadcast<int32, kSum>(0x5F3759DF), aie::downshift(bits_of(x), 1)));
}
inline Sum better_reciprocal_root(const Split& half_x, const Sum& y) {
  const Sum rest = aie::sub(constant(0.5f), multiply(half_x, split(multiply(y, y))));
  return aie::add(y, multiply(y, rest));
}
inline Sum reciprocal_root(const Sum& x) {
  Sum y = first_reciprocal_root(x);
  const Split half_x = split(multiply(x, constant(0.5f)));
  SOTTO_UNROLL
  for (int step = 0; step < 3; ++step) y = better_reciprocal_root(half_x, y);
  return y;
}
inline Sum reciprocal_root_in_loop(const Sum& x) {
  Sum y = first_reciprocal_root(x);
  const Split half_x = split(multiply(x, constant(0.5f)));
  SOTTO_LOOP(3, int step = 0; step < 3; ++step) y = better_reciprocal_root(half_x, y);
  return y;
}

/// n as float32 in all lanes, 0 <= n < 2^23: the bits of 2^23 + n, less 2^23.
inline Sum count_to_float(int n) {
  return aie::sub(from_bits(aie::broadcast<int32, kSum>(0x4B000000 + n)), constant(0x1p23f));
}

}  // namespace sotto::npu::kernels
