// Where Sotto keeps what it can make again: packed weights.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/packed_cache.h"

namespace sotto::apps {

/// The folder "sotto" in $XDG_CACHE_HOME, else in ~/.cache, as the XDG Base Directory Specification
/// has it (relative paths do not count); nothing where there is neither. It need not exist.
std::optional<std::filesystem::path> cache_folder();

/// A cache of packed weights there; none when it is not `wanted` or there is no such folder.
std::optional<engine::CacheSettings> cache_settings(
    bool wanted, std::function<void(const std::string&)> on_problem = {});

}  // namespace sotto::apps
