#include "npu/recorder/simplify.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include "base/error.h"
#include "npu/core/opcodes.h"
#include "npu/recorder/fuse.h"
#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

bool is_constant(const Step& step) {
  const bool sets = step.opcode == Opcode::set || step.opcode == Opcode::set_s;
  return sets && step.kind != StepKind::join && step.kind != StepKind::copy;
}

/// Constants that never differ stand once; other steps have none that matter here.
void compress(Items& items) {
  for_each_step(items, [](Step& step) {
    std::vector<int64_t>& all = step.immediates;
    const bool same = std::all_of(all.begin(), all.end(), [&](int64_t x) { return x == all[0]; });
    if (same || !is_constant(step)) all.resize(1);
  });
}

// --- names

/// Values that are (part of) other values.
using Names = std::unordered_map<int, Part>;

void rename(Items& items, const Names& names) {
  if (names.empty()) return;
  for_each_use(items, [&](Use& use) {
    for (auto found = names.find(use.part.value); found != names.end();
         found = names.find(use.part.value)) {
      use.part = {found->second.value, found->second.first + use.part.first, use.part.units};
    }
  });
}

/// Values that a loop carries keep their names.
std::unordered_set<int> carried_values(Items& items) {
  std::unordered_set<int> carried;
  for_each_loop(items, [&](LoopNode& loop) {
    for (const Carried& entry : loop.carried) carried.insert(entry.value);
  });
  return carried;
}

// --- joins

/// A join of the neighbouring parts of one register is that register.
void drop_joins_of_neighbours(Items& items) {
  const std::unordered_set<int> carried = carried_values(items);
  Names names;
  for_each_list(items, [&](Items& list) {
    erase_items(list, [&](const Item& item) {
      if (item.loop || item.step.kind != StepKind::join) return false;
      const std::vector<Use>& uses = item.step.uses;
      int next = uses[0].part.first;
      for (const Use& use : uses) {
        if (use.distance != 0 || use.part.value != uses[0].part.value || use.part.first != next) {
          return false;
        }
        next += use.part.units;
      }
      if (carried.contains(item.step.defs[0].value)) return false;
      names[item.step.defs[0].value] = uses[0].part;
      return true;
    });
  });
  rename(items, names);
}

/// Part of a join is what was joined there.
void read_through_joins(Items& items) {
  const Writers writers = writers_of(items);
  for_each_use(items, [&](Use& use) {
    const auto found = writers.find(use.part.value);
    if (found == writers.end() || found->second[0]->kind != StepKind::join || use.distance != 0) {
      return;
    }
    int at = 0;
    for (const Use& joined : found->second[0]->uses) {
      if (joined.distance == 0 && at <= use.part.first &&
          use.part.first + use.part.units <= at + joined.part.units) {
        use.part.first += joined.part.first - at;
        use.part.value = joined.part.value;
        return;
      }
      at += joined.part.units;
    }
  });
}

// --- invariants

/// The objects that stores of a list, loops inside included, write to.
class StoredObjects {
 public:
  StoredObjects(Items& items, const std::vector<Object>& objects) : objects_(objects) {
    for_each_step(items, [&](Step& step) {
      if (step.is_store) stored_.insert(object_of(step));
    });
  }
  bool contain(const Step& step) const { return stored_.contains(object_of(step)); }

 private:
  size_t object_of(const Step& step) const {
    size_t i = 0;
    while (step.addresses[0] >= objects_[i].address + objects_[i].bytes) ++i;
    return i;
  }
  const std::vector<Object>& objects_;
  std::set<size_t> stored_;
};

class Hoister {
 public:
  explicit Hoister(Trace& trace) : trace_(trace), carried_(carried_values(trace.items)) {}
  void run() { visit(trace_.items); }

