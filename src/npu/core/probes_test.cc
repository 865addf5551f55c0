// The model of the core does what silicon did where that was probed.
#include "npu/core/probes_testing.h"

#include <gtest/gtest.h>

namespace sotto::npu::core::testing {
namespace {

TEST(Probes, ProductsThatComeTooCloseAreLost) {
  for (int distance = 1; distance <= static_cast<int>(kLandOfFloat.size()); ++distance) {
    const auto at = static_cast<size_t>(distance - 1);
    EXPECT_EQ(products_that_land(true, distance), kLandOfFloat[at]) << distance;
    EXPECT_EQ(products_that_land(false, distance), kLandOfInt[at]) << distance;
  }
}

TEST(Probes, TwoAccessesOfOneBankTakeACycleMore) {
  EXPECT_EQ(conflict_cycles(false), kConflictCycles);
  EXPECT_EQ(conflict_cycles(true), kConflictCycles);
}

}  // namespace
}  // namespace sotto::npu::core::testing
