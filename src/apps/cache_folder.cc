#include "apps/cache_folder.h"

#include <cstdlib>
#include <utility>

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

std::optional<engine::CacheSettings> cache_settings(
    bool wanted, std::function<void(const std::string&)> on_problem) {
  const std::optional<fs::path> folder = cache_folder();
  if (!wanted || !folder) return std::nullopt;
  return engine::CacheSettings{.folder = *folder, .on_problem = std::move(on_problem)};
}

}  // namespace sotto::apps