 private:
  void visit(Items& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (!list[i].loop) continue;
      visit(list[i].loop->body);
      Items before = invariants_of(*list[i].loop);
      i += before.size();
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(i - before.size()),
                  std::make_move_iterator(before.begin()), std::make_move_iterator(before.end()));
    }
  }

  Items invariants_of(LoopNode& loop) {
    std::unordered_set<int> inside;
    for_each_step(loop.body, [&](Step& step) {
      for (const Part& def : step.defs) inside.insert(def.value);
    });
    const StoredObjects stored(loop.body, trace_.objects);
    sets_modes_ = false;
    for_each_step(loop.body, [&](Step& step) { sets_modes_ |= step.opcode == Opcode::movx_cr; });
    std::unordered_set<int> loads = still_loads(loop, stored);
    Items before, kept;
    for (Item& item : loop.body) {
      const bool is_load = !item.loop && item.step.is_memory();
      if (item.loop || !(is_load ? !item.step.is_store && loads.contains(item.step.defs[0].value)
                                 : leaves(item.step, loop, inside))) {
        if (!item.loop && is_constant(item.step) && item.step.immediates.size() > 1) {
          make_induction(item.step, loop, before, kept);
        } else {
          kept.push_back(std::move(item));
        }
        continue;
      }
      if (is_load) leave_dimension(item.step.addresses, static_cast<size_t>(loop.trips));
      for (const Part& def : item.step.defs) inside.erase(def.value);
      before.push_back(std::move(item));
    }
    loop.body = std::move(kept);
    return before;
  }

  /// Loads from one place that nobody writes to meanwhile (kernels' outputs are __restrict). Only
  /// so many 256-bit vectors leave a loop as leave registers for the rest.
  static constexpr int kInvariantLoads = 4;
  bool stands_still(const Step& load, const LoopNode& loop, const StoredObjects& stored) const {
    if (load.is_store || stored.contain(load) || carried_.contains(load.defs[0].value))
      return false;
    const auto trips = static_cast<size_t>(loop.trips);
    for (size_t i = 0; i < load.addresses.size(); ++i) {
      if (load.addresses[i] != load.addresses[i / trips * trips]) return false;
    }
    return true;
  }
  std::unordered_set<int> still_loads(const LoopNode& loop, const StoredObjects& stored) const {
    std::unordered_set<int> leaving, staying;
    int left = kInvariantLoads;
    for (const Item& item : loop.body) {
      if (item.loop || !item.step.is_memory() || item.step.is_store) continue;
      const int value = item.step.defs[0].value;
      if (!stands_still(item.step, loop, stored)) {
        staying.insert(value);
      } else if (leaving.insert(value).second) {
        left -= trace_.units_of(value);
        if (left < 0) staying.insert(value);
      }
    }
    for (const int value : staying) leaving.erase(value);
    return leaving;
  }

  bool leaves(Step& step, const LoopNode& loop, const std::unordered_set<int>& inside) {
    if (!step.is_pure() || step.kind == StepKind::copy) return false;
    if (step.rounds && sets_modes_) return false;
    for (const Part& def : step.defs) {
      if (carried_.contains(def.value)) return false;
    }
    for (const Use& use : step.uses) {
      if (use.distance > 0 || inside.contains(use.part.value)) return false;
    }
    return leave_dimension(step.immediates, static_cast<size_t>(loop.trips));
  }

  /// Whether the constants are the same in all iterations; then one is left of each entry.
  static bool leave_dimension(std::vector<int64_t>& all, size_t trips) {
    if (all.size() == 1) return true;
    std::vector<int64_t> entries;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i] != all[i / trips * trips]) return false;
      if (i % trips == 0) entries.push_back(all[i]);
    }
    all = std::move(entries);
    return true;
  }

  /// A constant that grows evenly: the one before plus a step.
  void make_induction(Step& step, LoopNode& loop, Items& before, Items& body) {
    if (step.opcode == Opcode::set_s) {
      fail(ErrorKind::unsupported, loop.name, ": a shift goes from ", step.immediates[0], " to ",
           step.immediates[1], "; nothing computes shifts");
    }
    const auto trips = static_cast<size_t>(loop.trips);
    const std::vector<int64_t> all = step.immediates;
    const int64_t stride = all[1] - all[0];
    std::vector<int64_t> starts;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i % trips == 0) {
        starts.push_back(all[i] - stride);
      } else if (all[i] - all[i - 1] != stride) {
        fail(ErrorKind::unsupported, loop.name, ": a scalar goes from ", all[i - 1], " to ", all[i],
             " in one iteration and by ", stride, " in others; compute it with Scalar");
      }
    }
    const int start = constant_before(before, std::move(starts));
    const int sum = carried_.contains(step.defs[0].value) ? new_scalar() : step.defs[0].value;
    Step add;
    add.opcode = core::encodable(Opcode::add_imm, core::AddressMode::none, stride) ? Opcode::add_imm
                                                                                   : Opcode::add;
    add.uses = {{{sum, 0, 1}, RegisterClass::r, 1}};
    add.defs = {{sum, 0, 1}};
    if (add.opcode == Opcode::add_imm) {
      add.immediates = {stride};
    } else {
      add.uses.push_back({{constant_before(before, {stride}), 0, 1}, RegisterClass::r, 0});
    }
    loop.carried.push_back({sum, 1, {{start, 0, 1}, RegisterClass::r, 0}});
    body.push_back({std::move(add), nullptr});
    if (sum != step.defs[0].value) body.push_back({copy(sum, step.defs[0]), nullptr});
  }

  int new_scalar() {
    trace_.values.push_back(RegisterClass::r);
    return static_cast<int>(trace_.values.size()) - 1;
  }
  int constant_before(Items& before, std::vector<int64_t> values) {
    Step set;
    set.opcode = Opcode::set;
    set.defs = {{new_scalar(), 0, 1}};
    if (std::all_of(values.begin(), values.end(), [&](int64_t x) { return x == values[0]; })) {
      values.resize(1);
    }
    set.immediates = std::move(values);
    const int value = set.defs[0].value;
    before.push_back({std::move(set), nullptr});
    return value;
  }
  static Step copy(int from, Part to) {
    Step step;
    step.kind = StepKind::copy;
    step.uses = {{{from, 0, 1}, RegisterClass::r, 0}};
    step.defs = {to};
    return step;
  }

  Trace& trace_;
  std::unordered_set<int> carried_;
  bool sets_modes_ = false;  ///< whether the loop at hand writes control registers
};

