// Where hardware loops may lie in program memory (hardware_loop.h), and how bundles are made longer
// for that.
#pragma once

#include <vector>

#include "npu/core/program.h"

namespace sotto::npu::core {

int bytes_between(const std::vector<Bundle>& bundles, int first, int end);

/// The last bundle before `first`, where a loop begins, that writes ls, le or lc; -1: none.
int set_up_of(const std::vector<Bundle>& bundles, int first);

/// Makes bundles longer between the last write of the loop's registers and its last bundle, until
/// they are far enough apart; false when that cannot be, or nothing writes them.
bool stretch(std::vector<Bundle>& bundles, int first, int last);

/// Makes the bundles [first, end) longer, none shorter, so that their bytes become a multiple of
/// kBlockAlignment; false when that cannot be.
bool pad(std::vector<Bundle>& bundles, int first, int end);

}  // namespace sotto::npu::core
