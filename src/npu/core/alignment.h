// Where loops may lie in program memory.
#pragma once

#include <vector>

#include "npu/core/program.h"

namespace sotto::npu::core {

/// Makes the bundles [first, end) longer, none shorter, so that their bytes become a multiple of
/// kLoopAlignment; false when that cannot be.
bool pad(std::vector<Bundle>& bundles, int first, int end);

}  // namespace sotto::npu::core
