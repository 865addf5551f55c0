// Makes a modulo schedule take fewer registers: operations move and change places, at random but
// ever more choosy (simulated annealing), until no cycle holds more than there is room for.
#pragma once

#include <cstdint>
#include <vector>

#include "npu/core/schedule.h"

namespace sotto::npu::core {

/// Changes the schedule; its interval stays. `spare` units of every file of vectors and
/// accumulators are to be left, since what fits by number may not fit by place. `moves` are tried
/// for each operation. Returns the unit
/// cycles that are still too many.
int64_t fit_registers(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule,
                      int spare, int moves, uint32_t seed);

}  // namespace sotto::npu::core
