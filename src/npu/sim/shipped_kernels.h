// The kernels of npu/kernels as the simulator calls them: on the host, at what npu/cycles computed
// for their code. Those of the designs in npu/design/examples; the encoder's program has its own
// (encoder_core.h).
//
// Costs stand here as numbers because to compile a kernel takes up to half a minute; npu_test.cc of
// apps compares them with the code or with docs/npu/cycles.md. They are those of buffers in
// different banks. bank_cycles are accesses of 256 bits.
#pragma once

#include <span>
#include <string_view>

#include "npu/sim/kernel_library.h"

namespace sotto::npu::sim {

struct ShippedKernel {
  std::string_view symbol;
  HostFunction host;
  CostFunction cost;
};
std::span<const ShippedKernel> shipped_kernels();

/// All of them.
KernelLibrary shipped_kernel_library();

}  // namespace sotto::npu::sim
