// All iterations of a loop as one body.
#pragma once

#include <string>
#include <vector>

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// The body stands for all iterations, with the values of the last one. Fails when iterations
/// differ in more than constants, addresses and where loop-carried values begin; `values` grows by
/// the copies that a value which changes only after the first iteration takes.
LoopNode fold(std::string name, int64_t min_trips, std::vector<Items> iterations,
              std::vector<RegisterClass>& values);

}  // namespace sotto::npu::recorder
