// What the tests of the multiply-accumulates share: numbers as bits, and the reference.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/isa.h"
#include "npu/kernels/host/bf16_mac.h"

namespace sotto::npu::host::testing {

using Bits = std::uint32_t;
using Sums = std::array<float, 16>;

inline Bits bits_of(float x) {
  return std::bit_cast<Bits>(x);
}
inline float float_of(Bits bits) {
  return std::bit_cast<float>(bits);
}
inline bfloat16 bf16_of(float x) {
  return bfloat16::from_bits(narrow_to_bf16(x, Rounding::conv_even));
}

inline const MacKernels& reference() {
  return mac_kernels(Isa::portable, MacModel::exact);
}

}  // namespace sotto::npu::host::testing
