// What the project wants of its kernels: the share of the machine's peak that a part should reach.
#pragma once

#include <optional>
#include "bench/part.h"

namespace sotto::bench {

/// From 0 to 1, for the numbers that the part is bound by; nothing for a part that has no goal of
/// its own.
std::optional<double> goal_of(const Part& part);

}  // namespace sotto::bench
