// Where Sotto keeps what it can make again: packed weights.
#pragma once

#include <filesystem>
#include <optional>

namespace sotto::apps {

/// The folder "sotto" in $XDG_CACHE_HOME, else in ~/.cache, as the XDG Base Directory Specification
/// has it (relative paths do not count); nothing where there is neither. It need not exist.
std::optional<std::filesystem::path> cache_folder();

}  // namespace sotto::apps
