#include "npu/recorder/place.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>

#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

// Modes of vshuffle that make one register of the lower (upper) halves of two; and the shift that
// puts an upper half before a lower one.
constexpr int64_t kLowerHalves = 10, kUpperHalves = 11, kHalfBytes = 32;

using core::register_file;

Effect copy_effect() {
  return [](std::span<const Bits> sources, std::span<Bits> results) { results[0] = sources[0]; };
}

Opcode move_of(RegisterClass cls) {
  switch (cls) {
    case RegisterClass::w:
      return Opcode::vmov_w;
    case RegisterClass::x:
      return Opcode::vmov_x;
    case RegisterClass::am:
      return Opcode::vmov_am;
    case RegisterClass::bm:
      return Opcode::vmov_bm;
    case RegisterClass::cm:
      return Opcode::vmov_cm;
    default:
      return Opcode::mov;
  }
}

Step move_step(Use from, Part to, RegisterClass cls) {
  Step step;
  step.opcode = move_of(cls);
  step.uses = {from};
  step.uses[0].wanted = step.opcode == Opcode::mov ? RegisterClass::any_scalar : cls;
  step.defs = {to};
  step.effect = copy_effect();
  return step;
}

class Joiner {
 public:
  explicit Joiner(Trace& trace) : trace_(trace) {
    for_each_use(trace_.items, [&](Use& use) { uses_[use.part.value].push_back(use); });
    for_each_loop(trace_.items, [&](LoopNode& loop) {
      for (const Carried& carried : loop.carried) fixed_.insert(carried.value);
    });
  }

  void run() {
    for_each_list(trace_.items, [&](Items& list) { lower_list(list); });
    for_each_step(trace_.items, [&](Step& step) {
      for (Part& def : step.defs) move_into(def);
    });
    for_each_use(trace_.items, [&](Use& use) { move_into(use.part); });
  }

 private:
  void lower_list(Items& list) {
    std::set<int> written;  // by instructions of this list
    Items lowered;
    for (Item& item : list) {
      if (!item.loop && item.step.kind == StepKind::join) {
        lower_join(item.step, written, lowered);
        continue;
      }
      if (!item.loop) {
        for (const Part& def : item.step.defs) written.insert(def.value);
      }
      lowered.push_back(std::move(item));
    }
    list = std::move(lowered);
  }

  /// Whether the value can be made where the join wants it.
  bool can_move(const Use& use, const std::set<int>& written) const {
    const int value = use.part.value;
    if (use.distance != 0 || use.part.first != 0 || use.part.units != trace_.units_of(value) ||
        !written.contains(value) || fixed_.contains(value) || places_.contains(value)) {
      return false;
    }
    return std::all_of(uses_.at(value).begin(), uses_.at(value).end(), [&](const Use& other) {
      return register_file(other.wanted).units <= use.part.units;
    });
  }

  void lower_join(Step& join, std::set<int>& written, Items& lowered) {
    const Part whole = join.defs[0];
    const std::vector<Use>& uses = join.uses;
    std::vector<bool> moves;
    for (const Use& use : uses) {
      const bool is_again = !moves.empty() && use.part.value == uses[0].part.value && moves[0];
      moves.push_back(!is_again && can_move(use, written));
    }
    if (uses.size() == 2 && !moves[0] && !moves[1] && join_by_shuffle(join, lowered)) {
      written.insert(whole.value);
      return;
    }
    int at = 0;
    for (size_t i = 0; i < uses.size(); ++i) {
      const Part to = {whole.value, at, uses[i].part.units};
      if (moves[i]) {
        places_[uses[i].part.value] = to;
      } else {
        lowered.push_back({move_step(uses[i], to, uses[i].wanted), nullptr});
      }
      at += to.units;
    }
    // What has parts made in it stays where it is.
    if (std::find(moves.begin(), moves.end(), true) != moves.end()) fixed_.insert(whole.value);
  }

  /// Two halves of x by one instruction.
  bool join_by_shuffle(const Step& join, Items& lowered) {
    const Part low = join.uses[0].part, high = join.uses[1].part;
    if (low.units != 1 || (low.first == 0 && high.first == 1)) return false;
    Step step;
    step.opcode = low.first == high.first ? Opcode::vshuffle : Opcode::vshift;
    const int64_t how = low.first != high.first ? kHalfBytes
                        : low.first == 0        ? kLowerHalves
                                                : kUpperHalves;
    for (const Use& use : join.uses) {
      const bool is_half = trace_.units_of(use.part.value) == 1;
      step.uses.push_back(use);
      step.uses.back().part = {use.part.value, 0, is_half ? 1 : 2};
      step.uses.back().wanted = RegisterClass::x;
    }
    step.uses.push_back({{constant(how), 0, 1}, RegisterClass::r, 0});
    step.defs = join.defs;
    step.effect = [low_half = low.first, high_half = high.first](std::span<const Bits> sources,
                                                                 std::span<Bits> results) {
      std::memcpy(results[0].bytes.data(), sources[0].bytes.data() + kHalfBytes * low_half,
                  kHalfBytes);
      std::memcpy(results[0].bytes.data() + kHalfBytes,
                  sources[1].bytes.data() + kHalfBytes * high_half, kHalfBytes);
    };
    lowered.push_back({std::move(step), nullptr});
    return true;
  }

