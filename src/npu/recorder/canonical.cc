#include "npu/recorder/canonical.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

/// Whether the step stays behind those of its kind that stood before it.
bool stays_in_turn(const Step& step) {
  return step.has_effects || step.in_turn;
}

/// Numbers steps by when one that stays in turn wants them first; what leads to no effect has no
/// number.
class Ranks {
 public:
  explicit Ranks(Items& items) : writers_(writers_of(items)) {
    for (auto& [value, steps] : writers_) {
      std::stable_sort(steps.begin(), steps.end(), [](const Step* a, const Step* b) {
        return a->defs[0].first < b->defs[0].first;
      });
    }
    for_each_loop(items, [&](LoopNode& loop) {
      for (const Carried& carried : loop.carried) starts_[carried.value].push_back(&carried);
    });
    for (auto& [value, carried] : starts_) {
      std::sort(carried.begin(), carried.end(),
                [](const Carried* a, const Carried* b) { return a->distance < b->distance; });
    }
    for_each_step(items, [&](Step& step) {
      if (step.has_effects) visit(step);
    });
    std::unordered_map<const Step*, int> wanted = std::move(ranks_);
    ranks_.clear();
    seen_.clear();
    for_each_step(items, [&](Step& step) {
      if (stays_in_turn(step) && wanted.contains(&step)) visit(step);
    });
  }

  bool is_wanted(const Step& step) const { return ranks_.contains(&step); }
  int of(const Step& step) const { return ranks_.at(&step); }
  const std::vector<Step*>& writers(int value) const {
    static const std::vector<Step*> kNone;
    const auto found = writers_.find(value);
    return found == writers_.end() ? kNone : found->second;
  }

 private:
  /// Depth first, without recursion: chains of sums are as long as a kernel.
  void visit(Step& root) {
    struct Open {
      Step* step;
      std::vector<Step*> needs;
      size_t next = 0;
    };
    std::vector<Open> open;
    const auto enter = [&](Step* step) {
      if (seen_.insert(step).second) open.push_back({step, needs_of(*step)});
    };
    enter(&root);
    while (!open.empty()) {
      Open& top = open.back();
      if (top.next < top.needs.size()) {
        enter(top.needs[top.next++]);
        continue;
      }
      ranks_.emplace(top.step, static_cast<int>(ranks_.size()));
      open.pop_back();
    }
  }

  std::vector<Step*> needs_of(const Step& step) const {
    std::vector<Step*> needs;
    const auto add = [&](int value) {
      const std::vector<Step*>& steps = writers(value);
      needs.insert(needs.end(), steps.begin(), steps.end());
    };
    for (const Use& use : step.uses) {
      add(use.part.value);
      const auto carried = starts_.find(use.part.value);
      if (carried == starts_.end()) continue;
      for (const Carried* start : carried->second) add(start->initial.part.value);
    }
    return needs;
  }

  Writers writers_;
  std::unordered_map<int, std::vector<const Carried*>> starts_;
  std::unordered_set<const Step*> seen_;
  std::unordered_map<const Step*, int> ranks_;
};

