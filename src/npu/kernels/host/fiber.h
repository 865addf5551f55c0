// A stackful coroutine: the program of a core, which stops wherever it must wait and goes on later.
// Kernels stay plain functions; a CorePorts whose calls must wait suspends the fiber that it runs
// in.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <thread>

namespace sotto::npu::host {

class Fiber {
 public:
  /// `body` begins at the first resume(). Throws Error if there is no memory for its stack.
  explicit Fiber(std::function<void()> body);
  /// Unwinds the body if it has begun and not ended: its suspend() throws what only the fiber
  /// catches.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the body until it suspends or ends; throws what it throws, after which it has ended. Only
  /// on the thread that made the fiber: compiled code may keep addresses of thread-local variables.
  void resume();
  bool done() const { return done_; }

  /// Leaves the running fiber; returns when it is resumed. Not outside of one.
  static void suspend();

 private:
  struct Unwound {};

  static void enter();
  void run_body();
  void switch_in();
  void switch_out(bool forever);

  std::function<void()> body_;
  const std::thread::id thread_;
  std::byte* stack_;
  ucontext_t inside_{}, outside_{};
  Fiber* resumed_from_ = nullptr;  ///< the fiber that resumed this one
  std::exception_ptr error_;
  bool begun_ = false, done_ = false, unwinding_ = false;
  // What the sanitizers want to know about stacks (see fiber.cc).
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] const void* outside_stack_ = nullptr;
  [[maybe_unused]] std::size_t outside_stack_bytes_ = 0;
  [[maybe_unused]] void* tsan_inside_ = nullptr;
  [[maybe_unused]] void* tsan_outside_ = nullptr;
};

}  // namespace sotto::npu::host
