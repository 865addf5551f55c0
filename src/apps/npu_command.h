// What "sotto npu" does with a design, wherever it comes from.
#pragma once

#include "apps/console.h"
#include "apps/npu.h"
#include "apps/npu_designs.h"
#include "apps/own_design.h"

namespace sotto::apps {

/// What a design is simulated with.
struct NpuBench {
  const npu::sim::KernelLibrary& kernels;
  std::string_view cost_source;
  std::function<void(const HostBuffers&)> fill = {};            ///< of OwnDesign
  std::function<std::string(const HostBuffers&)> verdict = {};  ///< the same
};

/// Checks, places or simulates it, as `options` say. Returns the exit code, as npu_command().
int npu_command_on(NamedDesign named, const NpuBench& bench, const NpuOptions& options,
                   Console& console);

}  // namespace sotto::apps