/// The list's items in their new order.
class Sorter {
 public:
  Sorter(Items& list, const Ranks& ranks, const std::vector<Object>& objects)
      : list_(list), ranks_(ranks), objects_(objects), placed_(list.size(), false) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (!list[i].loop) at_[&list[i].step] = i;
    }
  }

  Items run() {
    for (size_t i = 0; i < list_.size(); ++i) {
      if (!list_[i].loop && !(stays_in_turn(list_[i].step) && ranks_.is_wanted(list_[i].step))) {
        continue;
      }
      place_all(what_comes_before(i));
      place(i);
    }
    std::vector<size_t> rest;
    for (size_t i = 0; i < list_.size(); ++i) rest.push_back(i);
    place_all(std::move(rest));
    Items sorted;
    for (const size_t i : order_) sorted.push_back(std::move(list_[i]));
    return sorted;
  }

 private:
  /// What a loop or something with effects changes, and what would see that if it came later: loads
  /// from memory that is written, what rounds where the core's registers are set.
  struct Changes {
    std::set<size_t> objects;
    bool modes = false;
  };
  Changes changes_of(Item& item) const {
    Changes changes;
    const auto look = [&](const Step& step) {
      if (step.is_memory() && step.is_store) changes.objects.insert(object_of(step));
      changes.modes |= step.opcode == Opcode::movx_cr;
    };
    if (item.loop) {
      for_each_step(item.loop->body, look);
    } else {
      look(item.step);
    }
    return changes;
  }

  size_t object_of(const Step& step) const {
    size_t i = 0;
    while (step.addresses[0] >= objects_[i].address + objects_[i].bytes) ++i;
    return i;
  }

  std::vector<size_t> what_comes_before(size_t index) {
    std::vector<size_t> before;
    const Changes changes = changes_of(list_[index]);
    for (size_t i = 0; i < index; ++i) {
      if (list_[i].loop) continue;
      const Step& step = list_[i].step;
      const bool sees = (step.is_memory() && changes.objects.contains(object_of(step))) ||
                        (step.rounds && changes.modes);
      if (sees) before.push_back(i);
    }
    if (!list_[index].loop) return before;
    LoopNode& loop = *list_[index].loop;
    const auto add = [&](int value) {
      for (const Step* step : ranks_.writers(value)) {
        const auto found = at_.find(step);
        if (found != at_.end()) before.push_back(found->second);
      }
    };
    for (const Carried& carried : loop.carried) add(carried.initial.part.value);
    for_each_use(loop.body, [&](const Use& use) { add(use.part.value); });
    return before;
  }

  void place_all(std::vector<size_t> items) {
    std::erase_if(items, [&](size_t i) {
      return placed_[i] || list_[i].loop || !ranks_.is_wanted(list_[i].step);
    });
    std::sort(items.begin(), items.end(), [&](size_t a, size_t b) {
      return ranks_.of(list_[a].step) < ranks_.of(list_[b].step);
    });
    for (const size_t i : items) place(i);
  }

  /// After what it needs of this list and this iteration.
  void place(size_t root) {
    std::vector<std::pair<size_t, bool>> todo = {{root, false}};
    while (!todo.empty()) {
      const auto [index, ready] = todo.back();
      todo.pop_back();
      if (placed_[index]) continue;
      if (ready || list_[index].loop) {
        placed_[index] = true;
        order_.push_back(index);
        continue;
      }
      todo.emplace_back(index, true);
      const std::vector<Use>& uses = list_[index].step.uses;
      for (size_t u = uses.size(); u-- > 0;) {
        if (uses[u].distance > 0) continue;
        const std::vector<Step*>& writers = ranks_.writers(uses[u].part.value);
        for (size_t w = writers.size(); w-- > 0;) {
          const auto found = at_.find(writers[w]);
          if (found != at_.end() && !placed_[found->second])
            todo.emplace_back(found->second, false);
        }
      }
    }
  }

  Items& list_;
  const Ranks& ranks_;
  const std::vector<Object>& objects_;
  std::vector<bool> placed_;
  std::unordered_map<const Step*, size_t> at_;
  std::vector<size_t> order_;
};

/// A sorted list holds its steps elsewhere than the ranks know them; lists around it ask only for
/// their own.
void sort_lists(Items& items, const Ranks& ranks, const std::vector<Object>& objects) {
  for (Item& item : items) {
    if (item.loop) sort_lists(item.loop->body, ranks, objects);
  }
  items = Sorter(items, ranks, objects).run();
}

class Renumbering {
 public:
  explicit Renumbering(Trace& trace) : trace_(trace), numbers_(trace.values.size(), -1) {}

  void run() {
    for_each_step(trace_.items, [&](Step& step) {
      for (Part& def : step.defs) number(def.value);
    });
    for_each_step(trace_.items, [&](Step& step) {
      for (Part& def : step.defs) def.value = numbers_[static_cast<size_t>(def.value)];
    });
    for_each_use(trace_.items, [&](Use& use) {
      // What nobody writes gets its number where it is read.
      if (use.part.value < 0) return;
      number(use.part.value);
      use.part.value = numbers_[static_cast<size_t>(use.part.value)];
    });
    for_each_loop(trace_.items, [&](LoopNode& loop) {
      for (Carried& carried : loop.carried) {
        number(carried.value);
        carried.value = numbers_[static_cast<size_t>(carried.value)];
      }
      std::sort(loop.carried.begin(), loop.carried.end(), [](const Carried& a, const Carried& b) {
        return std::pair(a.value, a.distance) < std::pair(b.value, b.distance);
      });
    });
    trace_.values = std::move(classes_);
  }

 private:
  void number(int value) {
    int& known = numbers_[static_cast<size_t>(value)];
    if (known >= 0) return;
    known = static_cast<int>(classes_.size());
    classes_.push_back(trace_.class_of(value));
  }

  Trace& trace_;
  std::vector<int> numbers_;
  std::vector<RegisterClass> classes_;
};

}  // namespace

void bring_into_canonical_order(Trace& trace) {
  const Ranks ranks(trace.items);
  sort_lists(trace.items, ranks, trace.objects);
  Renumbering(trace).run();
}

}  // namespace sotto::npu::recorder
