#include "apps/cache_folder.h"

#include <cstdlib>

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

/// The absolute path in an environment variable.
std::optional<fs::path> absolute_path(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || !fs::path(value).is_absolute()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<fs::path> cache_folder() {
  if (const auto caches = absolute_path("XDG_CACHE_HOME")) return *caches / "sotto";
  if (const auto home = absolute_path("HOME")) return *home / ".cache" / "sotto";
  return std::nullopt;
}

}  // namespace sotto::apps
