// A fixed set of threads that share loops, and may do a job beside them.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/affinity.h"

namespace sotto {

/// Where the threads of a pool run.
enum class Pinning {
  none,          ///< where the system puts them
  one_cpu_each,  ///< each on a CPU of its own, one of each core first
};

/// `size` threads, the calling one included. One loop runs at a time, and one of a job beside;
/// loops do not nest. The workers wait a short while in a spin before they sleep, because an
/// encoder layer is hundreds of loops of microseconds. A loop does not wait for a worker that has
/// not joined it by the time its work is given out: on a busy machine that worker may not run for a
/// while.
class ThreadPool {
 public:
  /// `size` 0 takes default_size(). Throws Error{unsupported} when the system refuses to start so
  /// many threads, and with one_cpu_each when there are not so many CPUs or it does not pin
  /// threads. The calling thread is pinned as the others are, until the pool's end.
  explicit ThreadPool(int size = 0, Pinning pinning = Pinning::none);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(i, thread) once for each i in [0, count), in any order, on any thread;
  /// `thread` in [0, size()) names the executing thread, for scratch memory. Returns when all are
  /// done. The body must not throw. Each thread begins with a share of its own, the same in every
  /// loop of this count, and so finds in its caches what it left there; who is done takes from the
  /// others' shares.
  void parallel_for(std::int64_t count, const std::function<void(std::int64_t, int)>& body);

  /// Gives `job` to one of the threads, beside what the calling one does. Meanwhile both may run
  /// loops, which the threads that are free share; a thread has the same number in all of them. One
  /// job at a time, which must not throw; finish_beside() ends it. For a pool of two at least.
  void start_beside(std::function<void()> job);
  /// Whether the job that was started has come to its end.
  bool beside_is_done() const noexcept { return job_state_ == JobState::done; }
  /// Takes part in the job's loops until it is done.
  void finish_beside();

  bool pinned() const noexcept { return caller_.has_value(); }

  /// As long as the result lives, the thread that made a pinned pool may run wherever it could
  /// before, and so may the threads and programs that it starts, which begin with its CPUs. Nothing
  /// for other threads and pools.
  std::optional<CpusOfThisThread> unpin_caller() const;

  /// CPUs this process may keep busy: those of its affinity mask (as `nproc` counts), and no more
  /// than the CPU quota of its cgroups, rounded up. At least 1.
  static int usable_cpus();
  /// The same of cores: a second thread of one would wait for the first to multiply.
  static int default_size();

 private:
  /// What threads share.
  struct Loop {
    /// What one thread begins with, on a line of its own: threads write it all the time.
    struct alignas(64) Share {
      std::atomic<std::int64_t> next{0};
      std::int64_t end = 0;
    };

    const std::function<void(std::int64_t, int)>* body = nullptr;
    std::vector<Share> shares;             // as many as threads
    std::size_t n_shares = 0;              // of this loop: no more than it has calls
    alignas(64) std::atomic<int> left{0};  // workers that joined the loop and are done
    /// The number of the loop, whether it is open, and how many workers joined it (thread_pool.cc).
    alignas(64) std::atomic<std::uint64_t> state{0};

    void divide(std::int64_t count);
    int close();
    bool join(std::uint64_t& seen);
    void work(int thread);
    bool take_part(std::uint64_t& seen, int thread);
  };
  enum Kind { kCallers, kJobs };
  enum class JobState { none, given, runs, done };

  void pin(std::span<const int> cpus);
  void stop();
  void wake();
  void open(Loop& loop);
  bool run_job(int thread);
  void worker(int thread);

  std::vector<std::thread> workers_;
  std::optional<CpusOfThisThread> caller_;  // of a pinned pool
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_{0};
  std::array<Loop, 2> loops_;  // by Kind
  std::function<void()> job_;
  std::atomic<JobState> job_state_{JobState::none};
  int job_number_ = 0;  // of the thread that runs the job
  std::atomic<std::thread::id> job_thread_{};
  std::atomic<bool> stopping_{false};
};

}  // namespace sotto
