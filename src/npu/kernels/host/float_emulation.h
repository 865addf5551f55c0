// float32 products, which the AIE2 core does not have: Peano makes them of bfloat16 products.
// Each factor is split into three bfloat16 whose sum it is (8 + 8 + 8 bits), and the nine products
// are added from the smallest to the largest (llvm-aie, aiev2_core.h: the functions with
// accuracy_safe, the default). The splits are stores, so they follow the rounding register, unless
// AIE2_FP32_EMULATION_SET_RND_MODE is defined there; the nine products are there in any mode.
#pragma once

#include <array>

#include "npu/kernels/host/bf16_mac.h"

namespace sotto::npu::host {

/// x = high + middle + low; kLanes is a multiple of 16.
template <unsigned kLanes>
struct SplitFloats {
  using Part = std::array<bfloat16, kLanes>;
  Part high, middle, low;

  explicit SplitFloats(const float* x) {
    Part ones;
    ones.fill(bfloat16::from_bits(0x3F80));
    const Rounding rounding = core().rounding;
    std::array<float, kLanes> rest;
    for (unsigned i = 0; i < kLanes; ++i) rest[i] = x[i];
    const auto take = [&](Part& part) {
      for (unsigned i = 0; i < kLanes; ++i) {
        part[i] = bfloat16::from_bits(narrow_to_bf16(rest[i], rounding));
      }
    };
    const auto subtract = [&](const Part& part) {
      for (unsigned i = 0; i < kLanes; i += 16) {
        msc_elementwise_16(rest.data() + i, part.data() + i, ones.data() + i);
      }
    };
    take(high);
    subtract(high);
    take(middle);
    subtract(middle);
    take(low);
  }
};

/// The products but the largest, added by mac(p, q); `fourth` is the product that Peano's matrix
/// form gets wrong.
template <unsigned kLanes, typename Mac, typename Fourth>
void add_small_products(const SplitFloats<kLanes>& x, const SplitFloats<kLanes>& y, Mac mac,
                        Fourth fourth) {
  mac(x.low, y.low);
  mac(x.low, y.middle);
  mac(x.middle, y.low);
  mac(x.high, y.low);
  mac(x.middle, y.middle);
  fourth(x.low, y.high);
  mac(x.middle, y.high);
  mac(x.high, y.middle);
}

/// acc[16] += x[16] y[16], or -=: the accumulator joins the instruction of the largest product, or
/// has the finished product subtracted.
inline void emulated_mac_16(float* acc, const float* x, const float* y, bool subtract) {
  const SplitFloats<16> a(x);
  const SplitFloats<16> b(y);
  std::array<float, 16> product{};
  const auto mac = [&](const auto& p, const auto& q) {
    mac_elementwise_16(product.data(), p.data(), q.data());
  };
  add_small_products(a, b, mac, mac);
  if (subtract) {
    mac(a.high, b.high);
    sub_16(acc, product.data());
  } else {
    for (unsigned i = 0; i < 16; ++i) {
      acc[i] = addmac_lane(product[i], acc[i], &a.high[i], 1, &b.high[i], 1, 1);
    }
  }
}

/// c[4x4] += a[4x8] b[8x4]. Of the product of a's low and b's high parts Peano multiplies the
/// operands the wrong way round: the 32 high parts of b as a 4 x 8 matrix by the 32 low ones of a
/// as an 8 x 4 one. So this is good to 2^-15 or so, not to 2^-23 as the element-wise form.
inline void emulated_mac_4x8x4(float* c, const float* a, const float* b) {
  const SplitFloats<32> x(a);
  const SplitFloats<32> y(b);
  std::array<float, 16> product{};
  const auto mac = [&](const auto& p, const auto& q) {
    mac_4x8x4(product.data(), p.data(), q.data());
  };
  add_small_products(x, y, mac, [&](const auto& low, const auto& high) { mac(high, low); });
  for (unsigned i = 0; i < 16; ++i) {
    c[i] = addmac_lane(product[i], c[i], &x.high[i / 4 * 8], 1, &y.high[i % 4], 4, 8);
  }
}

}  // namespace sotto::npu::host
