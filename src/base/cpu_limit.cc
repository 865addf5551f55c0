#include "base/cpu_limit.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <string>

namespace sotto {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kUnlimited = std::numeric_limits<int>::max();

std::int64_t cpus_for(std::int64_t quota_us, std::int64_t period_us) {
  if (quota_us <= 0 || period_us <= 0) return kUnlimited;
  return std::min(kUnlimited, (quota_us - 1) / period_us + 1);
}

std::int64_t limit_of_version_2(const fs::path& group) {
  std::int64_t quota_us = 0, period_us = 0;
  std::ifstream file(group / "cpu.max");
  return file >> quota_us >> period_us ? cpus_for(quota_us, period_us) : kUnlimited;
}

std::int64_t limit_of_version_1(const fs::path& group) {
  std::int64_t quota_us = 0, period_us = 0;
  std::ifstream quota(group / "cpu.cfs_quota_us"), period(group / "cpu.cfs_period_us");
  return quota >> quota_us && period >> period_us ? cpus_for(quota_us, period_us) : kUnlimited;
}

/// The smallest limit of the cgroup `path` and those above it, up to `top`, where they are mounted.
template <typename Limit>
std::int64_t smallest_limit(const fs::path& top, const std::string& path, const Limit& limit_of) {
  std::int64_t smallest = limit_of(top);
  fs::path group = top;
  for (const fs::path& name : fs::path(path).lexically_normal().relative_path()) {
    group /= name;
    smallest = std::min(smallest, limit_of(group));
  }
  return smallest;
}

bool has_cpu(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

/// What the CPUs of one core have in common: their list, or the CPU itself where nothing is said.
std::string core_of(int cpu, const fs::path& root) {
  const std::string name = "cpu" + std::to_string(cpu);
  std::ifstream file(root / "sys/devices/system/cpu" / name / "topology/thread_siblings_list");
  std::string siblings;
  return std::getline(file, siblings) && !siblings.empty() ? siblings : name;
}

}  // namespace

std::optional<int> cgroup_cpu_limit(const fs::path& root) {
  const fs::path mounted = root / "sys/fs/cgroup";
  std::int64_t smallest = kUnlimited;
  std::ifstream groups(root / "proc/self/cgroup");
  std::string hierarchy, controllers, path;
  while (std::getline(groups, hierarchy, ':') && std::getline(groups, controllers, ':') &&
         std::getline(groups, path)) {
    if (controllers.empty()) {
      smallest = std::min(smallest, smallest_limit(mounted, path, limit_of_version_2));
    } else if (has_cpu(controllers)) {
      smallest = std::min(smallest, smallest_limit(mounted / "cpu", path, limit_of_version_1));
    }
  }
  if (smallest == kUnlimited) return std::nullopt;
  return static_cast<int>(smallest);
}

int count_cores(std::span<const int> cpus, const fs::path& root) {
  std::set<std::string> cores;
  for (const int cpu : cpus) cores.insert(core_of(cpu, root));
  return static_cast<int>(cores.size());
}

std::vector<int> spread_over_cores(std::span<const int> cpus, const fs::path& root) {
  std::map<std::string, std::size_t> taken;  // of each core
  std::vector<std::vector<int>> turns;
  for (const int cpu : cpus) {
    const std::size_t turn = taken[core_of(cpu, root)]++;
    if (turn == turns.size()) turns.emplace_back();
    turns[turn].push_back(cpu);
  }
  std::vector<int> order;
  for (const std::vector<int>& turn : turns) order.insert(order.end(), turn.begin(), turn.end());
  return order;
}

}  // namespace sotto
