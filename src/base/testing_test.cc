#include "base/testing.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace sotto::testing {
namespace {

/// An environment variable with another value, or none, until the end of a test.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  void set(const std::optional<std::string>& value) {
    value ? ::setenv(name_, value->c_str(), 1) : ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(ExternalData, MustBeThereInCiWhereItsFolderIs) {
  const TemporaryFolder folder;
  Variable ci("CI", "true"), data("SOTTO_TEST_DATA", folder.path());
  EXPECT_EQ(external_data("a"), folder / "a");
  EXPECT_TRUE(must_have_data());
  data.set(folder / "not-there");
  EXPECT_TRUE(must_have_data()) << "named, but not there";
  for (const std::optional<std::string>& no : {std::optional<std::string>(), {"false"}}) {
    ci.set(no);
    EXPECT_FALSE(must_have_data());
  }
  ci.set("true");
  data.set(std::nullopt);
  EXPECT_EQ(external_data(""), source_path("../shared/data/"));
  EXPECT_EQ(must_have_data(), std::filesystem::exists(source_path("../shared/data")));
}

}  // namespace
}  // namespace sotto::testing
