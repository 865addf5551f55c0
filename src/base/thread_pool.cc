#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/cpu_limit.h"
#include "base/error.h"

namespace sotto {
namespace {

constexpr auto kSpin = std::chrono::microseconds(50);

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Spins until `done()`, at most for kSpin. Tells whether it came true.
template <typename Condition>
bool spin_until(const Condition& done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace

int ThreadPool::default_size() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int n_cpus = ::sched_getaffinity(0, sizeof set, &set) == 0
                         ? CPU_COUNT(&set)
                         : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(n_cpus, cgroup_cpu_limit().value_or(n_cpus)));
}

ThreadPool::ThreadPool(int size) {
  const int threads = size > 0 ? size : default_size();
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  try {
    for (int thread = 1; thread < threads; ++thread) {
      workers_.emplace_back([this, thread] { worker(thread); });
    }
  } catch (const std::system_error& error) {
    const int started = this->size();
    stop();
    fail(ErrorKind::unsupported, "cannot start ", threads, " threads, but ", started, " (",
         error.code().message(), "): ask for fewer");
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ++generation_;
  }
  wake_.notify_all();
  for (std::thread& thread : workers_) thread.join();
}

void ThreadPool::parallel_for(std::int64_t count,
                              const std::function<void(std::int64_t, int)>& body) {
  if (count <= 0) return;
  if (workers_.empty() || count == 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  SOTTO_CHECK(running_.load() == 0);
  body_ = &body;
  count_ = count;
  next_ = 0;
  running_ = static_cast<int>(workers_.size());
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
  }
  wake_.notify_all();
  share(0);
  while (running_.load(std::memory_order_acquire) != 0) {
    if (!spin_until([this] { return running_.load(std::memory_order_acquire) == 0; })) {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::share(int thread) {
  for (std::int64_t i = next_++; i < count_; i = next_++) (*body_)(i, thread);
}

void ThreadPool::worker(int thread) {
  std::uint64_t seen = 0;
  for (;;) {
    const auto called = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(called)) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, called);
    }
    ++seen;
    if (stopping_) return;
    share(thread);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace sotto
