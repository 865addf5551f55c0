// What tests of all folders share: where test data is, skipping when it is not there, and what an
// error says.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/sanitizers.h"

namespace sotto::testing {

/// A file of the repository.
inline std::filesystem::path source_path(const std::string& relative) {
  return std::filesystem::path(SOTTO_SOURCE_DIR) / relative;
}

/// Larger data that the project does not ship (real Whisper weights, recordings): the folder named
/// by SOTTO_TEST_DATA, else ../shared/data beside the repository.
inline std::filesystem::path external_data(const std::string& relative) {
  const char* folder = std::getenv("SOTTO_TEST_DATA");
  return (folder != nullptr ? std::filesystem::path(folder) : source_path("../shared/data")) /
         relative;
}

/// In CI (CI=true) a test may lack larger data only where there is none at all: where its folder is
/// there, or named, a file that is missing is a mistake.
inline bool must_have_data() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string(ci) == "true" &&
         (std::getenv("SOTTO_TEST_DATA") != nullptr || std::filesystem::exists(external_data("")));
}

/// Built with a sanitizer of addresses or threads.
#if defined(SOTTO_ASAN) || defined(SOTTO_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Built without optimisation or with a sanitizer.
#if defined(__OPTIMIZE__)
inline constexpr bool kSlowBuild = kSanitized;
#else
inline constexpr bool kSlowBuild = true;
#endif

/// A new empty folder under the system's temporary one, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sotto_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) fail(ErrorKind::io, "cannot make the folder ", name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The message of the sotto::Error that `action` throws, whose kind must be this one; "no error"
/// when it returns. What else it throws escapes.
inline std::string message_of(ErrorKind kind, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace sotto::testing

/// Skips the test, saying which file it needs, when that file is not on this machine; fails where
/// it must be (must_have_data()).
#define SOTTO_NEEDS_FILE(path)                                                       \
  do {                                                                               \
    if (std::filesystem::exists(path)) break;                                        \
    if (sotto::testing::must_have_data()) FAIL() << "CI's test data lacks " << path; \
    GTEST_SKIP() << "skipped: needs " << path;                                       \
  } while (false)
