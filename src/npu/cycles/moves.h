// Values that change registers between pieces of code: all at once, as instructions one after the
// other.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "npu/core/program.h"

namespace sotto::npu::cycles {

/// Bytes of a unit of this class on the stack.
int slot_bytes(core::RegisterClass cls);

/// The register of the same file on these units of another: a half, a quarter.
core::Register part_of(core::Register whole, int first, int units);

/// `to` takes what `from` holds, or else what lies on the stack, its first unit ending `slot` bytes
/// below the stack pointer.
struct Move {
  core::Register to;
  std::optional<core::Register> from{};
  int slot = 0;
};

/// Puts a register on the stack, and takes it from there.
std::vector<core::Instruction> store(core::Register from, int slot);
std::vector<core::Instruction> load(core::Register to, int slot);
/// A register as another; scalars of any file.
std::vector<core::Instruction> copy(core::Register to, core::Register from);

/// The moves in an order in which none overwrites what another still reads. `free` finds a register
/// of the class of its argument that holds nothing; if there is none, the stack from `slot` on
/// helps.
std::vector<core::Instruction> in_order(
    std::vector<Move> moves,
    const std::function<std::optional<core::Register>(core::Register)>& free, int slot);

}  // namespace sotto::npu::cycles
