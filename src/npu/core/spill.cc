#include "npu/core/spill.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "npu/core/banks.h"

namespace sotto::npu::core {
namespace {

constexpr int kUnitBytes = 32;  // of a w, of an am

bool is_vector(RegisterClass cls) {
  return cls == RegisterClass::w || cls == RegisterClass::x;
}
bool is_accumulator(RegisterClass cls) {
  return cls == RegisterClass::am || cls == RegisterClass::bm || cls == RegisterClass::cm;
}

class Spiller {
 public:
  Spiller(const Loop& loop, int reg, bool once)
      : from_(loop),
        reg_(reg),
        once_(once),
        kept_(is_invariant(loop, reg)),
        offset_(kept_ ? kept_area(loop) : spill_area(loop)),
        made_(loop) {
    made_.operations.clear();
    moved_.assign(loop.operations.size(), 0);
    stack_ = find_stack();
  }

  Loop run() {
    for (size_t op = 0; op < from_.operations.size(); ++op) {
      Operation operation = from_.operations[op];
      std::vector<std::pair<Operand, Operand>> reloaded;  // an operation reads it once
      for (Operand& use : operation.uses) {
        if (use.reg == reg_) use = once_ ? reload_once(use) : reload_for(reloaded, use);
      }
      moved_[op] = made_.add(operation);
      for (const Operand& def : operation.defs) {
        if (def.reg == reg_) store(def);
      }
    }
    if (kept_) made_.registers[static_cast<size_t>(reg_)].live_out = false;
    for (Order& order : made_.orders) {
      order.from = moved_[static_cast<size_t>(order.from)];
      order.to = moved_[static_cast<size_t>(order.to)];
    }
    return std::move(made_);
  }

 private:
  int find_stack() {
    for (size_t i = 0; i < made_.registers.size(); ++i) {
      if (made_.registers[i].cls == RegisterClass::sp) return static_cast<int>(i);
    }
    return made_.state(RegisterClass::sp, "sp");
  }

  Access slot(int unit) const {
    return {.object = (kept_ ? kFirstKeptObject : kFirstSpillObject) + offset_ / kUnitBytes + unit,
            .stride = kept_ ? 0 : kUnitBytes,
            .bytes = kUnitBytes,
            .bank = kStackBank};
  }
  int64_t place(int unit) const {
    return -(kept_ ? kKeptBytes : 0) - offset_ - kUnitBytes * (unit + 1);
  }

  void store(const Operand& def) {
    const Span span = span_of(from_, def);
    const bool vector = is_vector(from_.registers[static_cast<size_t>(reg_)].cls);
    for (int unit = span.first; unit < span.first + span.units; ++unit) {
      made_.add({.opcode = vector ? Opcode::vst : Opcode::vst_am,
                 .mode = AddressMode::stack,
                 .immediate = place(unit),
                 .uses = {part(reg_, unit, 1), whole(stack_)},
                 .access = slot(unit),
                 .comment = "spill"});
    }
  }

  /// For all that read the register.
  Operand reload_once(const Operand& use) {
    if (!fresh_) fresh_ = reload(whole(reg_)).reg;
    return {*fresh_, use.first, use.units, 0};
  }

  Operand reload_for(std::vector<std::pair<Operand, Operand>>& reloaded, const Operand& use) {
    for (const auto& [from, to] : reloaded) {
      if (from.first == use.first && from.units == use.units) return to;
    }
    return reloaded.emplace_back(use, reload(use)).second;
  }

  /// A fresh register with the used units, loaded just before.
  Operand reload(const Operand& use) {
    const VirtualRegister& old = from_.registers[static_cast<size_t>(reg_)];
    const Span span = span_of(from_, use);
    const int fresh = made_.value(old.cls, concat(old.name, "'"));
    for (int unit = span.first; unit < span.first + span.units; ++unit) {
      made_.add({.opcode = is_vector(old.cls) ? Opcode::vlda : Opcode::vlda_am,
                 .mode = AddressMode::stack,
                 .immediate = place(unit),
                 .defs = {part(fresh, unit, 1)},
                 .uses = {whole(stack_)},
                 .access = slot(unit),
                 .comment = "reload"});
    }
    return {fresh, use.first, use.units, 0};
  }

  const Loop& from_;
  const int reg_;
  const bool once_, kept_;
  const int offset_;
  Loop made_;
  int stack_ = 0;
  std::optional<int> fresh_;
  std::vector<int> moved_;
};

}  // namespace

bool can_spill(const Loop& loop, int reg) {
  const VirtualRegister& which = loop.registers[static_cast<size_t>(reg)];
  if (which.storage == Storage::state || which.fixed) return false;
  if (which.live_out && !is_invariant(loop, reg)) return false;
  if (!is_vector(which.cls) && !is_accumulator(which.cls)) return false;
  bool is_used = false;
  for (const Operation& operation : loop.operations) {
    for (const Operand& use : operation.uses) {
      is_used |= use.reg == reg;
      // What enters the loop would have to be stored before it.
      if (use.reg == reg && (use.distance > 0 || operation.comment == "spill")) return false;
    }
    for (const Operand& def : operation.defs) {
      if (def.reg == reg && operation.comment == "reload") return false;
    }
  }
  return is_used;
}

bool is_spill(const std::optional<Access>& access) {
  return access && access->object >= kFirstSpillObject && access->object < kFirstKeptObject;
}

bool is_kept(const std::optional<Access>& access) {
  return access && access->object >= kFirstKeptObject;
}

int spill_area(const Loop& loop) {
  int slots = 0;
  for (const Operation& operation : loop.operations) {
    if (!is_spill(operation.access)) continue;
    slots = std::max(slots, operation.access->object - kFirstSpillObject + 1);
  }
  return kUnitBytes * slots;
}

int kept_area(const Loop& loop) {
  int slots = 0;
  for (const Operation& operation : loop.operations) {
    if (!is_kept(operation.access)) continue;
    slots = std::max(slots, operation.access->object - kFirstKeptObject + 1);
  }
  return kUnitBytes * slots;
}

bool is_invariant(const Loop& loop, int reg) {
  for (const Operation& operation : loop.operations) {
    for (const Operand& def : operation.defs) {
      if (def.reg == reg) return false;
    }
  }
  return true;
}

int spill_depth(const Loop& loop, const Schedule& schedule) {
  int depth = 1;
  for (size_t a = 0; a < loop.operations.size(); ++a) {
    if (!is_spill(loop.operations[a].access)) continue;
    for (size_t b = 0; b < loop.operations.size(); ++b) {
      const std::optional<Access>& other = loop.operations[b].access;
      if (!is_spill(other) || other->object != loop.operations[a].access->object) continue;
      // Stores and reloads access memory in the same cycle after issue.
      const int apart = schedule.placements[b].cycle - schedule.placements[a].cycle;
      depth = std::max(depth, apart / schedule.interval + 1);
    }
  }
  return depth;
}

int accesses_of(const Loop& loop, int reg) {
  int units = 0;
  for (const Operation& operation : loop.operations) {
    for (const auto& operands : {operation.defs, operation.uses}) {
      for (const Operand& operand : operands) {
        if (operand.reg == reg) units += span_of(loop, operand).units;
      }
    }
  }
  return std::max(units, 1);
}

Loop spill(const Loop& loop, int reg, bool once) {
  SOTTO_CHECK(can_spill(loop, reg));
  return Spiller(loop, reg, once).run();
}

}  // namespace sotto::npu::core
