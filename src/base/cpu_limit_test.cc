#include "base/cpu_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/testing.h"

namespace sotto {
namespace {

namespace fs = std::filesystem;

/// A made-up root with /proc and /sys.
class CpuLimitTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& content) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << content;
  }
  std::optional<int> limit() const { return cgroup_cpu_limit(root_); }

  const testing::TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
};

TEST_F(CpuLimitTest, WithoutCgroupsThereIsNone) {
  EXPECT_EQ(limit(), std::nullopt);
  write("proc/self/cgroup", "0::/a\n");
  EXPECT_EQ(limit(), std::nullopt);
}

TEST_F(CpuLimitTest, TheQuotaIsRoundedUp) {
  write("proc/self/cgroup", "0::/a\n");
  const auto with = [&](const std::string& cpu_max) {
    write("sys/fs/cgroup/a/cpu.max", cpu_max);
    return limit();
  };
  EXPECT_EQ(with("200000 100000\n"), 2);
  EXPECT_EQ(with("200001 100000\n"), 3);
  EXPECT_EQ(with("150000 100000\n"), 2);
  EXPECT_EQ(with("1 100000\n"), 1);
  EXPECT_EQ(with("400000 50000\n"), 8);
  EXPECT_EQ(with("max 100000\n"), std::nullopt);
}

TEST_F(CpuLimitTest, WhatIsNoQuotaSetsNoLimit) {
  write("proc/self/cgroup", "0::/a\n");
  for (const std::string damaged : {"", "3", "0 100000", "-1 100000", "100000 0", "a b",
                                    "99999999999999999999 1", "9223372036854775807 1"}) {
    write("sys/fs/cgroup/a/cpu.max", damaged);
    EXPECT_EQ(limit(), std::nullopt) << damaged;
  }
}

TEST_F(CpuLimitTest, TheSmallestOfTheAncestorsCounts) {
  write("proc/self/cgroup", "0::/a/b/c\n");
  write("sys/fs/cgroup/a/cpu.max", "300000 100000");
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000");
  write("sys/fs/cgroup/a/b/c/cpu.max", "500000 100000");
  write("sys/fs/cgroup/other/cpu.max", "100000 100000");
  EXPECT_EQ(limit(), 3);
  write("sys/fs/cgroup/a/b/c/cpu.max", "200000 100000");
  EXPECT_EQ(limit(), 2);
}

TEST_F(CpuLimitTest, InAContainerTheTopmostGroupIsItsOwn) {
  for (const std::string path : {"/", "/docker/1234", "/../.."}) {
    write("proc/self/cgroup", "0::" + path + "\n");
    write("sys/fs/cgroup/cpu.max", "400000 100000");
    EXPECT_EQ(limit(), 4) << path;
  }
}

TEST_F(CpuLimitTest, Version1SaysItInTwoFiles) {
  write("proc/self/cgroup",
        "12:cpuset:/a\n4:cpu,cpuacct:/a/b\n3:memory:/m\n1:name=systemd:/s:1\n0::/a\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limit(), std::nullopt);
  write("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(limit(), std::nullopt);  // without the period
  write("sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limit(), 3);
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(limit(), 1);
}

/// Says which CPUs are threads of one core.
class CoresTest : public CpuLimitTest {
 protected:
  void say(int cpu, const std::string& siblings) {
    write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
          siblings);
  }
  int cores(std::vector<int> cpus) { return count_cores(cpus, root_); }
  std::vector<int> spread(std::vector<int> cpus) { return spread_over_cores(cpus, root_); }
};

TEST_F(CoresTest, ThreadsOfOneCoreAreOneCore) {
  EXPECT_EQ(cores({0, 1, 2, 3}), 4) << "nothing is said";
  for (const int cpu : {0, 4}) say(cpu, "0,4\n");
  for (const int cpu : {1, 5}) say(cpu, "1,5\n");
  EXPECT_EQ(cores({0, 1, 4, 5}), 2);
  EXPECT_EQ(cores({0, 5}), 2) << "one thread of each";
  EXPECT_EQ(cores({1, 5}), 1);
  EXPECT_EQ(cores({0, 1, 2, 4, 5}), 3);
  say(2, "\n");
  say(3, "");
  EXPECT_EQ(cores({2, 3}), 2) << "damaged";
}

TEST_F(CoresTest, OneCpuOfEachCoreComesFirst) {
  using ::testing::ElementsAre;
  EXPECT_THAT(spread({3, 0, 1}), ElementsAre(3, 0, 1)) << "nothing is said";
  EXPECT_THAT(spread({}), ElementsAre());
  // Two large cores of two threads, then two small ones of one.
  for (const int cpu : {0, 1}) say(cpu, "0-1\n");
  for (const int cpu : {2, 3}) say(cpu, "2-3\n");
  for (const int cpu : {4, 5}) say(cpu, std::to_string(cpu) + "\n");
  EXPECT_THAT(spread({0, 1, 2, 3, 4, 5}), ElementsAre(0, 2, 4, 5, 1, 3));
  EXPECT_THAT(spread({1, 2, 3}), ElementsAre(1, 2, 3));
  EXPECT_THAT(spread({2, 3}), ElementsAre(2, 3));
}

}  // namespace
}  // namespace sotto
