// On which CPUs threads may run.
#pragma once

#include <pthread.h>

#include <span>
#include <vector>

namespace sotto {

/// The CPUs of the calling thread's affinity mask, by number; at least one.
std::vector<int> allowed_cpus();

/// As long as it lives, the thread that made it may run on these CPUs only, and so may what it
/// starts; then it has those again that it had before. Throws Error{unsupported} as set_affinity().
class CpusOfThisThread {
 public:
  explicit CpusOfThisThread(std::span<const int> cpus);
  ~CpusOfThisThread();
  CpusOfThisThread(const CpusOfThisThread&) = delete;
  CpusOfThisThread& operator=(const CpusOfThisThread&) = delete;

  const std::vector<int>& before() const { return before_; }
  bool is_of_this_thread() const { return ::pthread_equal(thread_, ::pthread_self()) != 0; }

 private:
  pthread_t thread_;
  std::vector<int> before_;
};

/// Lets a thread run on these CPUs only. Throws Error{unsupported} when the system refuses.
void set_affinity(pthread_t thread, std::span<const int> cpus);

/// The CPUs that `n_threads` are pinned to, one for each, of those that the calling thread may use:
/// one of each core first (spread_over_cores()). Throws Error{unsupported} when there are too few.
std::vector<int> cpus_to_pin(int n_threads);

}  // namespace sotto
