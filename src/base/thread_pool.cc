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

// ThreadPool::state_: joined workers, one bit for "open", the number of the loop.
constexpr std::uint64_t kJoined = 1, kOpen = std::uint64_t{1} << 31, kLoop = kOpen << 1;

constexpr std::uint64_t loop_of(std::uint64_t state) {
  return state / kLoop;
}

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
  stopping_ = true;
  open();
  for (std::thread& thread : workers_) thread.join();
}

/// Begins a new loop and wakes those who sleep. A worker counts itself among the sleepers before it
/// looks at the state for the last time, so that one of the two sees the other.
void ThreadPool::open() {
  state_ = (loop_of(state_) + 1) * kLoop + kOpen;
  if (sleepers_ == 0) return;
  { const std::lock_guard lock(mutex_); }
  wake_.notify_all();
}

/// Nobody joins the loop any more; returns how many did.
int ThreadPool::close() {
  return static_cast<int>((state_.fetch_and(~kOpen) & (kOpen - 1)) / kJoined);
}

void ThreadPool::parallel_for(std::int64_t count,
                              const std::function<void(std::int64_t, int)>& body) {
  if (count <= 0) return;
  if (workers_.empty() || count == 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  SOTTO_CHECK((state_ & kOpen) == 0);
  body_ = &body;
  count_ = count;
  next_ = 0;
  left_ = 0;
  open();
  share(0);
  const int joined = close();
  const auto all_left = [&] { return left_.load(std::memory_order_acquire) == joined; };
  while (!spin_until(all_left)) std::this_thread::yield();
}

void ThreadPool::share(int thread) {
  for (std::int64_t i = next_++; i < count_; i = next_++) (*body_)(i, thread);
}

/// Joins the loop that came after the one `seen`, if it is still open.
bool ThreadPool::join(std::uint64_t& seen) {
  std::uint64_t state = state_;
  do {
    seen = loop_of(state);
    if ((state & kOpen) == 0) return false;
  } while (!state_.compare_exchange_weak(state, state + kJoined));
  return true;
}

void ThreadPool::worker(int thread) {
  std::uint64_t seen = 0;
  for (;;) {
    const auto called = [&] { return stopping_ || loop_of(state_) != seen; };
    if (!spin_until(called)) {
      std::unique_lock lock(mutex_);
      ++sleepers_;
      wake_.wait(lock, called);
      --sleepers_;
    }
    if (stopping_) return;
    if (!join(seen)) continue;
    share(thread);
    left_.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace sotto
