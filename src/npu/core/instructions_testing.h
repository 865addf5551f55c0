// The few instructions that the tests of moved code are made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "npu/core/image.h"

namespace sotto::npu::core::testing {

inline constexpr Register kP0{RegisterClass::p, 0}, kP1{RegisterClass::p, 1};
inline constexpr Register kW0{RegisterClass::w, 0}, kW1{RegisterClass::w, 1};
inline constexpr Register kR0{RegisterClass::r, 0};

/// `to` = the vector at `from`
inline Instruction load(Register to, Register from) {
  return {.opcode = Opcode::vldb,
          .mode = AddressMode::offset,
          .defs = {to},
          .uses = {from},
          .access = Access{.object = 0}};
}
inline Instruction copy(Register to, Register from) {
  return {.opcode = Opcode::vmov_w, .defs = {to}, .uses = {from}};
}
inline Instruction constant(Register to, std::int64_t value) {
  return {.opcode = Opcode::mov_imm_p, .immediate = value, .defs = {to}};
}

/// The first bundle with such an instruction; -1 when there is none.
inline int bundle_of(const Image& image, Opcode opcode) {
  for (std::size_t i = 0; i < image.bundles.size(); ++i) {
    for (const Instruction& made : image.bundles[i].instructions) {
      if (made.opcode == opcode) return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace sotto::npu::core::testing
