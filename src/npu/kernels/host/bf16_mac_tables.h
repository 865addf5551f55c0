// The tables of each instruction set, and the reference lanes that they share. Nothing here may
// become a symbol of its own in the sealed files that include it.
#pragma once

#include "npu/kernels/host/bf16_mac.h"

namespace sotto::npu::host {

struct MacTables {
  MacKernels exact, plain_f32;
};

extern const MacTables kPortableMac;
#if defined(__x86_64__)
extern const MacTables kAvx2Mac;
extern const MacTables kAvx512Mac;
#endif

/// c ± Σ a[i·a_stride] b[i·b_stride] over i < n ≤ 8 by the rule of bf16_mac.h, in integers.
float exact_mac_lane(float c, const bfloat16* a, std::ptrdiff_t a_stride, const bfloat16* b,
                     std::ptrdiff_t b_stride, int n, bool subtract) noexcept;

/// c ± x by the same rule.
float exact_add_lane(float c, float x, bool subtract) noexcept;

}  // namespace sotto::npu::host
