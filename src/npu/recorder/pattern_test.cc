#include "npu/recorder/pattern.h"

#include <gtest/gtest.h>

namespace sotto::npu::recorder {
namespace {

using Steps = std::vector<int64_t>;

/// The steps that a modifier of this pattern takes (addresses.h).
Steps walk(Pattern pattern, size_t count) {
  Steps steps;
  while (steps.size() < count) {
    if (pattern.count == 0 || pattern.done != pattern.count) {
      steps.push_back(pattern.inner);
      ++pattern.done;
      continue;
    }
    pattern.done = 0;
    if (pattern.outer_count == 0 || pattern.outer_done != pattern.outer_count) {
      steps.push_back(pattern.wrap);
      ++pattern.outer_done;
    } else {
      steps.push_back(pattern.outer_wrap);
      pattern.outer_done = 0;
    }
  }
  return steps;
}

void expect_fit(const Steps& steps, int dimensions) {
  const std::optional<Pattern> pattern = fit(steps);
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->dimensions(), dimensions);
  EXPECT_EQ(walk(*pattern, steps.size()), steps);
}

TEST(Pattern, ALineHasOneDimension) {
  expect_fit({}, 1);
  expect_fit({64}, 1);
  expect_fit({64, 64, 64}, 1);
}

TEST(Pattern, RowsHaveTwo) {
  expect_fit({1, 1, 9, 1, 1, 9, 1}, 2);
  expect_fit({9, 1, 1, 9, 1, 1}, 2);  // begins at a row's end
  expect_fit({1, 9, 1, 1, 9, 1, 1, 9}, 2);
  expect_fit({1, 1, 9}, 2);
}

TEST(Pattern, PlanesHaveThree) {
  expect_fit({1, 9, 1, 9, 1, 50, 1, 9, 1, 9, 1, 50}, 3);
  expect_fit({1, 1, 9, 1, 1, 1, 9, 1, 1, 1, 9, 1, 1, 1, -99}, 3);
}

TEST(Pattern, OtherWaysHaveNone) {
  EXPECT_FALSE(fit(Steps{1, 3, 5, 7}));
  EXPECT_FALSE(fit(Steps{1, 9, 1, 1, 9, 1, 9}));
  EXPECT_FALSE(fit(Steps{1, 1, 9, 9, 1, 1}));
}

}  // namespace
}  // namespace sotto::npu::recorder
