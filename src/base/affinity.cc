#include "base/affinity.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>

#include "base/cpu_limit.h"
#include "base/error.h"
#include "base/text.h"

namespace sotto {
std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
  } else {
    cpus.resize(std::max(1u, std::thread::hardware_concurrency()));
    std::iota(cpus.begin(), cpus.end(), 0);
  }
  return cpus;
}

void set_affinity(pthread_t thread, std::span<const int> cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  const int error = ::pthread_setaffinity_np(thread, sizeof set, &set);
  if (error == 0) return;
  fail(ErrorKind::unsupported, "the system does not let a thread be pinned to CPU ", listed(cpus),
       ": ", std::strerror(error));
}

CpusOfThisThread::CpusOfThisThread(std::span<const int> cpus)
    : thread_(::pthread_self()), before_(allowed_cpus()) {
  set_affinity(thread_, cpus);
}

CpusOfThisThread::~CpusOfThisThread() {
  if (!is_of_this_thread()) return;
  try {
    set_affinity(thread_, before_);
  } catch (const Error&) {
    // None of them is left to this process.
  }
}

std::vector<int> cpus_to_pin(int n_threads) {
  const std::vector<int> allowed = allowed_cpus();
  if (static_cast<std::size_t>(n_threads) > allowed.size()) {
    fail(ErrorKind::unsupported, n_threads,
         " threads cannot be pinned to a CPU each: CPUs that may be "
         "used: ",
         allowed.size(), " (", listed(allowed), ")");
  }
  std::vector<int> cpus = spread_over_cores(allowed);
  cpus.resize(static_cast<std::size_t>(n_threads));
  return cpus;
}

}  // namespace sotto
