// How many CPUs this process may keep busy, and which cores these are. Containers and services are
// often given a share of the machine that their affinity mask does not show.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace sotto {

/// The smallest CPU quota of this process's cgroup and those above it, in CPUs, rounded up; nothing
/// when none of them has one. Reads, under `root`,
///   proc/self/cgroup            "0::/a/b" (version 2) or "4:cpu,cpuacct:/a/b" (version 1)
///   sys/fs/cgroup/a/b/cpu.max   version 2: quota and period in µs, "150000 100000" or "max 100000"
///   sys/fs/cgroup/cpu/a/b/cpu.cfs_{quota,period}_us   version 1; a quota of −1 is none
/// A file that is not there or says something else sets no limit: inside a container the folders of
/// the path may be missing, and the topmost one is the container's.
std::optional<int> cgroup_cpu_limit(const std::filesystem::path& root = "/");

/// How many cores these CPUs are: two that are threads of one core share what multiplies. Reads,
/// under `root`, for CPU n
///   sys/devices/system/cpu/cpu<n>/topology/thread_siblings_list   "0,8" or "0-1"
/// A CPU of which nothing is said counts as a core.
int count_cores(std::span<const int> cpus, const std::filesystem::path& root = "/");

/// The same CPUs, one of each core first, then a second one of each that has two, and so on; those
/// of a turn keep their order.
std::vector<int> spread_over_cores(std::span<const int> cpus,
                                   const std::filesystem::path& root = "/");

}  // namespace sotto
