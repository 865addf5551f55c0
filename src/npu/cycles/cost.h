// What a call of a kernel costs on a core: cycles, counted from the code that runs, and what takes
// them.
//
// A core is a VLIW without interlocks: its cycles are the bundles that it runs and the stalls of
// its memory's banks. Both are counted by running the call's code (run.h), on the bits that the
// kernel was recorded with, and a result that differs from the kernel's own is an error: no cost is
// told of code that is wrong.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "npu/core/banks.h"
#include "npu/core/hardware_loop.h"
#include "npu/cycles/compile.h"
#include "npu/recorder/calls.h"

namespace sotto::npu::cycles {

/// Of an empty call, return and its delay slots included: measured on a Phoenix, 19.3 to 20.4.
inline constexpr int64_t kCallCycles = 20;
/// Of those, the ones that are bundles of the code: its return and the delay slots.
inline constexpr int64_t kReturnCycles = 1 + core::kDelaySlots;
/// Assumed, not scheduled: compare and jump round the pipeline of a loop that may run too few times
/// for it. Whoever shows costs says for which loops (LoopCost::is_guarded).
inline constexpr int64_t kGuardCycles = 7;
inline constexpr int kGuardBytes = 16;

struct LoopCost {
  std::string name;
  int64_t trips = 0, runs = 0;  ///< each time it is entered; how often that is
  int interval = 0;             ///< cycles from iteration to iteration
  int bound = 0;                ///< that no schedule can beat
  std::string binding;          ///< what the bound is due to
  int stages = 0, unroll = 0, spills = 0;
  int64_t cycles = 0;  ///< of one entry, ramps included
  bool is_guarded = false;
  int plain_bytes = 0;  ///< of a guarded one's plain twin, in program_bytes
};

struct KernelCost {
  std::string name;
  int64_t cycles = 0;       ///< of one call, all included
  int beside_return = 0;    ///< cycles that the return and its delay slots share with other work
  int64_t bank_stalls = 0;  ///< included
  int64_t macs = 0;         ///< products of numbers
  double peak_cycles = 0;   ///< that those take at the peak of their types
  int program_bytes = 0;    ///< with the plain twins of guarded loops
  int stack_bytes = 0;      ///< of spills
  int moves = 0;            ///< instructions between pieces, in the code
  std::array<int64_t, core::kBanks> bank_bytes{};  ///< of buffers
  std::vector<LoopCost> loops;
};

/// Throws Error when no code is found, or when what is found is wrong.
KernelCost cost_of(const recorder::Kernel& kernel, const core::Effort& effort = {});
KernelCost cost_of(const recorder::Kernel& kernel, const Compiled& compiled);

/// The loop that takes most of the call; nullptr when it has none. Its place in cost.loops is that
/// among the loops of the compiled pieces.
const LoopCost* hot_loop(const KernelCost& cost);

/// Costs by kernel and sizes, each computed once: seconds for the large ones.
class Costs {
 public:
  explicit Costs(const core::Effort& effort = {}) : effort_(effort) {}

  /// One of recorder::recordable(), called with these sizes.
  const KernelCost& of(const std::string& name, const recorder::Sizes& sizes = {});

 private:
  core::Effort effort_;
  std::map<std::pair<std::string, recorder::Sizes>, KernelCost> known_;
};

}  // namespace sotto::npu::cycles
