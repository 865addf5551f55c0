// From a schedule and registers to code: the ramp in, the kernel as a hardware loop, the ramp out.
#pragma once

#include "npu/core/allocate.h"
#include "npu/core/program.h"
#include "npu/core/schedule.h"

namespace sotto::npu::core {

/// Code that runs loop.trips iterations. The kernel has `unroll` iterations; when the trip count
/// leaves a remainder, that many more iterations start in the ramp in. Too few trips for a kernel:
/// no loop.
Program emit(const Loop& loop, const Schedule& schedule, const Allocation& allocation);

/// Bundles that one loop costs beyond its kernel: in and out, and the three writes of ls, le and lc
/// where the ramp had no room for them.
struct RampCost {
  int in = 0, out = 0;
};
RampCost ramps_of(const Program& program);

}  // namespace sotto::npu::core
