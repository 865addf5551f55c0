#include "npu/recorder/fold.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "npu/core/opcodes.h"

namespace sotto::npu::recorder {
namespace {

/// Where a value is written within an iteration: the places of the items that lead to the step, and
/// which of its results it is.
using Path = std::vector<int>;

struct Definition {
  int iteration = 0;
  Path path;
};

std::string name_of(const Step& step) {
  switch (step.kind) {
    case StepKind::join:
      return "join";
    case StepKind::copy:
      return "copy";
    case StepKind::address:
      return "address";
    default:
      return core::info(core::choices(step.opcode)[0]).mnemonic + step.suffix;
  }
}

class Folder {
 public:
  Folder(std::string name, std::vector<Items>& iterations, std::vector<RegisterClass>& values)
      : name_(std::move(name)), iterations_(iterations), values_(values) {}

  LoopNode run(int64_t min_trips) {
    const size_t last = iterations_.size() - 1;
    for (size_t i = 0; i < iterations_.size(); ++i) define(iterations_[i], static_cast<int>(i), {});
    std::vector<Items*> lists;
    for (Items& items : iterations_) lists.push_back(&items);
    fold_items(lists);
    Items body = std::move(iterations_[last]);
    for (Item& copy : copies_) body.push_back(std::move(copy));
    return {name_, static_cast<int64_t>(iterations_.size()), min_trips, std::move(body),
            std::move(carried_)};
  }

 private:
  template <typename... Args>
  [[noreturn]] void refuse(const Args&... args) const {
    fail(ErrorKind::unsupported, name_, ": ", args...);
  }

  void define(const Items& items, int iteration, const Path& prefix) {
    for (size_t p = 0; p < items.size(); ++p) {
      Path path = prefix;
      path.push_back(static_cast<int>(p));
      if (items[p].loop) {
        define(items[p].loop->body, iteration, path);
        continue;
      }
      const std::vector<Part>& defs = items[p].step.defs;
      for (size_t r = 0; r < defs.size(); ++r) {
        // Of a register written by parts, the first writer gives the place.
        Path own = path;
        own.push_back(static_cast<int>(r));
        definitions_.try_emplace(defs[r].value, Definition{iteration, own});
      }
    }
  }

  void fold_items(const std::vector<Items*>& lists) {
    Items& body = *lists.back();
    for (size_t i = 0; i < lists.size(); ++i) {
      if (lists[i]->size() == body.size()) continue;
      refuse("iteration ", i, " has ", lists[i]->size(), " operations, the last one ", body.size());
    }
    for (size_t p = 0; p < body.size(); ++p) {
      std::vector<Item*> same;
      for (Items* items : lists) same.push_back(&(*items)[p]);
      fold_item(same, p);
    }
  }

