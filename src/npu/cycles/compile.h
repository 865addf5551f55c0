// A recorded kernel call as code for one core: every bundle that the call runs, with real
// registers, each piece scheduled on its own and the pieces put together so that nothing has to
// wait where the core would not.
#pragma once

#include <string>
#include <vector>

#include "npu/core/image.h"
#include "npu/core/pipeline.h"
#include "npu/recorder/regions.h"

namespace sotto::npu::cycles {

/// Code of one piece in the image; Instruction::piece is its index.
struct CompiledPiece {
  std::string name;
  bool is_loop = false;
  core::Pipeline code;
  std::vector<recorder::Effect> effects;  ///< by Operation::origin
  int plain_bytes = 0;                    ///< of the plain twin of a guarded loop; 0: no guard
  int64_t runs = 1;                       ///< how often it is entered in the call
};

struct Compiled {
  std::string name;
  core::Image image;
  std::vector<CompiledPiece> pieces;
  std::vector<int64_t> outer_trips;  ///< of the outer loops, in the order of their ends
  int moves = 0;                     ///< instructions between pieces
  int stack_bytes = 0;               ///< of the call's frame
};

/// Throws Error when a piece gets no schedule or no registers.
Compiled compile(const recorder::Kernel& kernel, const core::Effort& effort = {});

}  // namespace sotto::npu::cycles
