#include "npu/core/past.h"

#include <algorithm>

#include "npu/core/hardware_loop.h"

namespace sotto::npu::core {
namespace {

/// Reads of the rounding and saturation registers stand in no instruction.
bool sets_control(const Instruction& made) {
  return std::any_of(made.defs.begin(), made.defs.end(),
                     [](Register reg) { return reg.cls == RegisterClass::cr; });
}

template <typename Units, typename F>
void for_units(Units& units, Register reg, F f) {
  for (int i = 0; i < reg.units(); ++i) f(units[static_cast<size_t>(reg.first_unit() + i)]);
}

}  // namespace

bool has_effects(const Instruction& made) {
  const bool stores = made.access && info(made.opcode).memory != MemoryUse::load;
  return (stores && made.mode != AddressMode::stack) || sets_control(made) ||
         made.opcode == Opcode::jnz || made.opcode == Opcode::ret;
}

Past::Past(int first, int bundles)
    : units_(static_cast<size_t>(register_units())),
      first_(first),
      busy_(static_cast<size_t>(bundles)) {}

void Past::add(const Instruction& made, int time) {
  const OpcodeInfo& row = info(made.opcode);
  const Signature all = signature(made.opcode, made.mode);
  for (size_t i = 0; i < made.uses.size(); ++i) {
    for_units(units_, made.uses[i], [&](RegisterUnit& unit) {
      unit.read = std::max(unit.read, time + all.uses[i].cycle);
    });
  }
  for (size_t i = 0; i < made.defs.size(); ++i) {
    const int written = time + all.defs[i].cycle;
    for_units(units_, made.defs[i], [&](RegisterUnit& unit) {
      unit.written = std::max(unit.written, written);
      for (int bypass = 0; bypass < kBypasses; ++bypass) {
        const bool same = bypass > 0 && bypass == static_cast<int>(all.defs[i].bypass);
        int& seen = unit.seen[static_cast<size_t>(bypass)];
        seen = std::max(seen, written + (same ? 0 : 1));
      }
    });
  }
  if (made.access) {
    if (row.memory != MemoryUse::store) loaded_ = std::max(loaded_, time + row.memory_cycle);
    if (row.memory != MemoryUse::load) stored_ = std::max(stored_, time + row.memory_cycle);
  }
  if (sets_control(made)) control_ = std::max(control_, time);
  any_ = std::max(any_, time);
  if (has_effects(made)) effect_ = std::max(effect_, time);
  if (made.opcode == Opcode::jnz_leave) decided_ = std::max(decided_, time + kDelaySlots + 1);
  for (const Reservation& use : row.units) {
    for (int i = 0; i < use.cycles; ++i) {
      Busy* const there = const_cast<Busy*>(busy_at(time + use.cycle + i, use.unit));
      if (there != nullptr) (use.yields ? there->yields : there->holders) += 1;
    }
  }
}

const Past::Busy* Past::busy_at(int time, Unit unit) const {
  const int row = time - first_;
  if (row < 0 || row >= static_cast<int>(busy_.size())) return nullptr;
  return &busy_[static_cast<size_t>(row)][static_cast<size_t>(unit)];
}

bool Past::allows(const Instruction& made, int time) const {
  if (has_effects(made) && time < decided_) return false;
  const bool leaves = made.opcode == Opcode::jnz_leave;
  if (leaves && (time < decided_ || time + kDelaySlots < effect_)) return false;
  return registers_allow(made, time) && memory_allows(made, time) && units_allow(made, time);
}

bool Past::registers_allow(const Instruction& made, int time) const {
  const Signature all = signature(made.opcode, made.mode);
  bool free = true;
  for (size_t i = 0; i < made.uses.size(); ++i) {
    const size_t bypass = static_cast<size_t>(all.uses[i].bypass);
    for_units(units_, made.uses[i], [&](const RegisterUnit& unit) {
      free &= time + all.uses[i].cycle >= unit.seen[bypass];
    });
  }
  for (size_t i = 0; i < made.defs.size(); ++i) {
    const int written = time + all.defs[i].cycle;
    const int late = all.defs[i].bypass == Bypass::none ? 0 : 1;
    for_units(units_, made.defs[i], [&](const RegisterUnit& unit) {
      free &= written > unit.written && written >= unit.read + late;
    });
  }
  return free;
}

bool Past::memory_allows(const Instruction& made, int time) const {
  constexpr int kControlLead = 2, kControlTail = 8;
  if (time < control_ + kControlLead) return false;
  if (sets_control(made) && time < any_ + kControlTail) return false;
  if (!made.access) return true;
  const OpcodeInfo& row = info(made.opcode);
  // A part-word store reads 6 cycles before it writes.
  const int access = time + row.memory_cycle - (row.memory == MemoryUse::load_store ? 6 : 0);
  return access > stored_ && (row.memory == MemoryUse::load || access > loaded_);
}

bool Past::units_allow(const Instruction& made, int time) const {
  for (const Reservation& use : info(made.opcode).units) {
    for (int i = 0; i < use.cycles; ++i) {
      const Busy* const there = busy_at(time + use.cycle + i, use.unit);
      if (there == nullptr) continue;
      if (there->holders > 0 || (!use.yields && there->yields > 0)) return false;
    }
  }
  return true;
}

}  // namespace sotto::npu::core
