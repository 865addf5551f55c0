#include "bench/machine.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/thread_pool.h"

namespace sotto::bench {
namespace {

/// What stands behind "key :" in /proc/cpuinfo, of the first processor.
std::string cpu_info(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::size_t system_number(int name) {
  return static_cast<std::size_t>(std::max(0L, ::sysconf(name)));
}

/// "1024K" of a cache of the first processor; 0 when it does not say.
std::size_t cache_bytes(int level) {
  const std::string index = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(level);
  std::ifstream in(index + "/size");
  std::size_t number = 0;
  char unit = 0;
  if (!(in >> number >> unit)) return 0;
  return number << (unit == 'M' ? 20 : unit == 'K' ? 10 : 0);
}

double load_average() {
  double average = 0;
  return ::getloadavg(&average, 1) == 1 ? average : 0;
}

}  // namespace

Machine this_machine() {
  const std::string cpu = cpu_info("model name");
  return {.cpu = cpu.empty() ? "unknown" : cpu,
          .n_cpus = ThreadPool::usable_cpus(),
          .l2_bytes = cache_bytes(2),
          .l3_bytes = cache_bytes(3),
          .memory_bytes = system_number(_SC_PHYS_PAGES) * system_number(_SC_PAGESIZE),
          .load = load_average()};
}

}  // namespace sotto::bench
