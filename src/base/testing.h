// What tests of all folders share: where test data is, and skipping when it is not there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

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

}  // namespace sotto::testing

/// Skips the test, saying which file it needs, when that file is not on this machine.
#define SOTTO_NEEDS_FILE(path)                                                     \
  do {                                                                             \
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "skipped: needs " << path; \
  } while (false)
