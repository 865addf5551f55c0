// Choices on the command line that this machine is slower with than with others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/options.h"

namespace sotto::apps {

/// What decides which choices are slow.
struct MachineSpeed {
  int n_cpus = 0;  ///< that this process may use
  /// Whether products in bfloat16 take less time than in float32; measured in a millisecond.
  std::function<bool()> bfloat16_is_faster;
};
MachineSpeed this_machines_speed();

/// A warning of each; nothing is measured unless it is asked for. The options are those that
/// engine::check_compute_type() lets pass.
std::vector<std::string> slow_choices(const Options& options,
                                      const MachineSpeed& machine = this_machines_speed());

}  // namespace sotto::apps
