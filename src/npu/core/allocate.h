// Registers for a modulo schedule. There are no rotating registers: a value that lives longer than
// the interval gets several, in turn, and the loop is unrolled so that each copy of an instruction
// names its own.
//
// On a circle of unroll · interval cycles, lifetimes are arcs; arcs of one register must not meet.
// Two more things must not meet: values that the loop enters with are in their registers from
// before its first cycle, and values that it leaves are so to the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "npu/core/lifetime.h"
#include "npu/core/schedule.h"

namespace sotto::npu::core {

struct Allocation {
  int unroll = 1;
  /// registers[r][i mod unroll]: where iteration i keeps virtual register r.
  std::vector<std::vector<Register>> registers;

  Register of(int reg, int64_t iteration) const;
};

/// The least unrolling that long lifetimes allow.
int least_unroll(const Loop& loop, const Schedule& schedule);

/// Registers at this unrolling, or nothing; then `stuck`, if given, is a virtual register that
/// found none.
std::optional<Allocation> allocate(const Loop& loop, const Schedule& schedule, int unroll,
                                   uint32_t seed, int* stuck = nullptr);

}  // namespace sotto::npu::core