  void fold_item(const std::vector<Item*>& items, size_t place) {
    Item& kept = *items.back();
    for (size_t i = 0; i < items.size(); ++i) {
      if ((items[i]->loop != nullptr) != (kept.loop != nullptr)) {
        refuse("operation ", place, " of iteration ", i, " is a loop in only one of them");
      }
    }
    if (!kept.loop) return fold_step(items, place);
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i]->loop->trips != kept.loop->trips) {
        refuse(kept.loop->name, " runs ", items[i]->loop->trips, " times in iteration ", i, " and ",
               kept.loop->trips, " times in the last one");
      }
    }
    std::vector<Items*> bodies;
    for (Item* item : items) bodies.push_back(&item->loop->body);
    fold_items(bodies);
    for (size_t c = 0; c < kept.loop->carried.size(); ++c) {
      std::vector<Use> uses;
      for (Item* item : items) {
        if (item->loop->carried.size() != kept.loop->carried.size()) {
          refuse(kept.loop->name, " begins with other values in the last iteration");
        }
        uses.push_back(item->loop->carried[c].initial);
      }
      kept.loop->carried[c].initial = resolve_again(uses, place);
    }
  }

  void fold_step(const std::vector<Item*>& items, size_t place) {
    Step& kept = items.back()->step;
    std::vector<int64_t> immediates, addresses;
    for (size_t i = 0; i < items.size(); ++i) {
      const Step& step = items[i]->step;
      if (step.kind != kept.kind || step.opcode != kept.opcode || step.suffix != kept.suffix ||
          step.bytes != kept.bytes || step.defs.size() != kept.defs.size() ||
          step.uses.size() != kept.uses.size()) {
        refuse("operation ", place, " of iteration ", i, " is ", name_of(step),
               ", in the last one it is ", name_of(kept));
      }
      append(immediates, step.immediates);
      append(addresses, step.addresses);
    }
    for (size_t u = 0; u < kept.uses.size(); ++u) {
      std::vector<Use> uses;
      for (const Item* item : items) uses.push_back(item->step.uses[u]);
      kept.uses[u] = resolve_again(uses, place);
    }
    kept.immediates = std::move(immediates);
    kept.addresses = std::move(addresses);
  }

  static void append(std::vector<int64_t>& all, const std::vector<int64_t>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  /// The same for what an inner loop may have resolved.
  Use resolve_again(const std::vector<Use>& uses, size_t place) {
    Use use = resolve(uses, place);
    if (uses.back().distance > 0) use.distance = uses.back().distance;
    return use;
  }

  /// One use for those of all iterations.
  Use resolve(const std::vector<Use>& uses, size_t place) {
    Use kept = uses.back();
    if (kept.part.value < 0) return kept;
    const int count = static_cast<int>(uses.size());
    const Definition* const home = find(kept.part.value);
    if (home == nullptr) return resolve_outside(uses, place);
    const int distance = count - 1 - home->iteration;
    for (int i = 0; i < count; ++i) {
      const Part part = uses[static_cast<size_t>(i)].part;
      const Definition* const from = find(part.value);
      const bool expected_inside = i >= distance;
      if ((from != nullptr) != expected_inside || part.units != kept.part.units ||
          (from != nullptr && (i - from->iteration != distance || from->path != home->path ||
                               part.first != kept.part.first))) {
        refuse("operation ", place, " takes a value from another place in iteration ", i,
               " than in the last one");
      }
    }
    const int value = last_of(home->path);
    for (int i = 0; i < std::min(distance, count); ++i) {
      carry(value, distance - i, uses[static_cast<size_t>(i)].part, kept.part, place);
    }
    kept.part.value = value;
    kept.distance = distance;
    return kept;
  }

  /// Values from before the loop: one throughout, or one in the first iteration and another one in
  /// all others, of which the body makes a copy for the next iteration.
  Use resolve_outside(const std::vector<Use>& uses, size_t place) {
    Use kept = uses.back();
    for (size_t i = 0; i < uses.size(); ++i) {
      if (find(uses[i].part.value) != nullptr || (i > 0 && uses[i].part != kept.part)) {
        refuse("operation ", place, " takes a value from another place in iteration ", i,
               " than in the last one");
      }
    }
    if (uses[0].part == kept.part) return kept;
    const RegisterClass cls = values_[static_cast<size_t>(kept.part.value)];
    if (kept.part.first != 0 || uses[0].part.first != 0 ||
        kept.part.units != core::register_file(cls).units) {
      refuse("operation ", place, " takes part of a value that changes after the first iteration");
    }
    const int copy = copy_of(kept.part, cls);
    carry(copy, 1, uses[0].part, {copy, 0, kept.part.units}, place);
    kept.part.value = copy;
    kept.distance = 1;
    return kept;
  }

  int copy_of(Part source, RegisterClass cls) {
    values_.push_back(cls);
    const int copy = static_cast<int>(values_.size()) - 1;
    Step step;
    step.kind = StepKind::copy;
    step.uses = {{source, cls, 0}};
    step.defs = {{copy, 0, source.units}};
    copies_.push_back({std::move(step), nullptr});
    return copy;
  }

  const Definition* find(int value) const {
    const auto found = definitions_.find(value);
    return found == definitions_.end() ? nullptr : &found->second;
  }

  /// The value that the last iteration writes there.
  int last_of(const Path& path) const {
    const Items* items = &iterations_.back();
    for (size_t depth = 0;; ++depth) {
      const Item& item = (*items)[static_cast<size_t>(path[depth])];
      if (!item.loop) return item.step.defs[static_cast<size_t>(path[depth + 1])].value;
      items = &item.loop->body;
    }
  }

  /// The whole register that `use` lies in must be known before the loop: the same part of it.
  void carry(int value, int distance, Part initial, Part use, size_t place) {
    const int units = core::register_file(values_[static_cast<size_t>(value)]).units;
    const Part whole = {initial.value, initial.first - use.first, units};
    if (whole.first < 0) refuse("operation ", place, " begins with the wrong half of a register");
    for (const Carried& known : carried_) {
      if (known.value != value || known.distance != distance) continue;
      if (known.initial.part == whole) return;
      refuse("operation ", place,
             " begins with another value than an operation that shares the rest");
    }
    carried_.push_back({value, distance, {whole, values_[static_cast<size_t>(value)], 0}});
  }

  std::string name_;
  std::vector<Items>& iterations_;
  std::vector<RegisterClass>& values_;
  std::unordered_map<int, Definition> definitions_;
  std::vector<Carried> carried_;
  Items copies_;
};

}  // namespace

LoopNode fold(std::string name, int64_t min_trips, std::vector<Items> iterations,
              std::vector<RegisterClass>& values) {
  return Folder(std::move(name), iterations, values).run(min_trips);
}

}  // namespace sotto::npu::recorder
