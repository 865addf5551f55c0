// Runs an ArrayProgram, exactly and only that: descriptors, locks, streams, core programs and the
// words of its instructions. Simulated, not measured: docs/npu/simulator.md says what is modelled.
#pragma once

#include <span>

#include "npu/design/array_program.h"
#include "npu/sim/kernel_library.h"
#include "npu/sim/report.h"
#include "npu/sim/trace.h"

namespace sotto::npu::sim {

enum class Mode : std::uint8_t {
  both,        ///< data moves, kernels run, and everything takes its time
  timing,      ///< no data: kernels only cost
  functional,  ///< data moves; times mean nothing (memory and controller take none)
};
enum class EngineKind : std::uint8_t {
  fast,       ///< from event to event
  reference,  ///< cycle by cycle, word by word: what the fast one must equal
};

struct Options {
  int mhz = 1800;
  Mode mode = Mode::both;
  EngineKind engine = EngineKind::fast;
  /// Runs of the sequence, one after the other, without reset.
  int dispatches = 1;
  /// Before each of them, outside of the array: one of Costs' dispatch_…
  Picoseconds dispatch_overhead = Costs{}.dispatch_in_list;
  Costs costs = {};
  /// The data arguments, as large as the program says; may be empty in mode timing.
  std::vector<std::span<std::byte>> hosts = {};
  /// Not 0: requests to memory take random times.
  std::uint64_t delay_seed = 0;
  Trace* trace = nullptr;
  /// A dispatch that takes longer is given up: Error{unsupported}.
  Cycle cycles_max = Cycle{1} << 40;
};

/// Throws Error{usage} at a program that cannot be executed or a library that lacks a kernel. A
/// deadlock is in the report.
Report simulate(const design::ArrayProgram& program, const KernelLibrary& library,
                const Options& options);

}  // namespace sotto::npu::sim
