// The instruction stream of a dispatch, which the NPU's controller works off in order: register
// writes, address patches and waits for tokens, in the transaction format 0.1 that mlir-aie writes
// (insts.bin) and the firmware reads.
//
//   header       rows<<24 | generation<<16 | 1<<8, 1<<8 | columns, operations, bytes
//   write        0, 0, address, 0, value, 24
//   block write  1, column | row<<8, address, bytes, words…
//   mask write   3, 0, address, 0, value, mask, 28
//   sync         0x80, 16, direction | row<<8 | column<<16, 1<<8 | 1<<16 | channel<<24
//   patch        0x81, 48, 0, 0, 0, 0, address, 0, argument, 0, bytes, 0
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "npu/device.h"

namespace sotto::npu::design {

/// Addresses are register_address()es.
struct Write {
  std::uint32_t address = 0, value = 0;
  friend bool operator==(const Write&, const Write&) = default;
};
struct BlockWrite {
  std::uint32_t address = 0;
  std::vector<std::uint32_t> words;
  friend bool operator==(const BlockWrite&, const BlockWrite&) = default;
};
/// Replaces the bits of the mask.
struct MaskWrite {
  std::uint32_t address = 0, value = 0, mask = 0;
  friend bool operator==(const MaskWrite&, const MaskWrite&) = default;
};
/// Waits for a token of a channel.
struct Sync {
  TileId tile;
  Direction direction = Direction::s2mm;
  int channel = 0;
  friend bool operator==(const Sync&, const Sync&) = default;
};
/// Adds the address of a data argument and an offset to the two address words of a shim descriptor.
struct AddressPatch {
  std::uint32_t address = 0;  ///< of the descriptor's second word
  std::uint32_t argument = 0;
  std::uint32_t offset_bytes = 0;
  friend bool operator==(const AddressPatch&, const AddressPatch&) = default;
};
using Instruction = std::variant<Write, BlockWrite, MaskWrite, Sync, AddressPatch>;

struct InstructionStream {
  Device device;
  std::vector<Instruction> instructions;
  friend bool operator==(const InstructionStream&, const InstructionStream&) = default;
};

std::vector<std::uint32_t> encode(const InstructionStream& stream);
/// The inverse. Throws Error{io} at words that are no such stream.
InstructionStream decode(std::span<const std::uint32_t> words);

}  // namespace sotto::npu::design
