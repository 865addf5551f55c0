// Which accesses of a loop touch the same bytes, and how many iterations apart.
#pragma once

#include <span>
#include <vector>

#include "npu/core/loop.h"

namespace sotto::npu::recorder {

/// A load or store: its operation and its addresses in all iterations of all entries of the loop.
struct Touch {
  int operation;
  const std::vector<int64_t>* addresses;
  int bytes;
  bool is_store;
};

/// One order for every pair of which one is a store, over the smallest distance at which they meet.
/// Distances beyond what a pipeline of ours holds at a time are left out.
std::vector<core::Order> conflicts(const core::Loop& loop, std::span<const Touch> touches);

}  // namespace sotto::npu::recorder
