// Lane by lane products: mul, negmul, mac, msc and their squares.
// The accumulator is what the types ask for (accum_tag_t) or what the caller names. Integer lanes
// wrap. A bfloat16 product is exact; adding it to an accumulator rounds as the core's MAC does.
#pragma once

#include "elementwise.hpp"
#include "npu/kernels/host/bf16_mac.h"
#include "npu/kernels/host/float_emulation.h"

namespace sotto::npu::host {

/// acc += a * b (or -= with kSubtract), lane by lane.
template <bool kSubtract, typename Tag, unsigned Elems, typename A, typename B>
void multiply_add(aie::accum<Tag, Elems>& acc, const aie::vector<A, Elems>& a,
                  const aie::vector<B, Elems>& b) {
  if constexpr (is_floating_v<A> || is_floating_v<B>) {
    static_assert(is_floating_v<A> && is_floating_v<B> && std::is_same_v<Tag, accfloat>);
    if constexpr (Elems < 16) {
      // The instructions have 16 lanes; those beyond the vector are not used.
      aie::accum<accfloat, 16> wide = acc.template grow<16>();
      multiply_add<kSubtract>(wide, a.template grow<16>(), b.template grow<16>());
      acc = wide.template extract<Elems>(0);
    } else if constexpr (std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>) {
      const auto multiply = kSubtract ? msc_elementwise_16 : mac_elementwise_16;
      for (unsigned i = 0; i < Elems; i += 16) {
        multiply(acc.data() + i, a.data() + i, b.data() + i);
      }
    } else {
      const aie::accum<accfloat, Elems> x(a);
      const aie::accum<accfloat, Elems> y(b);
      for (unsigned i = 0; i < Elems; i += 16) {
        emulated_mac_16(acc.data() + i, x.data() + i, y.data() + i, kSubtract);
      }
    }
  } else {
    using Lane = accum_lane_t<Tag>;
    for (unsigned i = 0; i < Elems; ++i) {
      const Lane product = static_cast<Lane>(wrapping_mul<std::int64_t>(a.data()[i], b.data()[i]));
      acc.data()[i] =
          kSubtract ? wrapping_sub(acc.data()[i], product) : wrapping_add(acc.data()[i], product);
    }
  }
}

}  // namespace sotto::npu::host

namespace aie {

/// acc + a * b.
template <typename Tag, unsigned Elems, typename A, typename B>
accum<Tag, Elems> mac(const accum<Tag, Elems>& acc, const vector<A, Elems>& a,
                      const vector<B, Elems>& b) {
  accum<Tag, Elems> result = acc;
  sotto::npu::host::multiply_add<false>(result, a, b);
  return result;
}
/// acc - a * b.
template <typename Tag, unsigned Elems, typename A, typename B>
accum<Tag, Elems> msc(const accum<Tag, Elems>& acc, const vector<A, Elems>& a,
                      const vector<B, Elems>& b) {
  accum<Tag, Elems> result = acc;
  sotto::npu::host::multiply_add<true>(result, a, b);
  return result;
}
/// a * b.
template <typename Tag = accauto, typename A, typename B, unsigned Elems>
auto mul(const vector<A, Elems>& a, const vector<B, Elems>& b) {
  return mac(zeros<sotto::npu::host::accum_tag_t<Tag, A, B>, Elems>(), a, b);
}
/// -(a * b).
template <typename Tag = accauto, typename A, typename B, unsigned Elems>
auto negmul(const vector<A, Elems>& a, const vector<B, Elems>& b) {
  return msc(zeros<sotto::npu::host::accum_tag_t<Tag, A, B>, Elems>(), a, b);
}

// The same with a scalar for one of the vectors. Its type counts, as that of a vector does: the
// product of an int16 vector and an int (such as the constant 3) is one of 16 x 32 bits.
#define SOTTO_AIE_MAC_WITH_SCALAR(name)                                                  \
  template <typename Tag, unsigned Elems, typename A, typename B>                        \
    requires sotto::npu::host::Element<B>                                                \
  accum<Tag, Elems> name(const accum<Tag, Elems>& acc, const vector<A, Elems>& a, B b) { \
    return name(acc, a, broadcast<B, Elems>(b));                                         \
  }                                                                                      \
  template <typename Tag, unsigned Elems, typename A, typename B>                        \
    requires sotto::npu::host::Element<A>                                                \
  accum<Tag, Elems> name(const accum<Tag, Elems>& acc, A a, const vector<B, Elems>& b) { \
    return name(acc, broadcast<A, Elems>(a), b);                                         \
  }
SOTTO_AIE_MAC_WITH_SCALAR(mac)
SOTTO_AIE_MAC_WITH_SCALAR(msc)
#undef SOTTO_AIE_MAC_WITH_SCALAR

#define SOTTO_AIE_MUL_WITH_SCALAR(name)                                     \
  template <typename Tag = accauto, typename A, typename B, unsigned Elems> \
    requires sotto::npu::host::Element<B>                                   \
  auto name(const vector<A, Elems>& a, B b) {                               \
    return name<Tag>(a, broadcast<B, Elems>(b));                            \
  }                                                                         \
  template <typename Tag = accauto, typename A, typename B, unsigned Elems> \
    requires sotto::npu::host::Element<A>                                   \
  auto name(A a, const vector<B, Elems>& b) {                               \
    return name<Tag>(broadcast<A, Elems>(a), b);                            \
  }
SOTTO_AIE_MUL_WITH_SCALAR(mul)
SOTTO_AIE_MUL_WITH_SCALAR(negmul)
#undef SOTTO_AIE_MUL_WITH_SCALAR

template <typename Tag = accauto, typename T, unsigned Elems>
auto mul_square(const vector<T, Elems>& v) {
  return mul<Tag>(v, v);
}
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> mac_square(const accum<Tag, Elems>& acc, const vector<T, Elems>& v) {
  return mac(acc, v, v);
}
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> msc_square(const accum<Tag, Elems>& acc, const vector<T, Elems>& v) {
  return msc(acc, v, v);
}

}  // namespace aie
