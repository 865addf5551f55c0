#include "bench/measure.h"

#include <gtest/gtest.h>

#include "bench/limits.h"
#include "bench/part.h"

namespace sotto::bench {
namespace {

TEST(Measure, TakesTheRunsThatFollowTheFirst) {
  ThreadPool pool(1);
  Limits limits(Isa::portable, pool);
  int calls = 0;
  const Budget budget{.seconds = 0, .min_rounds = 3};
  const Timing timing = measure_whole(limits, budget, {}, [&] { ++calls; });
  // Rounds of sixteen short runs, each after one that does not count.
  EXPECT_EQ(timing.runs, 3 * 16);
  EXPECT_EQ(calls, 3 * 17);
  EXPECT_FALSE(timing.of_limit);
}

TEST(Measure, ComparesEachPartWithItsOwnFloor) {
  ThreadPool pool(1);
  Limits limits(Isa::portable, pool);
  Work products, bytes;
  products[Resource::float32] = 1e6;
  bytes[Resource::memory] = 1 << 20;
  const std::vector<Work> works = {products, {}, bytes};
  // Times that no machine reaches: its share is tiny, and that of twice the time half of it.
  const auto timings = measure(limits, {.seconds = 0, .min_rounds = 5}, works, [] {
    return std::vector<double>{1e6, 1, 2e6};
  });
  ASSERT_EQ(timings.size(), 3u);
  ASSERT_TRUE(timings[0].of_limit);
  EXPECT_GT(timings[0].of_limit->median, 0);
  EXPECT_LT(timings[0].of_limit->median, 1e-6);
  EXPECT_FALSE(timings[1].of_limit);
  EXPECT_TRUE(timings[2].of_limit);
  EXPECT_EQ(timings[2].seconds.median, 2e6);
}

TEST(Part, GivesRatesOfTheMedian) {
  Part part{.name = "x", .unit = "window", .audio_seconds = 30};
  part.timing.seconds = {.median = 0.5, .low = 0.4, .high = 0.6};
  part.work[Resource::int8] = 3e9;
  part.work[Resource::float32] = 1e9;
  part.work[Resource::memory] = 2e9;
  EXPECT_EQ(part.gmac(), 4);
  EXPECT_EQ(part.gmac_per_second(), 8);
  EXPECT_EQ(part.gigabytes_per_second(), 4);
  EXPECT_EQ(part.times_realtime(), 60);
}

}  // namespace
}  // namespace sotto::bench
