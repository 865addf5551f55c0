// Comes last, where kernels are compiled (SOTTO_CHECKS_LOOPS): every loop of what follows tells the
// recorder of itself, and one around operations that has no mark, SOTTO_LOOP or SOTTO_UNROLL, is an
// error. The compiler may unroll a loop or not: what the source says counts. Not seen are loops of
// `do`, which do not compile, of `goto`, and recursion.
#pragma once

#include "loops.hpp"

namespace sotto::npu::recorder {

/// From before a loop until it is left.
class LoopCheck {
 public:
  explicit LoopCheck(const char* where) : recorder_(Recorder::active()) {
    if (recorder_ != nullptr) recorder_->enter_loop(where);
  }
  ~LoopCheck() {
    if (recorder_ != nullptr) recorder_->leave_loop();
  }
  LoopCheck(const LoopCheck&) = delete;
  LoopCheck& operator=(const LoopCheck&) = delete;

 private:
  Recorder* recorder_;
};

}  // namespace sotto::npu::recorder

// A `for` in a macro is the plain one: a macro is not expanded in itself.
#define for(...)                                                                                 \
  if (const sotto::npu::recorder::LoopCheck sotto_loop_check(__FILE_NAME__                       \
                                                             ":" SOTTO_RECORDED_LINE(__LINE__)); \
      true)                                                                                      \
    for (__VA_ARGS__)
#define while(...) for (; __VA_ARGS__;)
