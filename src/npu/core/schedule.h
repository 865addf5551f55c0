// Modulo schedules: when each operation of an iteration is issued, when iterations start `interval`
// cycles apart. Found by slack scheduling with eviction (Huff, "Lifetime-sensitive modulo
// scheduling", PLDI 1993): the operation with the least freedom goes first, near the operations
// that it exchanges values with; one that finds no place throws others out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "npu/core/dependence.h"
#include "npu/core/loop.h"

namespace sotto::npu::core {

struct Placement {
  int cycle = 0;    ///< of iteration 0; the earliest operation has cycle 0
  Opcode opcode{};  ///< never a family
};

struct Schedule {
  int interval = 1;
  std::vector<Placement> placements;  ///< by operation

  int last_cycle() const;
  /// Iterations under way at once.
  int stages() const { return last_cycle() / interval + 1; }
};

/// A schedule at this interval, or nothing when the search gives up. Even seeds take the bottleneck
/// first, odd ones go by slack, and each breaks ties differently. `distances` are those of the
/// edges at this interval.
std::optional<Schedule> find_schedule(const Loop& loop, const std::vector<Edge>& edges,
                                      const Distances& distances, int interval, uint32_t seed);

/// A schedule of straight code: the operations once, as early as they go. Its interval is its
/// length.
Schedule schedule_straight(const Loop& loop, const std::vector<Edge>& edges);

/// The same in the order of the program: no operation is issued more than `ahead` cycles before one
/// that stands before it.
Schedule schedule_in_order(const Loop& loop, const std::vector<Edge>& edges, int ahead);

}  // namespace sotto::npu::core
