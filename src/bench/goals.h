// What the project wants of its kernels: the share of the machine's peak that a part should reach.
#pragma once

#include <optional>
#include <string>

namespace sotto::bench {

/// From 0 to 1; nothing for a part that has no goal of its own.
std::optional<double> goal_of(const std::string& part);

}  // namespace sotto::bench
