// A simulation of an example design, and what it says for people and for programs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "npu/design/array_program.h"
#include "npu/design/check/plan.h"
#include "npu/sim/simulate.h"

namespace sotto::apps {

/// Calls of a kernel with the same numbers.
struct NpuKernelCalls {
  std::string symbol;
  std::vector<int> numbers;  ///< arguments that are no pointers
  std::int64_t calls = 0;
  npu::sim::Cycle cycles = 0;  ///< of one call
};

struct NpuSimulation {
  std::string name;
  npu::sim::Report report;
  std::vector<NpuKernelCalls> kernels;  ///< that its cores call
  std::string_view cost_source;         ///< of their costs

  /// Of a core, neither busy nor waiting: before its first wait, after its last.
  std::int64_t idle(const npu::sim::CoreReport& core) const {
    return report.cycles() - core.busy() - core.wait_input - core.wait_output - core.wait_lock;
  }
};

inline constexpr std::string_view kNpuCostSource =
    "computed from scheduled code, see docs/npu/cycles.md; not measured";

/// One dispatch; without host buffers only its time, without data.
NpuSimulation simulate_npu(std::string name, const npu::design::ArrayProgram& program,
                           const npu::sim::KernelLibrary& kernels,
                           std::vector<std::span<std::byte>> hosts, int mhz,
                           npu::sim::Trace* trace);

std::string describe_simulation(const NpuSimulation& simulation);
std::string simulation_json(const NpuSimulation& simulation);

}  // namespace sotto::apps
