#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "base/affinity.h"
#include "base/cpu_limit.h"
#include "base/error.h"

namespace sotto {
namespace {

constexpr auto kSpin = std::chrono::microseconds(50);

// Loop::state: joined workers, one bit for "open", the number of the loop.
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

int ThreadPool::usable_cpus() {
  const int n_cpus = static_cast<int>(allowed_cpus().size());
  return std::min(n_cpus, cgroup_cpu_limit().value_or(n_cpus));
}

int ThreadPool::default_size() {
  return std::min(count_cores(allowed_cpus()), usable_cpus());
}

ThreadPool::ThreadPool(int size, Pinning pinning) {
  const int threads = size > 0 ? size : default_size();
  std::vector<int> cpus;
  if (pinning == Pinning::one_cpu_each) cpus = cpus_to_pin(threads);
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  for (Loop& loop : loops_) {
    loop.shares = std::vector<Loop::Share>(static_cast<std::size_t>(threads));
  }
  try {
    for (int thread = 1; thread < threads; ++thread) {
      workers_.emplace_back([this, thread] { worker(thread); });
    }
    if (!cpus.empty()) pin(cpus);
  } catch (const std::system_error& error) {
    const int started = this->size();
    stop();
    fail(ErrorKind::unsupported, "cannot start ", threads, " threads, but ", started, " (",
         error.code().message(), "): ask for fewer");
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

/// Each thread to its CPU, the calling one last: the others begin with its mask.
void ThreadPool::pin(std::span<const int> cpus) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    set_affinity(workers_[i].native_handle(), cpus.subspan(i + 1, 1));
  }
  caller_.emplace(cpus.first(1));
}

std::optional<CpusOfThisThread> ThreadPool::unpin_caller() const {
  if (!caller_ || !caller_->is_of_this_thread()) return std::nullopt;
  return std::optional<CpusOfThisThread>(std::in_place, caller_->before());
}

void ThreadPool::stop() {
  stopping_ = true;
  wake();
  for (std::thread& thread : workers_) thread.join();
}

/// Wakes those who sleep. A worker counts itself among the sleepers before it looks for the last
/// time at what it waits for, so that one of the two sees the other.
void ThreadPool::wake() {
  if (sleepers_ == 0) return;
  { const std::lock_guard lock(mutex_); }
  wake_.notify_all();
}

/// Begins a new loop.
void ThreadPool::open(Loop& loop) {
  loop.state = (loop_of(loop.state) + 1) * kLoop + kOpen;
  wake();
}

/// Nobody joins the loop any more; returns how many did.
int ThreadPool::Loop::close() {
  return static_cast<int>((state.fetch_and(~kOpen) & (kOpen - 1)) / kJoined);
}

void ThreadPool::parallel_for(std::int64_t count,
                              const std::function<void(std::int64_t, int)>& body) {
  if (count <= 0) return;
  const bool beside = job_thread_ == std::this_thread::get_id();
  const int thread = beside ? job_number_ : 0;
  if (workers_.empty() || count == 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i, thread);
    return;
  }
  Loop& loop = loops_[beside ? kJobs : kCallers];
  SOTTO_CHECK((loop.state & kOpen) == 0);
  loop.body = &body;
  loop.divide(count);
  loop.left = 0;
  open(loop);
  loop.work(thread);
  const int joined = loop.close();
  const auto all_left = [&] { return loop.left.load(std::memory_order_acquire) == joined; };
  while (!spin_until(all_left)) std::this_thread::yield();
}

void ThreadPool::Loop::divide(std::int64_t count) {
  const auto n = std::min(count, static_cast<std::int64_t>(shares.size()));
  n_shares = static_cast<std::size_t>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    Share& share = shares[static_cast<std::size_t>(i)];
    share.next = count / n * i + std::min(i, count % n);
    share.end = count / n * (i + 1) + std::min(i + 1, count % n);
  }
}

/// The thread's own share, then what is left of the next ones.
void ThreadPool::Loop::work(int thread) {
  for (std::size_t k = 0; k < n_shares; ++k) {
    Share& share = shares[(static_cast<std::size_t>(thread) + k) % n_shares];
    while (share.next < share.end) {
      const std::int64_t i = share.next++;
      if (i < share.end) (*body)(i, thread);
    }
  }
}

/// Joins the loop that came after the one `seen`, if it is still open.
bool ThreadPool::Loop::join(std::uint64_t& seen) {
  std::uint64_t now = state;
  do {
    seen = loop_of(now);
    if ((now & kOpen) == 0) return false;
  } while (!state.compare_exchange_weak(now, now + kJoined));
  return true;
}

/// Does its part of a loop after the one `seen`; false when there is none.
bool ThreadPool::Loop::take_part(std::uint64_t& seen, int thread) {
  if (loop_of(state) == seen || !join(seen)) return false;
  work(thread);
  left.fetch_add(1, std::memory_order_release);
  return true;
}

void ThreadPool::start_beside(std::function<void()> job) {
  SOTTO_CHECK(!workers_.empty() && job_state_ == JobState::none);
  job_ = std::move(job);
  job_state_ = JobState::given;
  wake();
}

/// Runs the job if nobody does yet.
bool ThreadPool::run_job(int thread) {
  JobState given = JobState::given;
  if (!job_state_.compare_exchange_strong(given, JobState::runs)) return false;
  job_number_ = thread;
  job_thread_ = std::this_thread::get_id();
  job_();
  job_thread_ = std::thread::id();
  job_state_ = JobState::done;
  return true;
}

void ThreadPool::finish_beside() {
  SOTTO_CHECK(job_state_ != JobState::none);
  std::uint64_t seen = 0;
  const auto progress = [&] {
    return beside_is_done() || run_job(0) || loops_[kJobs].take_part(seen, 0);
  };
  while (!beside_is_done()) {
    if (!spin_until(progress)) std::this_thread::yield();
  }
  job_state_ = JobState::none;
  job_ = nullptr;
}

void ThreadPool::worker(int thread) {
  std::array<std::uint64_t, 2> seen{};
  for (;;) {
    const auto called = [&] {
      return stopping_ || job_state_ == JobState::given ||
             loop_of(loops_[kCallers].state) != seen[kCallers] ||
             loop_of(loops_[kJobs].state) != seen[kJobs];
    };
    if (!spin_until(called)) {
      std::unique_lock lock(mutex_);
      ++sleepers_;
      wake_.wait(lock, called);
      --sleepers_;
    }
    if (stopping_) return;
    if (run_job(thread)) continue;
    for (const Kind kind : {kCallers, kJobs}) loops_[kind].take_part(seen[kind], thread);
  }
}

}  // namespace sotto
