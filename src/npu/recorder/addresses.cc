#include "npu/recorder/addresses.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "npu/recorder/pattern.h"
#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

using core::AddressMode;

constexpr int kModifiers = 8;
constexpr int64_t kFar = 2044;  ///< what padda and padds hold, either way
constexpr size_t kSoon = 4;     ///< accesses, within which a pointer is kept for its next one

using Addresses = std::vector<int64_t>;

/// A load, a store or the beginning of an inner loop's pointer.
struct User {
  size_t index;  ///< in its list
  const Addresses* addresses;
  Opcode opcode;
  bool is_memory, is_store;
};

/// Users that one pointer serves in turn, and how far they are from the group's first one.
struct Chain {
  std::vector<User> users;
  std::vector<int64_t> offsets;
  int pointer = -1;

  int64_t way_after(size_t user) const { return offsets[user + 1] - offsets[user]; }
};

struct Group {
  std::vector<Chain> chains;
  Addresses addresses;   ///< of its first user
  Pattern pattern;       ///< from iteration to iteration
  bool is_late = false;  ///< the pattern holds after the first iteration only
};

/// Steps to be put before or after the items of a list, and at its end.
struct Additions {
  std::map<size_t, Items> before, after;
  Items at_end;
};

Item item_of(Step step) {
  return {std::move(step), nullptr};
}

bool all_hold(Opcode opcode, int64_t way) {
  const auto choices = core::choices(opcode);
  return std::all_of(choices.begin(), choices.end(), [&](Opcode choice) {
    return core::encodable(choice, AddressMode::increment, way);
  });
}
bool any_holds(Opcode opcode, int64_t way) {
  const auto choices = core::choices(opcode);
  return std::any_of(choices.begin(), choices.end(), [&](Opcode choice) {
    return core::encodable(choice, AddressMode::increment, way);
  });
}

/// Whether the pointer that stands at a user can go to an address by the instruction's constant.
bool reaches(const User& user, int64_t way) {
  return way == 0 || (user.is_memory && all_hold(user.opcode, way));
}

/// Gives every user of a group, in order, to a chain.
std::vector<Chain> chains_of(const std::vector<User>& users) {
  std::vector<Chain> chains;
  std::vector<int64_t> offsets;
  for (const User& user : users) {
    offsets.push_back((*user.addresses)[0] - (*users[0].addresses)[0]);
  }
  for (size_t u = 0; u < users.size(); ++u) {
    Chain* best = nullptr;
    bool best_reaches = false;
    for (Chain& chain : chains) {
      const bool is_near = reaches(chain.users.back(), offsets[u] - chain.offsets.back());
      bool is_wanted = false;
      for (size_t later = u + 1; !is_near && later < std::min(u + 1 + kSoon, users.size());
           ++later) {
        is_wanted |= reaches(chain.users.back(), offsets[later] - chain.offsets.back());
      }
      if (is_wanted || (best_reaches && !is_near)) continue;
      const auto distance = [&](const Chain& c) { return std::abs(offsets[u] - c.offsets.back()); };
      if (best == nullptr || is_near > best_reaches || distance(chain) < distance(*best)) {
        best = &chain;
        best_reaches = is_near;
      }
    }
    if (best == nullptr) best = &chains.emplace_back();
    best->users.push_back(users[u]);
    best->offsets.push_back(offsets[u]);
  }
  return chains;
}

class Lowerer {
 public:
  explicit Lowerer(Trace& trace) : trace_(trace) {}

  void run() {
    lower_list(trace_.items, nullptr);
    trace_.items.insert(trace_.items.begin(), std::make_move_iterator(first_.begin()),
                        std::make_move_iterator(first_.end()));
  }

 private:
  /// Returns what must come before the loop.
  Items lower_list(Items& list, const LoopNode* loop) {
    Items with_inner;
    for (Item& item : list) {
      if (item.loop) {
        Items before = lower_list(item.loop->body, item.loop.get());
        std::move(before.begin(), before.end(), std::back_inserter(with_inner));
      }
      with_inner.push_back(std::move(item));
    }
    list = std::move(with_inner);
    if (loop == nullptr) set_at_once(list);
    Items before;
    Additions additions;
    std::vector<Group> groups = groups_of(list, loop);
    plan(groups, loop);
    for (const Group& group : groups) lower_group(list, group, groups, loop, before, additions);
    merge(list, additions);
    return before;
  }

  /// Pointers of loops that are entered once are constants.
  static void set_at_once(Items& list) {
    for (Item& item : list) {
      if (item.loop || item.step.kind != StepKind::address) continue;
      item.step = set(RegisterClass::p, item.step.defs[0], item.step.addresses[0]);
    }
  }

