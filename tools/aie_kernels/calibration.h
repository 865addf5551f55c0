// The published measurements that calibrate.cc compares with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "npu/recorder/calls.h"

namespace sotto::aie_kernels {

enum class Compiler { none, peano, chess };

/// What a published figure holds besides the kernel itself.
enum class Around {
  loop_and_call,  ///< a loop of calls: 20 cycles for each, as measured when empty (cycles/cost.h)
  call,           ///< counters read round one call: 8.7, as measured for calls without a loop
  nothing,        ///< trace events in the kernel
};

/// A published number of cycles.
struct Row {
  const char* name;
  const char* source;  ///< rows of one source are left out together
  Compiler compiler;
  double published;
  Around around = Around::loop_and_call;
  std::function<npu::recorder::Call()> make{};
  const char* why_not = "";  ///< there is no `make`
};

const std::vector<Row>& calibration_rows();

/// The names of those that are further off than wanted, as docs/npu/calibration.md says.
std::vector<std::string> rows_beyond();

/// A published time without a clock: `calls` calls of the kernel of row `of`.
struct TimedRow {
  const char* name;
  double milliseconds;
  double calls;
  const char* of;
};

const std::vector<TimedRow>& timed_rows();

}  // namespace sotto::aie_kernels
