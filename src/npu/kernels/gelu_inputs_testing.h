// The numbers on which GELU is measured: all that Whisper feeds it, densely where it bends.
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels::testing {

/// Calls visit(32 lanes of float32) over -112 … 194, -6 … 6 and ±1e-3.
template <typename Visit>
void sweep_gelu_inputs(Visit visit) {
  const auto sweep = [&](double from, double to, int steps) {
    for (int i = 0; i < steps; i += 32) {
      aie::vector<float, 32> x;
      for (int lane = 0; lane < 32; ++lane) {
        x[static_cast<unsigned>(lane)] =
            static_cast<float>(from + (to - from) * (i + lane) / steps);
      }
      visit(x);
    }
  };
  sweep(-112, 194, 100000);
  sweep(-6, 6, 200000);
  sweep(-1e-3, 1e-3, 2000);
}

}  // namespace sotto::npu::kernels::testing
