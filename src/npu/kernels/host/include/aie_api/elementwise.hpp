// Lane by lane sums, differences, signs and bits of vectors and accumulators.
// Integer lanes wrap. bfloat16 sums are made in the float accumulator and stored again, so they
// round by the rounding register.
#pragma once

#include <algorithm>

#include "accum.hpp"
#include "compare.hpp"
#include "npu/kernels/host/bf16_mac.h"
#include "with_scalar.hpp"

namespace sotto::npu::host {

/// c += x or c -= x, lane by lane. Float lanes take the core's vadd.f, which has 16 lanes and is
/// not IEEE addition (bf16_mac.h).
template <bool kSubtract, typename Lane>
void add_lanes(Lane* c, const Lane* x, unsigned count) {
  if constexpr (std::is_same_v<Lane, float>) {
    const auto add = kSubtract ? sub_16 : add_16;
    for (; count >= 16; count -= 16, c += 16, x += 16) add(c, x);
    if (count > 0) {
      std::array<float, 16> wide_c{};
      std::array<float, 16> wide_x{};
      std::copy_n(c, count, wide_c.begin());
      std::copy_n(x, count, wide_x.begin());
      add(wide_c.data(), wide_x.data());
      std::copy_n(wide_c.begin(), count, c);
    }
  } else {
    for (unsigned i = 0; i < count; ++i) {
      c[i] = kSubtract ? wrapping_sub(c[i], x[i]) : wrapping_add(c[i], x[i]);
    }
  }
}

}  // namespace sotto::npu::host

namespace aie {

// --- accumulators

template <typename Tag, unsigned Elems>
accum<Tag, Elems> add(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b) {
  accum<Tag, Elems> result = a;
  sotto::npu::host::add_lanes<false>(result.data(), b.data(), Elems);
  return result;
}
template <typename Tag, unsigned Elems>
accum<Tag, Elems> sub(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b) {
  accum<Tag, Elems> result = a;
  sotto::npu::host::add_lanes<true>(result.data(), b.data(), Elems);
  return result;
}
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> add(const accum<Tag, Elems>& a, const vector<T, Elems>& b) {
  return add(a, accum<Tag, Elems>(b));
}
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> sub(const accum<Tag, Elems>& a, const vector<T, Elems>& b) {
  return sub(a, accum<Tag, Elems>(b));
}
template <typename Tag, typename T, unsigned Elems>
  requires sotto::npu::host::Element<T>
accum<Tag, Elems> add(const accum<Tag, Elems>& a, T b) {
  return add(a, broadcast<T, Elems>(b));
}
template <typename Tag, typename T, unsigned Elems>
  requires sotto::npu::host::Element<T>
accum<Tag, Elems> sub(const accum<Tag, Elems>& a, T b) {
  return sub(a, broadcast<T, Elems>(b));
}
template <typename Tag, unsigned Elems>
accum<Tag, Elems> neg(const accum<Tag, Elems>& a) {
  return sub(zeros<Tag, Elems>(), a);
}

// --- bits

#define SOTTO_AIE_BITWISE(name, op)                                             \
  template <typename T, unsigned Elems>                                         \
    requires std::numeric_limits<T>::is_integer                                 \
  vector<T, Elems> name(const vector<T, Elems>& a, const vector<T, Elems>& b) { \
    vector<T, Elems> result;                                                    \
    for (unsigned i = 0; i < Elems; ++i) {                                      \
      result.data()[i] = static_cast<T>(a.data()[i] op b.data()[i]);            \
    }                                                                           \
    return result;                                                              \
  }                                                                             \
  SOTTO_AIE_WITH_SCALAR(name)
SOTTO_AIE_BITWISE(bit_and, &)
SOTTO_AIE_BITWISE(bit_or, |)
SOTTO_AIE_BITWISE(bit_xor, ^)
#undef SOTTO_AIE_BITWISE

template <typename T, unsigned Elems>
  requires std::numeric_limits<T>::is_integer
vector<T, Elems> bit_not(const vector<T, Elems>& v) {
  return bit_xor(v, static_cast<T>(~T(0)));
}

// --- vectors

template <typename T, unsigned Elems>
vector<T, Elems> add(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return add(accum<accfloat, Elems>(a), accum<accfloat, Elems>(b));
  } else if constexpr (sotto::npu::host::Nibble<T>) {
    return add(a.unpack(), b.unpack()).pack();
  } else {
    vector<T, Elems> result = a;
    sotto::npu::host::add_lanes<false>(result.data(), b.data(), Elems);
    return result;
  }
}
template <typename T, unsigned Elems>
vector<T, Elems> sub(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return sub(accum<accfloat, Elems>(a), accum<accfloat, Elems>(b));
  } else if constexpr (sotto::npu::host::Nibble<T>) {
    return sub(a.unpack(), b.unpack()).pack();
  } else {
    vector<T, Elems> result = a;
    sotto::npu::host::add_lanes<true>(result.data(), b.data(), Elems);
    return result;
  }
}

