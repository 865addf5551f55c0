// Code as the core runs it: bundles of instructions with real registers, and at most one hardware
// loop around a stretch of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "npu/core/loop.h"
#include "npu/core/opcodes.h"

namespace sotto::npu::core {

struct Instruction {
  Opcode opcode{};  ///< never a family
  std::string suffix{};
  AddressMode mode = AddressMode::none;
  int64_t immediate = 0;
  std::vector<Register> defs{}, uses{};  ///< in the order of signature(opcode, mode)
  std::optional<Access> access{};
  int operation = -1;     ///< of the loop it comes from; −1: of none
  int piece = 0;          ///< of an image: which loop or straight code that is
  int64_t iteration = 0;  ///< of that loop; inside the hardware loop: in its first trip
};

struct Bundle {
  std::vector<Instruction> instructions;
  int bytes = 2;  ///< its format; larger than needed where a loop is aligned

  SlotSet slots() const;
};

/// Whether bundle `at` can hold this instruction besides; one behind the last can.
bool has_room(const std::vector<Bundle>& bundles, int at, Opcode opcode);

/// The bundles [first, last] run `trips` times; each trip is `iterations` of the source loop.
struct HardwareLoop {
  int first = 0, last = 0;
  int64_t trips = 1;
  int iterations = 1;
};

struct Program {
  std::vector<Bundle> bundles;
  std::optional<HardwareLoop> loop;

  int bytes() const;
  /// Bundles executed, which is cycles but for bank conflicts.
  int64_t cycles() const;
};

}  // namespace sotto::npu::core