  int constant(int64_t value) {
    const auto [known, is_new] = constants_.try_emplace(value, -1);
    if (is_new) {
      known->second = trace_.add_value(RegisterClass::r);
      Step set;
      set.opcode = Opcode::set;
      set.immediates = {value};
      set.defs = {{known->second, 0, 1}};
      added_.push_back({std::move(set), nullptr});
    }
    return known->second;
  }

  void move_into(Part& part) const {
    for (auto found = places_.find(part.value); found != places_.end();
         found = places_.find(part.value)) {
      part = {found->second.value, found->second.first + part.first, part.units};
    }
  }

 public:
  /// Constants that all code may use.
  Items added() { return std::move(added_); }

 private:
  Trace& trace_;
  std::unordered_map<int, std::vector<Use>> uses_;
  std::set<int> fixed_;
  std::unordered_map<int, Part> places_;
  std::unordered_map<int64_t, int> constants_;
  Items added_;
};

/// Copies become moves.
void lower_copies(Items& items, const Trace& trace) {
  for_each_step(items, [&](Step& step) {
    if (step.kind != StepKind::copy) return;
    const RegisterClass cls = trace.values[static_cast<size_t>(step.defs[0].value)];
    step = move_step(step.uses[0], step.defs[0], cls);
  });
}

/// 256-bit vectors in instructions on 512 bits stand in lower halves.
class Widener {
 public:
  explicit Widener(Trace& trace) : trace_(trace) {}
  void run() {
    for_each_list(trace_.items, [&](Items& list) {
      Items widened;
      for (Item& item : list) {
        if (!item.loop) widen(item.step, widened);
        widened.push_back(std::move(item));
      }
      list = std::move(widened);
    });
    // A carried value and what it begins with are read alike.
    trace_.padded.assign(padded_.begin(), padded_.end());
  }

 private:
  void widen(Step& step, Items& before) {
    for (Use& use : step.uses) {
      if (use.wanted != RegisterClass::x || use.part.value < 0) continue;
      const int value = use.part.value;
      if (use.part.first == 1) {
        const int moved = trace_.add_value(RegisterClass::x);
        padded_.insert(moved);
        before.push_back({move_step(use, {moved, 0, 1}, RegisterClass::w), nullptr});
        use.part = {moved, 0, 2};
        use.distance = 0;
      } else {
        if (trace_.class_of(value) == RegisterClass::w) {
          trace_.class_of(value) = RegisterClass::x;
          padded_.insert(value);
        }
        use.part.units = 2;
      }
    }
  }

  Trace& trace_;
  std::set<int> padded_;
};

/// r27 for conditions, r16 … r19 and r16 … r23 for lanes and masks.
class ScalarClasses {
 public:
  explicit ScalarClasses(Trace& trace) : trace_(trace) {}
  void run() {
    for_each_list(trace_.items, [&](Items& list) {
      Items placed;
      for (Item& item : list) {
        if (!item.loop) choose(item.step, placed);
        placed.push_back(std::move(item));
      }
      list = std::move(placed);
    });
  }

 private:
  void choose(Step& step, Items& before) {
    for (Use& use : step.uses) {
      if (use.part.value < 0) continue;
      RegisterClass& own = trace_.class_of(use.part.value);
      if (!core::accepts(RegisterClass::r, own) || !core::accepts(RegisterClass::r, use.wanted) ||
          core::accepts(use.wanted, own)) {
        continue;
      }
      if (core::accepts(own, use.wanted)) {
        own = use.wanted;
        continue;
      }
      const RegisterClass wanted = use.wanted;
      const int moved = trace_.add_value(wanted);
      before.push_back({move_step(use, {moved, 0, 1}, RegisterClass::r), nullptr});
      use = {{moved, 0, 1}, wanted, 0};
    }
  }

  Trace& trace_;
};

}  // namespace

void place(Trace& trace) {
  Joiner joiner(trace);
  joiner.run();
  Items added = joiner.added();
  trace.items.insert(trace.items.begin(), std::make_move_iterator(added.begin()),
                     std::make_move_iterator(added.end()));
  lower_copies(trace.items, trace);
  Widener(trace).run();
  ScalarClasses(trace).run();
}

}  // namespace sotto::npu::recorder
