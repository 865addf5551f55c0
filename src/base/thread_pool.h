// A fixed set of threads that share loops.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sotto {

/// `size` threads, the calling one included. One loop runs at a time; loops do not nest.
/// The workers wait a short while in a spin before they sleep, because an encoder layer is
/// hundreds of loops of microseconds. A loop does not wait for a worker that has not joined it by
/// the time its work is given out: on a busy machine that worker may not run for a while.
class ThreadPool {
 public:
  /// `size` 0 takes default_size(). Throws Error{unsupported} when the system refuses to start so
  /// many threads.
  explicit ThreadPool(int size = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(i, thread) once for each i in [0, count), in any order, on any thread;
  /// `thread` in [0, size()) names the executing thread, for scratch memory. Returns when all are
  /// done. The body must not throw.
  void parallel_for(std::int64_t count, const std::function<void(std::int64_t, int)>& body);

  /// CPUs this process may keep busy: those of its affinity mask (as `nproc` counts), and no more
  /// than the CPU quota of its cgroups, rounded up. At least 1.
  static int default_size();

 private:
  void stop();
  void open();
  int close();
  bool join(std::uint64_t& seen);
  void worker(int thread);
  void share(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_{0};
  const std::function<void(std::int64_t, int)>* body_ = nullptr;
  std::int64_t count_ = 0;
  // Each on a line of its own: threads write them all the time.
  alignas(64) std::atomic<std::int64_t> next_{0};
  alignas(64) std::atomic<int> left_{0};  // workers that joined the loop and are done
  /// The number of the loop, whether it is open, and how many workers joined it (thread_pool.cc).
  alignas(64) std::atomic<std::uint64_t> state_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace sotto