// --- equal and dead steps

using Key = std::tuple<StepKind, Opcode, std::string, std::vector<int64_t>, std::vector<int64_t>>;

Key key_of(const Step& step, const std::vector<RegisterClass>& values) {
  std::vector<int64_t> operands;
  for (const Use& use : step.uses) {
    operands.insert(operands.end(), {use.part.value, use.part.first, use.part.units, use.distance});
  }
  for (const Part& def : step.defs) {
    operands.push_back(static_cast<int64_t>(values[static_cast<size_t>(def.value)]));
  }
  return {step.kind, step.opcode, step.suffix, step.immediates, std::move(operands)};
}

/// Loads of a list from the same places, where it stores nothing, are one.
void merge_loads(Trace& trace) {
  const std::unordered_set<int> carried = carried_values(trace.items);
  Names names;
  for_each_list(trace.items, [&](Items& list) {
    const StoredObjects stored(list, trace.objects);
    std::map<int, std::vector<std::vector<int64_t>>> places;  // of each value that is only loaded
    for (const Item& item : list) {
      const Step& step = item.step;
      if (item.loop || step.opcode != Opcode::vld || stored.contain(step)) continue;
      places[step.defs[0].value].push_back(step.addresses);
    }
    std::map<std::pair<RegisterClass, std::vector<std::vector<int64_t>>>, int> seen;
    std::unordered_set<int> again;
    for (const Item& item : list) {
      if (item.loop || item.step.opcode != Opcode::vld) continue;
      const int value = item.step.defs[0].value;
      if (!places.contains(value) || carried.contains(value)) continue;
      const auto [known, is_new] = seen.try_emplace({trace.class_of(value), places[value]}, value);
      if (is_new || known->second == value) continue;
      names[value] = {known->second, 0, trace.units_of(value)};
      again.insert(value);
    }
    erase_items(list, [&](const Item& item) {
      return !item.loop && item.step.opcode == Opcode::vld &&
             again.contains(item.step.defs[0].value);
    });
  });
  rename(trace.items, names);
}

/// One of equal steps of a list is enough. Returns whether there were any.
bool merge_equal(Trace& trace) {
  const std::unordered_set<int> carried = carried_values(trace.items);
  Names names;
  for_each_list(trace.items, [&](Items& list) {
    std::map<Key, std::vector<Part>> seen, rounded;  // the latter until modes change
    erase_items(list, [&](const Item& item) {
      const Step& step = item.step;
      if (item.loop || step.opcode == Opcode::movx_cr) rounded.clear();
      if (item.loop || !step.is_pure() || step.kind == StepKind::copy) return false;
      for (const Part& def : step.defs) {
        if (carried.contains(def.value)) return false;
      }
      const auto [known, is_new] =
          (step.rounds ? rounded : seen).try_emplace(key_of(step, trace.values), step.defs);
      if (is_new) return false;
      for (size_t i = 0; i < step.defs.size(); ++i) {
        names[step.defs[i].value] = {known->second[i].value, 0, step.defs[i].units};
      }
      return true;
    });
  });
  rename(trace.items, names);
  return !names.empty();
}