  static bool moves_alike(const Addresses& a, const Addresses& b) {
    for (size_t i = 1; i < a.size(); ++i) {
      if (a[i] - b[i] != a[0] - b[0]) return false;
    }
    return true;
  }
  size_t object_of(int64_t address) const {
    for (size_t i = 0; i < trace_.objects.size(); ++i) {
      const Object& object = trace_.objects[i];
      if (address >= object.address && address < object.address + object.bytes) return i;
    }
    fail(ErrorKind::unsupported, "address ", address, " lies in no buffer");
  }

  static bool is_linear(const Addresses& all) {
    for (size_t i = 2; i < all.size(); ++i) {
      if (all[i] - all[i - 1] != all[1] - all[0]) return false;
    }
    return true;
  }
  /// What a kernel loads a second time it wants later: a pointer of its own lets it wait. Where the
  /// way turns that would take modifiers, of which there are few.
  static bool is_loaded_again(const std::vector<User>& users, const Step& step) {
    return step.is_memory() && is_linear(step.addresses) &&
           std::any_of(users.begin(), users.end(), [&](const User& user) {
             return user.is_memory && (*user.addresses)[0] == step.addresses[0];
           });
  }

  std::vector<Group> groups_of(const Items& list, const LoopNode* loop) {
    std::vector<std::vector<User>> alike;
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i].loop) continue;
      const Step& step = list[i].step;
      if (!step.is_memory() && step.kind != StepKind::address) continue;
      const User user = {i, &step.addresses, step.opcode, step.is_memory(), step.is_store};
      const auto known = std::find_if(alike.begin(), alike.end(), [&](const auto& users) {
        return users[0].is_store == step.is_store && !is_loaded_again(users, step) &&
               moves_alike(*users[0].addresses, step.addresses) &&
               object_of((*users[0].addresses)[0]) == object_of(step.addresses[0]);
      });
      if (known == alike.end()) {
        alike.push_back({user});
      } else {
        known->push_back(user);
      }
    }
    std::vector<Group> groups;
    for (const std::vector<User>& users : alike) {
      Group group = {chains_of(users), *users[0].addresses, {}, false};
      find_pattern(group, loop);
      for (Chain& chain : group.chains) chain.pointer = add_state(RegisterClass::p);
      groups.push_back(std::move(group));
    }
    return groups;
  }

  static void find_pattern(Group& group, const LoopNode* loop) {
    if (loop == nullptr) return;
    const auto trips = static_cast<size_t>(loop->trips);
    const Addresses& all = group.addresses;
    Addresses ways;
    for (size_t i = 1; i < trips; ++i) ways.push_back(all[i] - all[i - 1]);
    for (size_t i = 1; i < all.size(); ++i) {
      if (i % trips != 0 && all[i] - all[i - 1] != ways[i % trips - 1]) {
        fail(ErrorKind::unsupported, loop->name,
             ": addresses move in one way when the loop is first entered and in another later");
      }
    }
    std::optional<Pattern> pattern = fit(ways);
    if (ways.size() > 1 && (!pattern || pattern->dimensions() == 3)) {
      const std::optional<Pattern> late = fit(std::span(ways).subspan(1));
      group.is_late = late && (!pattern || late->dimensions() < 3);
      if (group.is_late) pattern = late;
    }
    if (!pattern) {
      fail(ErrorKind::unsupported, loop->name, ": the core has no way to form these addresses");
    }
    group.pattern = *pattern;
  }

  /// Increment registers go to the ways that would take most additions.
  void plan(const std::vector<Group>& groups, const LoopNode* loop) {
    std::map<int64_t, int64_t> additions;
    const auto count = [&](const User& user, int64_t way) {
      if (!reaches(user, way)) additions[way] += (std::abs(way) + kFar - 1) / kFar;
    };
    int left = kModifiers;
    for (const Group& group : groups) {
      const bool is_even = group.pattern.dimensions() == 1;
      if (leader_of(group, groups, loop) == nullptr) left -= group.pattern.dimensions() - 1;
      for (const Chain& chain : group.chains) {
        for (size_t u = 0; u + 1 < chain.users.size(); ++u)
          count(chain.users[u], chain.way_after(u));
        if (is_even) count(chain.users.back(), return_of(group, chain));
      }
    }
    std::vector<std::pair<int64_t, int64_t>> ranked;
    for (const auto& [way, cost] : additions) {
      // Outside of loops a register that is used once costs what it saves.
      if (cost > 1 || loop != nullptr) ranked.emplace_back(-cost, way);
    }
    std::sort(ranked.begin(), ranked.end());
    taken_.clear();
    for (const auto& [cost, way] : ranked) {
      if (left-- > 0) taken_.insert(way);
    }
  }
  static int64_t return_of(const Group& group, const Chain& chain) {
    return group.pattern.inner + chain.offsets[0] - chain.offsets.back();
  }

  void lower_group(Items& list, const Group& group, const std::vector<Group>& groups,
                   const LoopNode* loop, Items& before, Additions& additions) {
    for (const Chain& chain : group.chains) {
      const bool is_first = &chain == &group.chains[0];
      begin(chain.pointer, group.addresses, chain.offsets[0], loop, before);
      for (size_t u = 0; u + 1 < chain.users.size(); ++u) {
        go(list, chain, u, Pattern{chain.way_after(u)}, before, additions);
      }
      Pattern way;
      if (!group.is_late && (is_first || group.pattern.dimensions() == 1)) {
        way = moved(group.pattern, chain.offsets[0] - chain.offsets.back());
      }
      go(list, chain, chain.users.size() - 1, way, before, additions);
    }
    if (group.is_late) run_late(group, groups, loop, before, additions);
    if (!group.is_late && group.pattern.dimensions() == 1) return;
    for (size_t c = 1; c < group.chains.size(); ++c) {
      additions.at_end.push_back(item_of(move(group.chains[0].pointer, group.chains[c].pointer)));
      add(group.chains[c].pointer, Pattern{group.chains[c].offsets[0]}, before, additions.at_end);
    }
  }

  static Pattern moved(Pattern pattern, int64_t by) {
    pattern.inner += by;
    if (pattern.count > 0) pattern.wrap += by;
    if (pattern.outer_count > 0) pattern.outer_wrap += by;
    return pattern;
  }

  /// The first pointer of the group takes, for the next iteration, what another group's points to,
  /// before that moves on; or what a pointer points to that runs an iteration ahead.
  void run_late(const Group& group, const std::vector<Group>& groups, const LoopNode* loop,
                Items& before, Additions& additions) {
    const int pointer = group.chains[0].pointer;
    if (const Group* const other = leader_of(group, groups, loop)) {
      const Chain& leader = other->chains[0];
      Items& here = additions.before[leader.users.back().index];
      here.push_back(item_of(move(leader.pointer, pointer)));
      add(pointer, Pattern{group.addresses[1] - other->addresses[0] - leader.offsets.back()},
          before, here);
      return;
    }
    const int ahead = add_state(RegisterClass::p);
    begin(ahead, group.addresses, group.addresses[1] - group.addresses[0], loop, before);
    additions.at_end.push_back(item_of(move(ahead, pointer)));
    add(ahead, group.pattern, before, additions.at_end);
  }
  /// The group that is now where this late one will be in the next iteration, and moves on only
  /// when this one is through.
  static const Group* leader_of(const Group& group, const std::vector<Group>& groups,
                                const LoopNode* loop) {
    if (!group.is_late) return nullptr;
    size_t last = 0;
    for (const Chain& chain : group.chains) last = std::max(last, chain.users.back().index);
    for (const Group& other : groups) {
      if (!other.is_late && follows(group, other, loop) &&
          other.chains[0].users.back().index > last) {
        return &other;
      }
    }
    return nullptr;
  }
  static bool follows(const Group& group, const Group& other, const LoopNode* loop) {
    const auto trips = static_cast<size_t>(loop->trips);
    for (size_t i = 0; i + 1 < group.addresses.size(); ++i) {
      if ((i + 1) % trips != 0 &&
          group.addresses[i + 1] - other.addresses[i] != group.addresses[1] - other.addresses[0]) {
        return false;
      }
    }
    return true;
  }

  // --- steps

  int add_state(RegisterClass cls) {
    const int value = trace_.add_value(cls);
    trace_.states.push_back(value);
    return value;
  }

  static Opcode setter_of(RegisterClass cls) {
    switch (cls) {
      case RegisterClass::p:
        return Opcode::set_p;
      case RegisterClass::m:
        return Opcode::set_m;
      case RegisterClass::dn:
        return Opcode::set_dn;
      case RegisterClass::dj:
        return Opcode::set_dj;
      default:
        return Opcode::set_dc;
    }
  }
  static Step set(RegisterClass cls, Part to, int64_t value) {
    Step step;
    step.opcode = setter_of(cls);
    step.defs = {to};
    step.immediates = {value};
    return step;
  }
  static Step move(int from, int to) {
    Step step;
    step.opcode = Opcode::mov_p;
    step.uses = {{{from, 0, 1}, RegisterClass::any_scalar, 0}};
    step.defs = {{to, 0, 1}};
    return step;
  }

  /// Sets the pointer to where it is in the first iteration, for every entry of the loop.
  void begin(int pointer, const Addresses& addresses, int64_t offset, const LoopNode* loop,
             Items& before) {
    if (loop == nullptr) {
      first_.push_back(item_of(set(RegisterClass::p, {pointer, 0, 1}, addresses[0] + offset)));
      return;
    }
    Step step;
    step.kind = StepKind::address;
    step.defs = {{pointer, 0, 1}};
    for (size_t i = 0; i < addresses.size(); i += static_cast<size_t>(loop->trips)) {
      step.addresses.push_back(addresses[i] + offset);
    }
    before.push_back(item_of(std::move(step)));
  }

  /// A register that always holds this increment.
  int increment(int64_t value) {
    const auto [known, is_new] = increments_.try_emplace(value, -1);
    if (is_new) {
      known->second = trace_.add_value(RegisterClass::m);
      first_.push_back(item_of(set(RegisterClass::m, {known->second, 0, 1}, value)));
    }
    return known->second;
  }

  int modifier(const Pattern& pattern, Items& before) {
    const bool is_3d = pattern.dimensions() == 3;
    const int value = add_state(is_3d ? RegisterClass::d3 : RegisterClass::d);
    const auto fixed = [&](RegisterClass cls, int unit, int64_t content) {
      first_.push_back(item_of(set(cls, {value, unit, 1}, content)));
    };
    fixed(RegisterClass::m, 0, is_3d ? pattern.outer_wrap : pattern.wrap);
    fixed(RegisterClass::dn, 1, pattern.count);
    fixed(RegisterClass::dj, 2, pattern.inner);
    before.push_back(item_of(set(RegisterClass::dc, {value, 3, 1}, pattern.done)));
    if (is_3d) {
      fixed(RegisterClass::m, 4, 0);
      fixed(RegisterClass::dn, 5, pattern.outer_count);
      fixed(RegisterClass::dj, 6, pattern.wrap);
      before.push_back(item_of(set(RegisterClass::dc, {value, 7, 1}, pattern.outer_done)));
    }
    return value;
  }

  /// How an access moves its pointer; none: it cannot, and an addition follows.
  AddressMode mode_of(Opcode opcode, const Pattern& way) const {
    if (way.dimensions() == 3) return AddressMode::increment_3d;
    if (way.dimensions() == 2) return AddressMode::increment_2d;
    if (opcode == Opcode::padd && any_holds(opcode, way.inner)) return AddressMode::increment;
    if (way.inner == 0) return AddressMode::offset;
    if (all_hold(opcode, way.inner)) return AddressMode::increment;
    return taken_.contains(way.inner) ? AddressMode::increment_m : AddressMode::none;
  }

  void form(Step& step, int pointer, const Pattern& way, AddressMode mode, Items& before) {
    step.mode = mode;
    step.pointer = pointer;
    step.immediates = {mode == AddressMode::increment ? way.inner : 0};
    if (mode == AddressMode::increment_m) step.modifier = increment(way.inner);
    if (way.dimensions() > 1) step.modifier = modifier(way, before);
  }

  /// Adds to a pointer, in several steps if the way is long.
  void add(int pointer, Pattern way, Items& before, Items& to) {
    while (way.dimensions() > 1 || way.inner != 0) {
      Step step;
      step.opcode = Opcode::padd;
      const AddressMode mode = mode_of(step.opcode, way);
      Pattern now = way;
      if (mode == AddressMode::none) now.inner = std::clamp<int64_t>(way.inner, -kFar, kFar);
      form(step, pointer, now, mode == AddressMode::none ? AddressMode::increment : mode, before);
      to.push_back(item_of(std::move(step)));
      if (mode != AddressMode::none) return;
      way.inner -= now.inner;
    }
  }

  /// A user, whose pointer then goes on.
  void go(Items& list, const Chain& chain, size_t user, const Pattern& way, Items& before,
          Additions& additions) {
    const size_t index = chain.users[user].index;
    Step& step = list[index].step;
    if (step.kind == StepKind::address) {
      Addresses addresses = std::move(step.addresses);
      step = move(chain.pointer, step.defs[0].value);
      step.addresses = std::move(addresses);
    } else {
      const AddressMode mode = mode_of(step.opcode, way);
      if (mode != AddressMode::none) return form(step, chain.pointer, way, mode, before);
      form(step, chain.pointer, {}, AddressMode::offset, before);
    }
    add(chain.pointer, way, before, additions.after[index]);
  }

  static void merge(Items& list, Additions& additions) {
    Items merged;
    for (size_t i = 0; i < list.size(); ++i) {
      Items& before = additions.before[i];
      std::move(before.begin(), before.end(), std::back_inserter(merged));
      merged.push_back(std::move(list[i]));
      Items& after = additions.after[i];
      std::move(after.begin(), after.end(), std::back_inserter(merged));
    }
    std::move(additions.at_end.begin(), additions.at_end.end(), std::back_inserter(merged));
    list = std::move(merged);
  }

  Trace& trace_;
  Items first_;  ///< at the very beginning
  std::map<int64_t, int> increments_;
  std::set<int64_t> taken_;  ///< ways of the loop at hand that have increment registers
};

}  // namespace

void lower_addresses(Trace& trace) {
  Lowerer(trace).run();
}

}  // namespace sotto::npu::recorder
