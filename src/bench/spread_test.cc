#include "bench/spread.h"

#include <gtest/gtest.h>

namespace sotto::bench {
namespace {

TEST(Spread, HoldsTheMedianAndTheQuartiles) {
  const Spread one = spread_of({3});
  EXPECT_EQ(one.low, 3);
  EXPECT_EQ(one.median, 3);
  EXPECT_EQ(one.high, 3);
  const Spread odd = spread_of({5, 1, 4, 2, 3});
  EXPECT_EQ(odd.low, 2);
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.high, 4);
  const Spread even = spread_of({4, 1, 3, 2});
  EXPECT_EQ(even.low, 1.75);
  EXPECT_EQ(even.median, 2.5);
  EXPECT_EQ(even.high, 3.25);
}

}  // namespace
}  // namespace sotto::bench
