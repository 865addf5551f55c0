#include "npu/cycles/frame.h"

#include <algorithm>

#include "base/error.h"
#include "npu/cycles/moves.h"

namespace sotto::npu::cycles {
namespace {

using core::Instruction;
using core::Opcode;
using core::Register;
using core::RegisterClass;

constexpr Register kStack{RegisterClass::sp, 0};
constexpr int kLine = 32;  // the stack pointer moves by multiples of this

int lines(int bytes) {
  return (bytes + kLine - 1) / kLine * kLine;
}

std::vector<bool> touched_units(const core::Image& image, bool written_only) {
  std::vector<bool> touched(static_cast<size_t>(core::register_units()), false);
  const auto touch = [&](Register reg) {
    std::fill_n(touched.begin() + reg.first_unit(), reg.units(), true);
  };
  for (const core::Bundle& bundle : image.bundles) {
    for (const Instruction& made : bundle.instructions) {
      std::for_each(made.defs.begin(), made.defs.end(), touch);
      if (!written_only) std::for_each(made.uses.begin(), made.uses.end(), touch);
    }
  }
  return touched;
}

/// Scalars without a use that neither the caller nor its arguments need: r8 to r15, r24 to r31.
std::vector<Register> free_scalars(const core::Image& image) {
  const std::vector<bool> touched = touched_units(image, /*written_only=*/false);
  constexpr uint8_t kFirst = 8;
  std::vector<Register> free;
  for (uint8_t i = kFirst; i < core::register_file(RegisterClass::r).count; ++i) {
    const Register reg{RegisterClass::r, i};
    if (!is_callee_saved(reg) && !touched[static_cast<size_t>(reg.first_unit())]) {
      free.push_back(reg);
    }
  }
  return free;
}

int aside_bytes(const core::Image& image) {
  int64_t deepest = kAsideBelow;
  for (const core::Bundle& bundle : image.bundles) {
    for (const Instruction& made : bundle.instructions) {
      if (made.mode == core::AddressMode::stack) deepest = std::max(deepest, -made.immediate);
    }
  }
  return static_cast<int>(deepest) - kAsideBelow;
}

Instruction move_stack(int64_t bytes) {
  return {.opcode = core::choices(Opcode::padd_sp)[0],
          .immediate = bytes,
          .defs = {kStack},
          .uses = {kStack}};
}

void append(std::vector<Instruction>& to, const std::vector<Instruction>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

Frame frame_of(const core::Image& image, int spilled) {
  Frame frame;
  frame.aside = lines(spilled);
  int bytes = frame.aside + aside_bytes(image);
  const std::vector<bool> written = touched_units(image, /*written_only=*/true);
  const std::vector<Register> free = free_scalars(image);
  for (const RegisterClass cls : {RegisterClass::r, RegisterClass::p}) {
    for (uint8_t i = 0; i < core::register_file(cls).count; ++i) {
      const Register reg{cls, i};
      if (!is_callee_saved(reg) || !written[static_cast<size_t>(reg.first_unit())]) continue;
      Saved saved{reg, std::nullopt, 0};
      if (frame.saved.size() < free.size()) {
        saved.kept = free[frame.saved.size()];
      } else {
        saved.slot = bytes;
        bytes += slot_bytes(cls);
      }
      frame.saved.push_back(saved);
    }
  }
  frame.bytes = lines(bytes);
  return frame;
}

std::vector<Instruction> entry_of(const Frame& frame) {
  std::vector<Instruction> made;
  if (frame.bytes > 0) made.push_back(move_stack(frame.bytes));
  for (const Saved& saved : frame.saved) {
    append(made, saved.kept ? copy(*saved.kept, saved.reg) : store(saved.reg, saved.slot));
  }
  return made;
}

std::vector<Instruction> exit_of(const Frame& frame) {
  std::vector<Instruction> made;
  for (const Saved& saved : frame.saved) {
    append(made, saved.kept ? copy(saved.reg, *saved.kept) : load(saved.reg, saved.slot));
  }
  if (frame.bytes > 0) made.push_back(move_stack(-frame.bytes));
  return made;
}

Instruction return_constant(int64_t value) {
  for (const Opcode opcode : core::choices(Opcode::set)) {
    if (!core::encodable(opcode, core::AddressMode::none, value)) continue;
    return {.opcode = opcode, .immediate = value, .defs = {kReturned}};
  }
  fail(ErrorKind::unsupported, "a call that returns ", value);
}

}  // namespace sotto::npu::cycles
