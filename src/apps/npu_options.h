// The options of "sotto npu".
#pragma once

#include <string>
#include <vector>

#include "apps/options.h"

namespace CLI {
class App;
}

namespace sotto::apps {

/// Adds the command to `parent`; what it takes goes to `options`, which must outlive it.
void add_npu(CLI::App& parent, Options& options);

/// Throws Error{usage} when `arguments`, "npu" first, name nothing that the command does.
void check_npu_command(const std::vector<std::string>& arguments);

}  // namespace sotto::apps
