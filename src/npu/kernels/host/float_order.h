// How the AIE2 core orders bfloat16, and how Peano makes it order float32.
#pragma once

#include "npu/kernels/host/bf16.h"

namespace sotto::npu::host {

/// A number that grows with the bfloat16: -0 lies just below +0. Not for NaN.
constexpr int order_of(bfloat16 x) {
  const int magnitude = x.bits() & 0x7FFF;
  return (x.bits() & 0x8000) != 0 ? -magnitude - 1 : magnitude;
}
constexpr bool is_nan(bfloat16 x) {
  return (x.bits() & 0x7FFF) > 0x7F80;
}

/// vlt.bf16 and vge.bf16: with a NaN neither holds (xdna-emu, vector_compare.rs and
/// vector_arith.rs, seen on a Phoenix by its fuzzing: seeds 4, 41, 47 and 1433).
constexpr bool is_less(bfloat16 a, bfloat16 b) {
  return !is_nan(a) && !is_nan(b) && order_of(a) < order_of(b);
}
constexpr bool is_at_least(bfloat16 a, bfloat16 b) {
  return !is_nan(a) && !is_nan(b) && order_of(a) >= order_of(b);
}

}  // namespace sotto::npu::host
