#include "npu/kernels/host/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/sanitizers.h"

#ifdef SOTTO_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SOTTO_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace sotto::npu::host {
namespace {

/// Of address space; pages become memory when they are touched. Unoptimised kernels keep many
/// registers in memory.
constexpr std::size_t kStackBytes = std::size_t{1} << 20;

std::size_t page_bytes() {
  return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

thread_local Fiber* running = nullptr;

}  // namespace

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)), thread_(std::this_thread::get_id()) {
  // The lowest page stays out of reach: an overflow is a fault, not another fiber's data.
  void* const memory = mmap(nullptr, kStackBytes + page_bytes(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    fail(ErrorKind::io, "no memory for the stack of a simulated core: ", std::strerror(errno));
  }
  stack_ = static_cast<std::byte*>(memory) + page_bytes();
  SOTTO_CHECK(mprotect(memory, page_bytes(), PROT_NONE) == 0);
  SOTTO_CHECK(getcontext(&inside_) == 0);
  inside_.uc_stack.ss_sp = stack_;
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = nullptr;
  makecontext(&inside_, &Fiber::enter, 0);
#ifdef SOTTO_TSAN
  tsan_inside_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (begun_ && !done_) {
    unwinding_ = true;
    switch_in();
  }
#ifdef SOTTO_TSAN
  __tsan_destroy_fiber(tsan_inside_);
#endif
  munmap(stack_ - page_bytes(), kStackBytes + page_bytes());
}

void Fiber::resume() {
  SOTTO_CHECK(!done_ && running != this && thread_ == std::this_thread::get_id());
  switch_in();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Fiber::suspend() {
  SOTTO_CHECK(running != nullptr);
  Fiber* const self = running;
  self->switch_out(false);
  if (self->unwinding_) throw Unwound{};
}

void Fiber::switch_in() {
  begun_ = true;
  resumed_from_ = std::exchange(running, this);
#ifdef SOTTO_TSAN
  tsan_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_inside_, 0);
#endif
#ifdef SOTTO_ASAN
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_, kStackBytes);
#endif
  SOTTO_CHECK(swapcontext(&outside_, &inside_) == 0);
#ifdef SOTTO_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void Fiber::switch_out(bool forever) {
  running = std::exchange(resumed_from_, nullptr);
#ifdef SOTTO_TSAN
  __tsan_switch_to_fiber(tsan_outside_, 0);
#endif
#ifdef SOTTO_ASAN
  __sanitizer_start_switch_fiber(forever ? nullptr : &fake_stack_, outside_stack_,
                                 outside_stack_bytes_);
#endif
  static_cast<void>(forever);
  SOTTO_CHECK(swapcontext(&inside_, &outside_) == 0);
#ifdef SOTTO_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &outside_stack_, &outside_stack_bytes_);
#endif
}

void Fiber::enter() {
  Fiber* const self = running;
#ifdef SOTTO_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self->outside_stack_, &self->outside_stack_bytes_);
#endif
  self->run_body();
  self->switch_out(true);
}

void Fiber::run_body() {
  try {
    body_();
  } catch (const Unwound&) {
  } catch (...) {
    error_ = std::current_exception();
  }
  done_ = true;
}

}  // namespace sotto::npu::host
