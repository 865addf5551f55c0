// What comes with Sotto and is found at run time, beside the program in a build folder or in an
// installation.
#pragma once

#include <filesystem>

namespace sotto::apps {

/// The folder of the small model. Throws Error{model} that lists the places when it is in none.
std::filesystem::path shipped_model();

/// The folder of the scripts that run other engines for comparison (tools/compare). Throws
/// Error{io} likewise.
std::filesystem::path shipped_comparison();

}  // namespace sotto::apps
