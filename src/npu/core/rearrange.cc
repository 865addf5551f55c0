#include "npu/core/rearrange.h"

#include <algorithm>

namespace sotto::npu::core {

Neighbours::Neighbours(const Loop& loop, const std::vector<Edge>& edges)
    : before(loop.operations.size()), after(loop.operations.size()) {
  for (const Edge& edge : edges) {
    if (edge.from == edge.to) continue;
    before[static_cast<size_t>(edge.to)].push_back(edge);
    after[static_cast<size_t>(edge.from)].push_back(edge);
  }
}

Neighbours::Window Neighbours::window(int operation, const Schedule& schedule, int reach) const {
  const size_t at = static_cast<size_t>(operation);
  const auto cycle_of = [&](int op) { return schedule.placements[static_cast<size_t>(op)].cycle; };
  Window window{cycle_of(operation) - reach, cycle_of(operation) + reach};
  for (const Edge& edge : before[at]) {
    window.first = std::max(window.first,
                            cycle_of(edge.from) + edge.latency - schedule.interval * edge.distance);
  }
  for (const Edge& edge : after[at]) {
    window.last =
        std::min(window.last, cycle_of(edge.to) - edge.latency + schedule.interval * edge.distance);
  }
  return window;
}

bool fill(ReservationTable& table, const Loop& loop, const Schedule& schedule) {
  // Those with one choice first, so that families fill the gaps.
  for (const bool is_family : {false, true}) {
    for (size_t op = 0; op < loop.operations.size(); ++op) {
      if ((choices(loop.operations[op].opcode).size() > 1) != is_family) continue;
      if (!table.place(static_cast<int>(op), schedule.placements[op].cycle)) return false;
    }
  }
  return true;
}

void take_slots(Schedule& schedule, const ReservationTable& table) {
  int first = schedule.placements[0].cycle;
  for (const Placement& placement : schedule.placements) first = std::min(first, placement.cycle);
  for (size_t op = 0; op < schedule.placements.size(); ++op) {
    Placement& placement = schedule.placements[op];
    placement = {placement.cycle - first, table.opcode(static_cast<int>(op))};
  }
}

}  // namespace sotto::npu::core
