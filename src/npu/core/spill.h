// Gives a value a place on the stack: stored where it is made, loaded before each use.
#pragma once

#include "npu/core/loop.h"

namespace sotto::npu::core {

/// The objects of spilled values, which no access of a kernel overlaps.
inline constexpr int kFirstSpillObject = 1 << 24;

/// Whether a register of this kind can go to the stack: vectors and accumulators, and not one that
/// already is a reload.
bool can_spill(const Loop& loop, int reg);

/// Bytes of stack that a register takes.
int spill_bytes(const Loop& loop, int reg);

/// The loop with register `reg` at [sp, offset).
Loop spill(const Loop& loop, int reg, int offset);

}  // namespace sotto::npu::core
