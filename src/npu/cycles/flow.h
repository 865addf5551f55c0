// A recorded kernel's regions as a list of steps, in the order of its code, and which cells are
// alive between them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "npu/recorder/regions.h"

namespace sotto::npu::cycles {

/// Straight code, an inner loop, cells that take the values of others, or an end of an outer loop.
struct Step {
  enum class Kind { straight, inner_loop, carry, begin, end };
  Kind kind = Kind::straight;
  std::string name;

  /// Of straight code and inner loops: without what sets up and ends loops, which is added where
  /// the code is put together. Operations have their index in the piece as origin.
  recorder::Piece piece{};
  std::vector<recorder::Carry> carries{};
  int64_t trips = 1, min_trips = 1;
  int counter = -1;   ///< of an `end`: the cell that counts down
  int begin = -1;     ///< of an `end`: the index of its `begin`
  int returned = -1;  ///< of the last step: the cell that the call returns

  /// Cells that it reads before it writes them; that it writes; that are alive before and after it.
  std::set<int> reads{}, writes{}, live_in{}, live_out{};

  bool is_piece() const { return kind == Kind::straight || kind == Kind::inner_loop; }
};

/// Behind every `begin` stands a piece, empty if need be.
std::vector<Step> flow_of(const recorder::Kernel& kernel);

/// Cuts the straight code of a step in two; false when it cannot be.
bool split(std::vector<Step>& steps, size_t index);

}  // namespace sotto::npu::cycles
