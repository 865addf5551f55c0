// Gives a value a place on the stack: stored where it is made, loaded before each use.
//
// An invariant is stored by whoever comes before the loop.
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

/// The objects of invariants on the stack, at [sp, -kKeptBytes) and below.
inline constexpr int kFirstKeptObject = 1 << 25;
inline constexpr int kKeptBytes = 1024;

/// Whether a register of this kind can go to the stack: vectors and accumulators, and not one that
/// already is a reload.
bool can_spill(const Loop& loop, int reg);

/// Whether an access is to a spilled value.
bool is_spill(const std::optional<Access>& access);

bool is_kept(const std::optional<Access>& access);

/// Bytes of all places of one iteration; of all invariants.
int spill_area(const Loop& loop);
int kept_area(const Loop& loop);

/// Whether no operation writes the register.
bool is_invariant(const Loop& loop, int reg);

/// Iterations between the store of a spilled value and the first that may use its place again.
int spill_depth(const Loop& loop, const Schedule& schedule);

/// Loads and stores that a spill takes.
int accesses_of(const Loop& loop, int reg);

/// The loop with register `reg` on the stack, below what is there already; reloaded before each
/// use, or once an iteration.
Loop spill(const Loop& loop, int reg, bool once = false);

}  // namespace sotto::npu::core
