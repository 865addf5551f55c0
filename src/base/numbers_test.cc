#include "base/numbers.h"

#include <gtest/gtest.h>

namespace sotto {
namespace {

TEST(Numbers, DigitsAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

TEST(Numbers, HaveAsManyDecimalsAsAskedFor) {
  EXPECT_EQ(decimals(2.5, 0), "2");  // ties to even
  EXPECT_EQ(decimals(-0.127, 2), "-0.13");
  EXPECT_EQ(decimals(1e20, 1), "100000000000000000000.0");
}

}  // namespace
}  // namespace sotto