/// The exact sum or difference, stored: it is clamped if the saturation register says so, and wraps
/// if not (aie_api makes it of an accumulator and an SRS).
template <typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<T, Elems> saturating_add(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return add(accum<acc64, Elems>(a), accum<acc64, Elems>(b)).template to_vector<T>();
}
template <typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<T, Elems> saturating_sub(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return sub(accum<acc64, Elems>(a), accum<acc64, Elems>(b)).template to_vector<T>();
}

/// A float changes its sign bit, so 0 becomes -0.
template <typename T, unsigned Elems>
vector<T, Elems> neg(const vector<T, Elems>& v) {
  if constexpr (sotto::npu::host::is_floating_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 2, uint16, uint32>;
    constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1));
    return bit_xor(v.template cast_to<Bits>(), kSign).template cast_to<T>();
  } else {
    return sub(zeros<T, Elems>(), v);
  }
}

/// The lowest integer stays what it is. A float loses its sign bit.
template <typename T, unsigned Elems>
vector<T, Elems> abs(const vector<T, Elems>& v) {
  if constexpr (std::is_same_v<T, float>) {
    return bit_and(v.template cast_to<int32>(), 0x7FFFFFFF).template cast_to<float>();
  } else if constexpr (std::is_same_v<T, bfloat16>) {
    return bit_and(v.template cast_to<int16>(), 0x7FFF).template cast_to<bfloat16>();
  } else {
    return select(v, neg(v), lt(v, T(0)));
  }
}

/// a - b where a > b, else zero.
template <typename T, unsigned Elems>
vector<T, Elems> maxdiff(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return select(zeros<T, Elems>(), sub(a, b), sotto::npu::host::raw_lt(b, a));
}

SOTTO_AIE_WITH_SCALAR(add)
SOTTO_AIE_WITH_SCALAR(sub)
SOTTO_AIE_WITH_SCALAR(saturating_add)
SOTTO_AIE_WITH_SCALAR(saturating_sub)
SOTTO_AIE_WITH_SCALAR(maxdiff)

// --- shifts

/// v * 2^shift and v / 2^shift. Both go through an accumulator, so the SRS on the way back rounds
/// and saturates as the registers say (aie_api, detail/aie2/shift.hpp).
template <typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<T, Elems> upshift(const vector<T, Elems>& v, unsigned shift) {
  using Tag = sotto::npu::host::accum_tag_t<accauto, T, T>;
  return accum<Tag, Elems>(v, static_cast<int>(shift)).template to_vector<T>();
}
template <typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<T, Elems> downshift(const vector<T, Elems>& v, unsigned shift) {
  using Tag = sotto::npu::host::accum_tag_t<accauto, T, T>;
  return accum<Tag, Elems>(v).template to_vector<T>(static_cast<int>(shift));
}
/// downshift of the same bits as unsigned numbers: what it drops is rounded as well.
template <typename T, unsigned Elems>
  requires std::is_integral_v<T>
vector<T, Elems> logical_downshift(const vector<T, Elems>& v, unsigned shift) {
  return downshift(v.template cast_to<std::make_unsigned_t<T>>(), shift).template cast_to<T>();
}

}  // namespace aie
