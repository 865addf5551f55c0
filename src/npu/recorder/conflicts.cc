#include "npu/recorder/conflicts.h"

#include <algorithm>
#include <cstdlib>

#include "npu/core/opcodes.h"

namespace sotto::npu::recorder {
namespace {

/// Iterations further apart are not compared: few pipelines hold as many at once, and where two of
/// theirs do meet, the replay leaves other bits than the host and the cost is an error.
constexpr int64_t kReach = 8;

/// The smallest distance from `first` of which `a` in some iteration meets `b` that many later.
int64_t distance_between(const Touch& a, const Touch& b, int64_t trips, int64_t first) {
  const auto count = static_cast<int64_t>(a.addresses->size());
  for (int64_t distance = first; distance < std::min(trips, kReach + 1); ++distance) {
    for (int64_t i = 0; i < count; ++i) {
      if (i % trips + distance >= trips) continue;
      const int64_t x = (*a.addresses)[static_cast<size_t>(i)];
      const int64_t y = (*b.addresses)[static_cast<size_t>(i + distance)];
      if (x < y + b.bytes && y < x + a.bytes) return distance;
    }
  }
  return -1;
}

int memory_cycle(const core::Loop& loop, int operation) {
  const core::Opcode opcode = loop.operations[static_cast<size_t>(operation)].opcode;
  return core::info(core::choices(opcode)[0]).memory_cycle;
}

}  // namespace

std::vector<core::Order> conflicts(const core::Loop& loop, std::span<const Touch> touches) {
  std::vector<core::Order> orders;
  for (const Touch& a : touches) {
    for (const Touch& b : touches) {
      if (!a.is_store && !b.is_store) continue;
      const int64_t first = a.operation < b.operation ? 0 : 1;
      const int64_t distance = distance_between(a, b, loop.trips, first);
      if (distance < 0) continue;
      const int latency = memory_cycle(loop, a.operation) - memory_cycle(loop, b.operation) + 1;
      orders.push_back(
          {a.operation, b.operation, std::max(latency, 0), static_cast<int>(distance)});
    }
  }
  return orders;
}

}  // namespace sotto::npu::recorder
