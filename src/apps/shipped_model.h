// The small model that comes with Sotto.
#pragma once

#include <filesystem>

namespace sotto::apps {

/// The model's folder, beside the program in a build folder or in an installation.
/// Throws Error{model} that lists the places when it is in none.
std::filesystem::path shipped_model();

}  // namespace sotto::apps
