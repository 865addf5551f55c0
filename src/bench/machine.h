// What machine this is, as its system tells.
#pragma once

#include <cstddef>
#include <string>

namespace sotto::bench {

struct Machine {
  std::string cpu;  ///< "AMD EPYC", as /proc/cpuinfo names it
  int n_cpus = 0;   ///< that this process may use
  /// Bytes of one core's cache, and of the last level's as it is told to this (virtual) machine;
  /// 0: not known.
  std::size_t l2_bytes = 0;
  std::size_t l3_bytes = 0;
  std::size_t memory_bytes = 0;
  double load = 0;  ///< programs that were running, on average over the last minute
};

Machine this_machine();

}  // namespace sotto::bench
