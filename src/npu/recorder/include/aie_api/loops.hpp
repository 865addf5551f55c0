// The loop marks of npu/kernels/loop.h, which tell the recorder where a loop and each of its
// iterations begin.
#pragma once

#include <exception>

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

class LoopMark {
 public:
  LoopMark(const char* where, int min_trips) { Recorder::current().begin_loop(where, min_trips); }
  ~LoopMark() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) Recorder::current().end_loop();
  }
  LoopMark(const LoopMark&) = delete;
  LoopMark& operator=(const LoopMark&) = delete;

  void begin_iteration() { Recorder::current().begin_iteration(); }

 private:
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace sotto::npu::recorder

#define SOTTO_RECORDED_TEXT(text) #text
#define SOTTO_RECORDED_LINE(line) SOTTO_RECORDED_TEXT(line)
#define SOTTO_LOOP(trips, ...)                                     \
  if (sotto::npu::recorder::LoopMark sotto_loop_mark(              \
          __FILE_NAME__ ":" SOTTO_RECORDED_LINE(__LINE__), trips); \
      true)                                                        \
  SOTTO_RECORDED_MARK for (__VA_ARGS__) if (sotto_loop_mark.begin_iteration(); true)
#define SOTTO_LOOP_IF_ANY(...) SOTTO_LOOP(0, __VA_ARGS__)

// Says that the loop behind it has a mark (loop_check.hpp).
#if defined(SOTTO_CHECKS_LOOPS)
#define SOTTO_RECORDED_MARK if (sotto::npu::recorder::Recorder::mark_loop(); true)
#define SOTTO_UNROLL SOTTO_RECORDED_MARK
#else
#define SOTTO_RECORDED_MARK
#endif