void drop_dead(Trace& trace) {
  const Writers writers = writers_of(trace.items);
  std::map<int, std::vector<int>> starts;  // what a carried value begins with
  for_each_loop(trace.items, [&](LoopNode& loop) {
    for (const Carried& carried : loop.carried) {
      starts[carried.value].push_back(carried.initial.part.value);
    }
  });
  std::unordered_set<int> live;
  std::vector<int> todo;
  const auto mark = [&](int value) {
    if (value >= 0 && live.insert(value).second) todo.push_back(value);
  };
  for_each_step(trace.items, [&](Step& step) {
    if (!step.has_effects) return;
    for (const Use& use : step.uses) mark(use.part.value);
  });
  while (!todo.empty()) {
    const int value = todo.back();
    todo.pop_back();
    for (const int start : starts[value]) mark(start);
    const auto found = writers.find(value);
    if (found == writers.end()) continue;
    for (const Step* step : found->second) {
      for (const Use& use : step->uses) mark(use.part.value);
    }
  }
  for_each_list(trace.items, [&](Items& list) {
    erase_items(list, [&](const Item& item) {
      if (item.loop) return item.loop->body.empty();
      const auto is_live = [&](const Part& def) { return live.contains(def.value); };
      return !item.step.has_effects &&
             std::none_of(item.step.defs.begin(), item.step.defs.end(), is_live);
    });
  });
}

/// What no iteration reads any more: a value that is read two iterations later needs two.
void drop_unread_starts(Items& items) {
  std::unordered_map<int, int> furthest;
  for_each_use(items, [&](Use& use) {
    furthest[use.part.value] = std::max(furthest[use.part.value], use.distance);
  });
  for_each_loop(items, [&](LoopNode& loop) {
    std::erase_if(loop.carried, [&](const Carried& carried) {
      return carried.distance > furthest[carried.value];
    });
  });
}

// --- registers

/// Broadcasts of constants come back into a loop that would keep more vectors than it has room for
/// beside its own: one operation instead of a register.
class Sinker {
 public:
  explicit Sinker(Trace& trace) : trace_(trace), writers_(writers_of(trace.items)) {}
  void run() {
    for_each_loop(trace_.items, [&](LoopNode& loop) {
      if (loop.is_innermost()) sink(loop);
    });
  }

 private:
  static constexpr int kRoom = 12;  ///< of 24 vectors of 256 bits

  void sink(LoopNode& loop) {
    std::set<int> inside, invariants;
    for_each_step(loop.body, [&](Step& step) {
      for (const Part& def : step.defs) inside.insert(def.value);
    });
    for_each_step(loop.body, [&](Step& step) {
      for (const Use& use : step.uses) {
        if (use.part.value >= 0 && is_vector(use.part.value) && !inside.contains(use.part.value)) {
          invariants.insert(use.part.value);
        }
      }
    });
    int units = 0;
    for (const int value : invariants) units += trace_.units_of(value);
    Names names;
    Items sunk;
    for (const int value : invariants) {
      if (units <= kRoom) break;
      const auto writer = writers_.find(value);
      if (writer == writers_.end() || writer->second[0]->opcode != Opcode::vbcst) continue;
      Step step = *writer->second[0];
      step.defs[0].value = trace_.add_value(RegisterClass::x);
      names[value] = {step.defs[0].value, 0, 2};
      sunk.push_back({std::move(step), nullptr});
      units -= trace_.units_of(value);
    }
    rename(loop.body, names);
    loop.body.insert(loop.body.begin(), std::make_move_iterator(sunk.begin()),
                     std::make_move_iterator(sunk.end()));
  }
  bool is_vector(int value) const {
    const RegisterClass cls = trace_.values[static_cast<size_t>(value)];
    return cls == RegisterClass::x || cls == RegisterClass::w;
  }

  Trace& trace_;
  const Writers writers_;
};

void clean(Trace& trace) {
  drop_joins_of_neighbours(trace.items);
  read_through_joins(trace.items);
  drop_dead(trace);
  drop_unread_starts(trace.items);
}

}  // namespace

void simplify(Trace& trace) {
  compress(trace.items);
  clean(trace);
  merge_loads(trace);
  Hoister(trace).run();
  do {
    clean(trace);
  } while (merge_equal(trace));
  fuse(trace);
  clean(trace);
  Sinker(trace).run();
  drop_dead(trace);
}

}  // namespace sotto::npu::recorder
