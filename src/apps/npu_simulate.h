// A simulation of an example design, and what it says for people and for programs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/npu_designs.h"
#include "npu/design/array_program.h"
#include "npu/sim/simulate.h"

namespace sotto::apps {

struct NpuSimulation {
  std::string name;
  npu::sim::Report report;
  std::vector<NpuKernelCost> kernels;  ///< that its cores call

  /// Of a core, neither busy nor waiting: before its first wait, after its last.
  std::int64_t idle(const npu::sim::CoreReport& core) const {
    return report.cycles() - core.busy() - core.wait_input - core.wait_output - core.wait_lock;
  }
};

/// One dispatch, timing only: the examples' kernels cost what npu_kernel_costs() says.
NpuSimulation simulate_npu(std::string name, const npu::design::ArrayProgram& program, int mhz,
                           npu::sim::Trace* trace);

std::string describe_simulation(const NpuSimulation& simulation);
std::string simulation_json(const NpuSimulation& simulation);

}  // namespace sotto::apps
