#include "apps/cache_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

/// Sets an environment variable, or takes it away, until the end of the test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Environment() { set(old_ ? old_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) const {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }

  const char* name_;
  std::optional<std::string> old_;
};

std::optional<fs::path> folder_with(const char* caches, const char* home) {
  const Environment first("XDG_CACHE_HOME", caches), second("HOME", home);
  return cache_folder();
}

TEST(CacheFolder, IsWhereTheSpecificationPutsIt) {
  EXPECT_EQ(folder_with("/caches", "/home/me"), "/caches/sotto");
  EXPECT_EQ(folder_with(nullptr, "/home/me"), "/home/me/.cache/sotto");
  EXPECT_EQ(folder_with("", "/home/me"), "/home/me/.cache/sotto");
  EXPECT_EQ(folder_with("relative", "/home/me"), "/home/me/.cache/sotto");
  EXPECT_EQ(folder_with(nullptr, nullptr), std::nullopt);
  EXPECT_EQ(folder_with(nullptr, ""), std::nullopt);
}

}  // namespace
}  // namespace sotto::apps
