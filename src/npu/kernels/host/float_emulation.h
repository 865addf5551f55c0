// float32 products, which the AIE2 core does not have: Peano makes them of bfloat16 products.
// Each factor is split into three bfloat16 whose sum it is (8 + 8 + 8 bits), a + b + c and d + e +
// f, and the nine products are added from the smallest to the largest (llvm-aie, aiev2_vmult.h:
// mul_elem_16_accuracy_safe, the default accuracy). The splits are stores, so they follow the
// rounding register; the nine products are there in any mode.
#pragma once

#include <array>

#include "npu/kernels/host/bf16_mac.h"

namespace sotto::npu::host {

/// x = high + middle + low, 16 lanes each.
struct SplitFloats {
  using Part = std::array<bfloat16, 16>;
  Part high, middle, low;

  explicit SplitFloats(const float* x) {
    Part ones;
    ones.fill(bfloat16::from_bits(0x3F80));
    const Rounding rounding = core().rounding;
    std::array<float, 16> rest;
    for (unsigned i = 0; i < 16; ++i) rest[i] = x[i];
    const auto take = [&](Part& part) {
      for (unsigned i = 0; i < 16; ++i) {
        part[i] = bfloat16::from_bits(narrow_to_bf16(rest[i], rounding));
      }
    };
    take(high);
    msc_elementwise_16(rest.data(), high.data(), ones.data());
    take(middle);
    msc_elementwise_16(rest.data(), middle.data(), ones.data());
    take(low);
  }
};

/// product[16] = x[16] y[16].
inline void emulated_mul_16(float* product, const float* x, const float* y) {
  const SplitFloats a(x);
  const SplitFloats d(y);
  for (unsigned i = 0; i < 16; ++i) product[i] = 0.0f;
  const auto add = [&](const SplitFloats::Part& p, const SplitFloats::Part& q) {
    mac_elementwise_16(product, p.data(), q.data());
  };
  add(a.low, d.low);
  add(a.low, d.middle);
  add(a.middle, d.low);
  add(a.high, d.low);
  add(a.middle, d.middle);
  add(a.low, d.high);
  add(a.middle, d.high);
  add(a.high, d.middle);
  add(a.high, d.high);
}

/// acc[16] += x[16] y[16], or -=. The core adds the accumulator in the instruction of the last
/// product; here that is one more addition, which may differ in the last place.
inline void emulated_mac_16(float* acc, const float* x, const float* y, bool subtract) {
  std::array<float, 16> product;
  emulated_mul_16(product.data(), x, y);
  (subtract ? sub_16 : add_16)(acc, product.data());
}

}  // namespace sotto::npu::host
