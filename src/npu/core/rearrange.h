// For those that move the operations of a modulo schedule: how far one can go, and the table of
// what is taken.
#pragma once

#include <vector>

#include "npu/core/reservation_table.h"
#include "npu/core/schedule.h"

namespace sotto::npu::core {

/// The operations that keep a distance from each one; itself left out.
struct Neighbours {
  std::vector<std::vector<Edge>> before, after;  ///< edges that end and begin at it, by operation

  Neighbours(const Loop& loop, const std::vector<Edge>& edges);

  /// The cycles that an operation can have while the others stay, at most `reach` from its own.
  struct Window {
    int first, last;
  };
  Window window(int operation, const Schedule& schedule, int reach) const;
};

/// Puts the schedule's operations into an empty table. It may choose other slots than they had; all
/// fit, since families agree in timing. False when they do not.
bool fill(ReservationTable& table, const Loop& loop, const Schedule& schedule);

/// Gives the operations the slots of the table, and cycles from 0 on.
void take_slots(Schedule& schedule, const ReservationTable& table);

}  // namespace sotto::npu::core
