// The words that the opcode tables are written in.
#pragma once

#include "npu/core/opcodes.h"

namespace sotto::npu::core::rows {

using enum RegisterClass;
using O = Opcode;
using U = Unit;

constexpr Slot kLda = Slot::lda, kLdb = Slot::ldb, kSt = Slot::st, kAlu = Slot::alu, kMv = Slot::mv,
               kVec = Slot::vec, kLng = Slot::lng;

/// Operands by the cycle they are read or written in; a trailing b has the bypass of the mv slot, v
/// that of the vec slot.
constexpr Timing at(RegisterClass cls, int cycle) {
  return {cls, static_cast<int8_t>(cycle)};
}
constexpr Timing atb(RegisterClass cls, int cycle) {
  return {cls, static_cast<int8_t>(cycle), Bypass::mov};
}
constexpr Timing atv(RegisterClass cls, int cycle) {
  return {cls, static_cast<int8_t>(cycle), Bypass::vec};
}

constexpr Reservation busy(Unit unit, int cycle, int cycles = 1) {
  return {unit, static_cast<int8_t>(cycle), static_cast<int8_t>(cycles)};
}
constexpr Reservation avoids(Unit unit, int cycle, int cycles = 1) {
  return {unit, static_cast<int8_t>(cycle), static_cast<int8_t>(cycles), true};
}

constexpr uint8_t bit(AddressMode mode) {
  return static_cast<uint8_t>(1u << static_cast<int>(mode));
}
constexpr uint8_t kPlain = bit(AddressMode::offset) | bit(AddressMode::index) |
                           bit(AddressMode::increment) | bit(AddressMode::increment_m) |
                           bit(AddressMode::increment_2d) | bit(AddressMode::increment_3d);
constexpr uint8_t kWithStack = kPlain | bit(AddressMode::stack);
/// 128-bit and unpacking loads have no constants.
constexpr uint8_t kNoConstants = bit(AddressMode::index) | bit(AddressMode::increment_m) |
                                 bit(AddressMode::increment_2d) | bit(AddressMode::increment_3d);

std::span<const OpcodeInfo> memory_rows();
std::span<const OpcodeInfo> vector_rows();
std::span<const OpcodeInfo> scalar_rows();

}  // namespace sotto::npu::core::rows
