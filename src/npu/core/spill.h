// Gives a value a place on the stack: stored where it is made, loaded before each use.
//
// To the loop, each iteration has a place of its own: one further on, as an array would. In code
// there are as many places as iterations of the kernel, used in turn, like the registers of a value
// that lives longer than the interval.
#pragma once

#include <optional>

#include "npu/core/loop.h"
#include "npu/core/schedule.h"

namespace sotto::npu::core {

/// The objects of spilled values, which no access of a kernel overlaps.
inline constexpr int kFirstSpillObject = 1 << 24;

/// Whether a register of this kind can go to the stack: vectors and accumulators, and not one that
/// already is a reload.
bool can_spill(const Loop& loop, int reg);

/// Whether an access is to a spilled value.
bool is_spill(const std::optional<Access>& access);

/// Bytes of all places of one iteration.
int spill_area(const Loop& loop);

/// Iterations between the store of a spilled value and the first that may use its place again.
int spill_depth(const Loop& loop, const Schedule& schedule);

/// The loop with register `reg` at [sp, −offset).
Loop spill(const Loop& loop, int reg, int offset);

}  // namespace sotto::npu::core
