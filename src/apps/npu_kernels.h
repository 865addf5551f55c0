// "sotto npu kernels": what a call of each recorded kernel costs on a core, and the code that it
// costs that in.
#pragma once

#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/npu.h"
#include "npu/cycles/cost.h"

namespace sotto::apps {

struct NpuKernelReport {
  std::string size;  ///< of the call
  npu::cycles::KernelCost cost;
};

/// MACs over those that the multiplier could do in the call's cycles: 128 of bf16, 256 of int8, 64
/// of int16 a cycle.
double share_of_peak(const npu::cycles::KernelCost& cost);

std::string kernels_table(const std::vector<NpuKernelReport>& reports);
std::string kernels_json(const std::vector<NpuKernelReport>& reports);

/// Returns the exit code. Throws Error{usage} for a kernel that there is not.
int npu_kernels(const NpuOptions& options, Console& console);

}  // namespace sotto::apps
