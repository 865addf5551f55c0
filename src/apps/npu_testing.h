// Runs "sotto npu" for its tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "apps/process.h"
#include "base/testing.h"

namespace sotto::apps::testing {

class NpuCommandTest : public ::testing::Test {
 protected:
  /// `command`: what comes before all arguments.
  explicit NpuCommandTest(std::vector<std::string> command) : command_(std::move(command)) {}

  Outcome npu(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), command_.begin(), command_.end());
    return run(folder_.path(), arguments);
  }
  /// What a command that succeeds writes.
  std::string text(const std::vector<std::string>& arguments) {
    const Outcome outcome = npu(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  void expect_usage(const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = npu(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(
        outcome.err,
        ::testing::AllOf(::testing::StartsWith("sotto: "), ::testing::HasSubstr(message),
                         ::testing::HasSubstr("\nsotto npu --help says what can be asked for.\n")));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 2) << outcome.err;
  }

  sotto::testing::TemporaryFolder folder_;

 private:
  std::vector<std::string> command_;
};

}  // namespace sotto::apps::testing
