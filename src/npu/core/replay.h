// Runs code bundle by bundle on a core without interlocks, and says what is wrong with it: bundles
// that do not exist, units used twice, operands of the wrong kind, writes that collide, loops out
// of place. An operand that is read too early is no error here: it reads the old value, as on
// silicon, and the results differ from those of the loop run in program order. Knows nothing of
// schedules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "npu/core/allocate.h"
#include "npu/core/image.h"
#include "npu/core/program.h"
#include "npu/core/semantics.h"

namespace sotto::npu::core {

struct Run {
  std::string problem;      ///< the first breach of a rule; empty when there is none
  int64_t cycles = 0;       ///< bundles and stalls
  int64_t bank_stalls = 0;  ///< included
  bool left = false;        ///< by the jump out of the call
  Tokens registers;         ///< by unit, after everything under way has been written
};

/// What can be said of the code without running it.
std::string problem_of(const Program& program);

/// Runs the code from these register contents.
Run replay(const Image& image, Tokens registers, Semantics& semantics);
Run replay(const Program& program, Tokens registers, Semantics& semantics);

/// Runs the operations in program order, loop.trips times, from entry_tokens().
struct InOrder {
  std::vector<Tokens> registers;  ///< after the last iteration
};
InOrder run_in_order(const Loop& loop, Semantics& semantics);

/// What virtual register `reg` holds `distance` iterations before the first.
Tokens entry_tokens(const Loop& loop, int reg, int distance);

/// Empty when the program follows all rules and computes what the loop does: the same stores and
/// the same values in the registers it leaves. `places` says where registers enter and leave.
std::string check_against(const Loop& loop, const Allocation& places, const Program& program);

}  // namespace sotto::npu::core
