#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace sotto {
namespace {

TEST(ThreadPool, EachIndexOnceOnAValidThread) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.size(), threads);
    for (const std::int64_t count : {0, 1, 2, 13, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
      std::atomic<bool> thread_in_range{true};
      pool.parallel_for(count, [&](std::int64_t i, int thread) {
        ++calls[static_cast<std::size_t>(i)];
        if (thread < 0 || thread >= threads) thread_in_range = false;
      });
      for (const auto& c : calls) EXPECT_EQ(c, 1);
      EXPECT_TRUE(thread_in_range);
    }
  }
}

TEST(ThreadPool, ManyShortLoopsInARow) {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum{0};
  for (int loop = 0; loop < 5000; ++loop) {
    pool.parallel_for(4, [&](std::int64_t i, int) { sum += i; });
  }
  EXPECT_EQ(sum, 5000 * 6);
}

TEST(ThreadPool, DefaultSizeIsAtLeastOne) {
  EXPECT_GE(ThreadPool::default_size(), 1);
}

}  // namespace
}  // namespace sotto
