// What must come how long after what: the edges of a loop's dependence graph, from its registers,
// its memory and its orders. Values get a register per iteration, so they have flow edges only.
#pragma once

#include <vector>

#include "npu/core/loop.h"

namespace sotto::npu::core {

/// Issue of `to`, `distance` iterations later, ≥ issue of `from` + latency. Latency may be
/// negative.
struct Edge {
  int from, to;
  int latency;
  int distance;
};

std::vector<Edge> dependences(const Loop& loop);

/// Longest paths between all pairs of operations when iterations start ii apart.
class Distances {
 public:
  /// Far below any latency sum: no path.
  static constexpr int kNone = -1'000'000;

  Distances(int operations, const std::vector<Edge>& edges, int ii);
  int operator()(int from, int to) const {
    return longest_[static_cast<size_t>(from * count_ + to)];
  }
  /// False when an operation would have to follow itself: ii is below the recurrence bound.
  bool feasible() const { return feasible_; }

 private:
  int count_;
  std::vector<int> longest_;
  bool feasible_ = true;
};

}  // namespace sotto::npu::core
