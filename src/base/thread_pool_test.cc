#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/testing.h"

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

TEST(ThreadPool, AThreadThatIsSlowerGetsLess) {
  ThreadPool pool(2);
  constexpr int kCount = 100;
  std::atomic<int> done{0};
  std::array<std::atomic<int>, 2> by_thread{};
  std::atomic<int> slow{-1}, before{-1};
  pool.parallel_for(kCount, [&](std::int64_t i, int thread) {
    // Whoever takes the first is slow from then on: the other one must be given all the rest.
    if (i == 0) {
      slow = thread;
      before = by_thread[static_cast<std::size_t>(thread)].load();
      while (done < kCount - 1) std::this_thread::yield();
    }
    ++by_thread[static_cast<std::size_t>(thread)];
    ++done;
  });
  ASSERT_GE(slow, 0);
  EXPECT_EQ(by_thread[static_cast<std::size_t>(slow)], before + 1);
  EXPECT_EQ(by_thread[static_cast<std::size_t>(1 - slow)], kCount - before - 1);
}

TEST(ThreadPool, EachThreadBeginsWithItsOwnShare) {
  ThreadPool pool(3);
  for (const std::int64_t count : {3, 8, 30}) {
    std::array<std::int64_t, 3> first = {-1, -1, -1};
    std::atomic<int> here{0};
    pool.parallel_for(count, [&](std::int64_t i, int thread) {
      std::int64_t& mine = first[static_cast<std::size_t>(thread)];
      if (mine >= 0) return;
      mine = i;
      ++here;
      while (here < 3) std::this_thread::yield();
    });
    EXPECT_EQ(first, (std::array<std::int64_t, 3>{0, (count + 2) / 3, (2 * count + 2) / 3}));
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

TEST(ThreadPool, StartsAndEndsAtAnyMoment) {
  for (int round = 0; round < 300; ++round) {
    ThreadPool pool(1 + round % 4);
    std::atomic<int> calls{0};
    for (int loop = 0; loop < round % 5; ++loop) {
      pool.parallel_for(3, [&](std::int64_t, int) { ++calls; });
    }
    EXPECT_EQ(calls, 3 * (round % 5));
  }
}

TEST(ThreadPool, WakesWorkersThatSleep) {
  ThreadPool pool(2);
  for (int loop = 0; loop < 20; ++loop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // longer than they spin
    std::atomic<int> here{0};
    // Both threads must be in the loop for it to end.
    pool.parallel_for(2, [&](std::int64_t, int) {
      ++here;
      while (here < 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadPool, AJobBesideSharesTheThreadsAndTheirNumbers) {
  for (const int threads : {2, 3, 5}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> users(static_cast<std::size_t>(threads));
    std::atomic<bool> alone{true};
    const auto loops = [&](std::atomic<std::int64_t>& sum) {
      for (int loop = 0; loop < 300; ++loop) {
        pool.parallel_for(1 + loop % 9, [&](std::int64_t i, int thread) {
          std::atomic<int>& user = users[static_cast<std::size_t>(thread)];
          if (user++ != 0) alone = false;
          sum += i;
          --user;
        });
      }
    };
    std::atomic<std::int64_t> expected{0};
    loops(expected);
    for (int job = 0; job < 20; ++job) {
      std::atomic<std::int64_t> beside{0}, callers{0};
      pool.start_beside([&] { loops(beside); });
      loops(callers);
      pool.finish_beside();
      EXPECT_EQ(beside, expected);
      EXPECT_EQ(callers, expected);
    }
    EXPECT_TRUE(alone);
  }
}

TEST(ThreadPool, WhoWaitsForAJobTakesPartInItsLoops) {
  ThreadPool pool(2);
  for (int round = 0; round < 50; ++round) {
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::atomic<int> here{0};
    pool.start_beside([&] {
      // Both threads must be in the loop for it to end.
      pool.parallel_for(2, [&](std::int64_t, int) {
        ++here;
        while (here < 2) std::this_thread::yield();
      });
    });
    pool.finish_beside();
    EXPECT_EQ(here, 2);
  }
}

TEST(ThreadPool, AJobCanBeLookedAt) {
  ThreadPool pool(2);
  std::atomic<bool> go{false};
  pool.start_beside([&] {
    while (!go) std::this_thread::yield();
  });
  EXPECT_FALSE(pool.beside_is_done());
  go = true;
  while (!pool.beside_is_done()) std::this_thread::yield();
  pool.finish_beside();
  EXPECT_FALSE(pool.beside_is_done());
}

TEST(ThreadPoolDeathTest, OneJobAtATime) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ThreadPool pool(2);
        pool.start_beside([] {});
        pool.start_beside([] {});
      },
      "JobState::none");
  EXPECT_DEATH(ThreadPool(1).start_beside([] {}), "workers_");
}

/// In a process of its own, whose address space holds the stacks of a few threads only.
[[noreturn]] void start_too_many_threads() {
  const rlimit limit = {.rlim_cur = 200u << 20, .rlim_max = 200u << 20};
  ::setrlimit(RLIMIT_AS, &limit);
  try {
    const ThreadPool pool(1000);
    std::fputs("started", stderr);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
  }
  std::exit(3);
}

TEST(ThreadPool, SaysWhenThreadsCannotBeStarted) {
  if (testing::kSanitized) {
    GTEST_SKIP() << "skipped: sanitizers need more address space than the limit of this test";
  }
  EXPECT_EXIT(start_too_many_threads(), ::testing::ExitedWithCode(3),
              "cannot start 1000 threads, but [0-9]+ .*ask for fewer");
}

TEST(ThreadPool, DefaultSizeIsTheCoresOfTheAffinityMask) {
  EXPECT_GE(ThreadPool::default_size(), 1);
  EXPECT_LE(ThreadPool::default_size(), ThreadPool::usable_cpus());
  EXPECT_EQ(ThreadPool().size(), ThreadPool::default_size());
  std::thread([] {  // whose mask is its own
    cpu_set_t set;
    CPU_ZERO(&set);
    ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(ThreadPool::usable_cpus(), 1);
    EXPECT_EQ(ThreadPool::default_size(), 1);
  })
      .join();
}

TEST(ThreadPool, PinnedThreadsHaveACpuEach) {
  std::thread([] {  // whose mask is its own
    const std::vector<int> all = allowed_cpus();
    for (int threads = 1; threads <= std::min(4, static_cast<int>(all.size())); ++threads) {
      const std::vector<int> expected = cpus_to_pin(threads);
      ThreadPool pool(threads, Pinning::one_cpu_each);
      EXPECT_TRUE(pool.pinned());
      std::vector<std::vector<int>> cpus(static_cast<std::size_t>(threads));
      std::atomic<int> here{0};
      pool.parallel_for(threads, [&](std::int64_t, int thread) {
        cpus[static_cast<std::size_t>(thread)] = allowed_cpus();
        ++here;
        while (here < threads) std::this_thread::yield();  // so that each takes one
      });
      std::vector<int> of_all;
      for (const auto& of_one : cpus) {
        ASSERT_EQ(of_one.size(), 1u);
        of_all.push_back(of_one.front());
      }
      EXPECT_EQ(of_all, expected);
    }
    EXPECT_EQ(allowed_cpus(), all) << "free again";
  })
      .join();
}

TEST(ThreadPool, WhoMadeAPinnedPoolCanBeFreedForAWhile) {
  std::thread([] {
    const std::vector<int> all = allowed_cpus();
    const ThreadPool pool(1, Pinning::one_cpu_each);
    EXPECT_EQ(allowed_cpus().size(), 1u);
    {
      const auto unpinned = pool.unpin_caller();
      EXPECT_EQ(allowed_cpus(), all);
      std::thread([&] { EXPECT_FALSE(pool.unpin_caller()) << "another thread"; }).join();
    }
    EXPECT_EQ(allowed_cpus().size(), 1u);
    EXPECT_FALSE(ThreadPool(1).unpin_caller());
    EXPECT_FALSE(ThreadPool(1).pinned());
  }).join();
}

TEST(ThreadPool, MoreThreadsThanCpusCannotBePinned) {
  std::thread([] {
    const std::vector<int> all = allowed_cpus();
    const int too_many = static_cast<int>(all.size()) + 1;
    EXPECT_NE(testing::message_of(ErrorKind::unsupported,
                                  [&] { ThreadPool(too_many, Pinning::one_cpu_each); })
                  .find("threads cannot be pinned to a CPU each"),
              std::string::npos);
    EXPECT_EQ(allowed_cpus(), all);
  }).join();
}

}  // namespace
}  // namespace sotto
