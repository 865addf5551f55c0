#include "npu/cycles/moves.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "npu/core/banks.h"

namespace sotto::npu::cycles {
namespace {

using core::AddressMode;
using core::Instruction;
using core::Opcode;
using core::Register;
using core::RegisterClass;

constexpr Register kStack{RegisterClass::sp, 0};

bool is_vector(RegisterClass cls) {
  return cls == RegisterClass::w || cls == RegisterClass::x || cls == RegisterClass::y;
}
bool is_accumulator(RegisterClass cls) {
  return cls == RegisterClass::am || cls == RegisterClass::bm || cls == RegisterClass::cm;
}

/// The register that stands alone on one unit, as instructions on scalars name it.
Register scalar_on(int unit) {
  using enum RegisterClass;
  for (const RegisterClass cls : {r, p, m, dn, dj, dc, s}) {
    for (int i = 0; i < core::register_file(cls).count; ++i) {
      const Register reg{cls, static_cast<uint8_t>(i)};
      if (reg.first_unit() == unit) return reg;
    }
  }
  fail(ErrorKind::unsupported, "register unit ", unit, " cannot be moved");
}

Opcode move_of(RegisterClass cls) {
  using enum RegisterClass;
  switch (cls) {
    case w:
      return Opcode::vmov_w;
    case x:
      return Opcode::vmov_x;
    case am:
      return Opcode::vmov_am;
    case bm:
      return Opcode::vmov_bm;
    case cm:
      return Opcode::vmov_cm;
    case r:
      return Opcode::mov;
    case p:
      return Opcode::mov_p;
    case m:
      return Opcode::mov_m;
    case dn:
      return Opcode::mov_dn;
    case dj:
      return Opcode::mov_dj;
    case dc:
      return Opcode::mov_dc;
    default:
      fail(ErrorKind::unsupported, "no move of a register of class ",
           core::register_file(cls).name);
  }
}

Opcode load_of(RegisterClass cls) {
  using enum RegisterClass;
  switch (cls) {
    case w:
      return Opcode::vlda;
    case am:
      return Opcode::vlda_am;
    case r:
      return Opcode::lda;
    case p:
      return Opcode::lda_p;
    case m:
      return Opcode::lda_m;
    case dn:
      return Opcode::lda_dn;
    case dj:
      return Opcode::lda_dj;
    case dc:
      return Opcode::lda_dc;
    default:
      fail(ErrorKind::unsupported, "no load of a register of class ",
           core::register_file(cls).name);
  }
}

/// Parts that one load or store holds.
std::vector<Register> units_of(Register reg) {
  std::vector<Register> units;
  for (int i = 0; i < reg.units(); ++i) {
    if (is_vector(reg.cls) || is_accumulator(reg.cls)) {
      units.push_back(part_of(reg, i, 1));
    } else {
      units.push_back(scalar_on(reg.first_unit() + i));
    }
  }
  return units;
}

core::Access on_stack(int bytes) {
  return {.object = core::kAnyObject,
          .offset = 0,
          .stride = 0,
          .bytes = bytes,
          .bank = core::kStackBank};
}

void append(std::vector<Instruction>& to, std::vector<Instruction> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

int slot_bytes(RegisterClass cls) {
  return is_vector(cls) || is_accumulator(cls) ? 32 : 4;
}

Register part_of(Register whole, int first, int units) {
  if (first == 0 && units == whole.units()) return whole;
  using enum RegisterClass;
  const int unit = whole.first_unit() + first;
  for (const RegisterClass cls : {r, p, w, x, am, bm, cm, l, d, m, dn, dj, dc, s}) {
    const bool same_file =
        is_vector(cls) == is_vector(whole.cls) && is_accumulator(cls) == is_accumulator(whole.cls);
    if (!same_file || core::register_file(cls).units != units) continue;
    for (int i = 0; i < core::register_file(cls).count; ++i) {
      const Register reg{cls, static_cast<uint8_t>(i)};
      if (reg.first_unit() == unit) return reg;
    }
  }
  fail(ErrorKind::unsupported, "no register is ", units, " units of ", register_name(whole));
}

std::vector<Instruction> load(Register to, int slot) {
  std::vector<Instruction> made;
  int at = slot;
  for (const Register unit : units_of(to)) {
    const int bytes = slot_bytes(unit.cls);
    made.push_back({.opcode = load_of(unit.cls),
                    .mode = AddressMode::stack,
                    .immediate = -at - bytes,
                    .defs = {unit},
                    .uses = {kStack},
                    .access = on_stack(bytes)});
    at += bytes;
  }
  return made;
}

std::vector<Instruction> copy(Register to, Register from) {
  SOTTO_CHECK(to.units() == from.units());
  const bool whole = is_vector(to.cls) || is_accumulator(to.cls) || to.units() == 1;
  if (whole && to.cls != from.cls) from = part_of(from, 0, from.units());
  std::vector<Instruction> made;
  if (whole && to.units() > 1) {
    made.push_back({.opcode = move_of(to.cls), .defs = {to}, .uses = {from}});
    return made;
  }
  const std::vector<Register> targets = units_of(to), sources = units_of(from);
  for (size_t i = 0; i < targets.size(); ++i) {
    made.push_back({.opcode = move_of(targets[i].cls), .defs = {targets[i]}, .uses = {sources[i]}});
  }
  return made;
}

std::vector<Instruction> store(Register from, int slot) {
  std::vector<Instruction> made;
  int at = slot;
  for (const Register unit : units_of(from)) {
    const int bytes = slot_bytes(unit.cls);
    const Opcode opcode = is_vector(unit.cls)        ? Opcode::vst
                          : is_accumulator(unit.cls) ? Opcode::vst_am
                                                     : Opcode::st;
    made.push_back({.opcode = opcode,
                    .mode = AddressMode::stack,
                    .immediate = -at - bytes,
                    .uses = {unit, kStack},
                    .access = on_stack(bytes)});
    at += bytes;
  }
  return made;
}

std::vector<Instruction> in_order(std::vector<Move> moves,
                                  const std::function<std::optional<Register>(Register)>& free,
                                  int slot) {
  std::vector<Instruction> made;
  std::erase_if(moves, [](const Move& move) {
    return move.from && move.from->first_unit() == move.to.first_unit() &&
           move.from->units() == move.to.units();
  });
  while (!moves.empty()) {
    const auto ready = std::find_if(moves.begin(), moves.end(), [&](const Move& move) {
      return std::none_of(moves.begin(), moves.end(), [&](const Move& other) {
        return &other != &move && other.from && other.from->overlaps(move.to);
      });
    });
    if (ready == moves.end()) {
      // A circle: one of its values steps aside.
      const auto in_circle = std::find_if(moves.begin(), moves.end(),
                                          [](const Move& move) { return move.from.has_value(); });
      const std::optional<Register> aside = free(*in_circle->from);
      if (aside) {
        append(made, copy(*aside, *in_circle->from));
      } else {
        append(made, store(*in_circle->from, slot));
        in_circle->slot = slot;
        // Vectors lie at multiples of 32.
        slot += (slot_bytes(in_circle->from->cls) * in_circle->from->units() + 31) / 32 * 32;
      }
      in_circle->from = aside;
      continue;
    }
    // A register onto an overlapping one reads all before it writes.
    append(made, ready->from ? copy(ready->to, *ready->from) : load(ready->to, ready->slot));
    moves.erase(ready);
  }
  return made;
}

}  // namespace sotto::npu::cycles
