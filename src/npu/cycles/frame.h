// What a call owes its caller: a frame of the stack, which grows upwards, and the registers that a
// function leaves as it found them.
#pragma once

#include <optional>
#include <vector>

#include "npu/core/image.h"

namespace sotto::npu::cycles {

/// Where values that step aside for others go until the frame is known.
inline constexpr int kAsideBelow = 6144;

/// A register of the caller's is kept in one that nobody uses, else on the stack, from `slot` on.
struct Saved {
  core::Register reg;
  std::optional<core::Register> kept{};
  int slot = 0;
};

/// Bytes are counted downwards from the stack pointer, once the frame is there: spills of pieces,
/// cells, values that step aside, saved registers.
struct Frame {
  int aside = kAsideBelow;
  int bytes = 0;  ///< a multiple of 32; 0: there is none
  std::vector<Saved> saved{};
};

/// Of code without a frame, whose pieces and cells take so many bytes.
Frame frame_of(const core::Image& image, int spilled);

/// What the code begins with and, when its results are there, ends with.
std::vector<core::Instruction> entry_of(const Frame& frame);
std::vector<core::Instruction> exit_of(const Frame& frame);

/// Where calls return integers, and a constant that goes there.
inline constexpr core::Register kReturned{core::RegisterClass::r, 0};
core::Instruction return_constant(int64_t value);

}  // namespace sotto::npu::cycles
