// A loop's code: the shortest interval for which a schedule and registers are found; spills when
// registers do not suffice.
#pragma once

#include <cstdint>
#include <vector>

#include "npu/core/allocate.h"
#include "npu/core/bounds.h"
#include "npu/core/program.h"
#include "npu/core/schedule.h"

namespace sotto::npu::core {

struct Effort {
  int seeds = 16;          ///< schedules tried per interval
  int extra_interval = 4;  ///< above the bound, before something is spilled
  int max_spills = 24;
  int moves = 600;  ///< of each operation, to make a schedule take fewer registers
  /// Schedules tried in all, times their operations; but at least one for each interval.
  int tried_operations = 40'000;
};

/// An invariant that lies on the stack: its lowest byte, below sp - kKeptBytes, ends at `offset`.
struct Kept {
  int reg = 0;
  int offset = 0;
};

struct Pipeline {
  Loop loop;  ///< with the loads and stores of spills
  Bounds bounds;
  Schedule schedule;
  Allocation allocation;
  Program program;
  std::vector<Kept> kept;
  int spills = 0;
  int stack_bytes = 0;  ///< of spills, for all iterations under way, and of invariants
};

/// Throws Error when the loop is not sound or no code is found.
Pipeline pipeline(const Loop& loop, const Effort& effort = {});

/// Code that runs one iteration after the other.
Pipeline one_by_one(const Loop& loop);

/// Registers and code anew for the same schedule, after `made.loop` got other wishes or registers
/// that no operation names. False, and nothing changed, when that finds no registers; then `stuck`,
/// if given, is one that found none.
bool allocate_anew(Pipeline& made, int* stuck = nullptr);

/// Code for operations that run once: in order of urgency if there are registers for that, nearer
/// to the order of the program else, and with spills in the end. Throws Error when the registers do
/// not hold what comes in and goes out.
Pipeline straight(const Loop& loop);

}  // namespace sotto::npu::core
