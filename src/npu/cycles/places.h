// The pieces of a kernel scheduled, each with registers of its own that suit its neighbours.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "npu/core/pipeline.h"
#include "npu/cycles/flow.h"

namespace sotto::npu::cycles {

/// A piece with its code. Registers beyond those of the recorded piece hold cells that pass by.
struct Placed {
  core::Pipeline code;
  std::map<int, core::Register> passing;  ///< by cell
  std::set<int> on_stack;                 ///< cells that pass by on the stack
  /// Of a loop whose trip count the compiler does not know and may be too short for its pipeline:
  /// the bytes of the plain loop that then runs; 0: there is none.
  int plain_bytes = 0;
};

/// Where an entry of the piece has to be; the cell that a register leaves.
core::Register place_of(const Placed& placed, const recorder::Entry& entry);
core::Register exit_of(const Placed& placed, int reg);

/// By step; empty ones of carries and ends of loops.
/// `classes` by cell. Straight code that gets no registers is cut in two.
std::vector<Placed> place_pieces(std::vector<Step>& steps,
                                 const std::vector<core::RegisterClass>& classes,
                                 const core::Effort& effort);

}  // namespace sotto::npu::cycles
