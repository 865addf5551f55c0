#include "npu/core/passage.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/past.h"

namespace sotto::npu::core {
namespace {

/// An instruction of the passage, or one that runs before or after it. Bundles count from the
/// passage's first.
struct Event {
  enum class Place { before, inside, after };
  const Instruction* made;
  int bundle;
  Place place;
  int node;  ///< inside
};

/// An event reads or writes a unit of the registers.
struct Touch {
  const Event* event;
  int cycle;  ///< from its bundle on
  Bypass bypass;

  int time() const { return event->bundle + cycle; }
};

bool sets_control(const Instruction& made) {
  return std::any_of(made.defs.begin(), made.defs.end(),
                     [](Register reg) { return reg.cls == RegisterClass::cr; });
}

/// Whether what it does may depend on rounding and saturation: all but plain loads and stores,
/// constants and scalar arithmetic.
bool may_obey_control(const Instruction& made) {
  switch (made.opcode) {
    case Opcode::vst:
    case Opcode::vst_am:
    case Opcode::st:
      return false;
    case Opcode::vlda_ups_bm:
    case Opcode::vlda_ups_cm:
    case Opcode::vlda_conv:
    case Opcode::vldb_unpack:
      return true;
    default:
      break;
  }
  const Slot slot = info(made.opcode).slot;
  return !made.uses.empty() && (slot == Slot::st || slot == Slot::mv || slot == Slot::vec);
}

bool leaves(const Instruction& made) {
  return made.opcode == Opcode::jnz_leave;
}

bool sets_up_loop(const Instruction& made) {
  return std::any_of(made.defs.begin(), made.defs.end(), [](Register reg) {
    return reg.cls == RegisterClass::ls || reg.cls == RegisterClass::le ||
           reg.cls == RegisterClass::lc;
  });
}

/// Whether two accesses can meet: not in two banks, and the stack is nobody's object.
bool may_meet(const Instruction& one, const Instruction& other) {
  const bool stack = one.mode == AddressMode::stack;
  if (stack != (other.mode == AddressMode::stack)) return false;
  if (stack) {
    return one.immediate < other.immediate + other.access->bytes &&
           other.immediate < one.immediate + one.access->bytes;
  }
  const int bank = one.access->bank, its_bank = other.access->bank;
  return bank == kAnyBank || its_bank == kAnyBank || bank == its_bank;
}

/// Whether a store meets all that an access may meet: what comes before both needs no second look.
bool covers(const Instruction& store, const Instruction& access) {
  if (store.mode == AddressMode::stack || info(store.opcode).memory == MemoryUse::load)
    return false;
  return store.access->bank == kAnyBank || store.access->bank == access.access->bank;
}

class Builder {
 public:
  Builder(const Image& image, const Passage& passage)
      : image_(image), passage_(passage), count_(passage.bundles()) {}

  Constraints run() {
    for (int i = 0; i < count_; ++i) {
      for (const Instruction& made : bundle(passage_.first + i)) {
        found_.instructions.push_back(made);
        found_.bundles.push_back(i);
      }
    }
    found_.limits.resize(found_.instructions.size());
    for (const std::vector<int>& before : ways_to(image_, passage_)) {
      for (const std::vector<int>& after : ways_from(image_, passage_)) {
        collect(before, after);
        order_registers();
        order_accesses();
        order_control();
        order_leaving();
      }
    }
    for (size_t i = 0; i < found_.instructions.size(); ++i) pin(i);
    drop_weaker_links();
    return std::move(found_);
  }

 private:
  std::span<const Instruction> bundle(int index) const {
    return image_.bundles[static_cast<size_t>(index)].instructions;
  }

  void collect(const std::vector<int>& before, const std::vector<int>& after) {
    events_.clear();
    for (size_t i = before.size(); i-- > 0;) {
      for (const Instruction& made : bundle(before[i])) {
        events_.push_back({&made, -1 - static_cast<int>(i), Event::Place::before, -1});
      }
    }
    for (size_t i = 0; i < found_.instructions.size(); ++i) {
      events_.push_back(
          {&found_.instructions[i], found_.bundles[i], Event::Place::inside, static_cast<int>(i)});
    }
    for (size_t i = 0; i < after.size(); ++i) {
      for (const Instruction& made : bundle(after[i])) {
        events_.push_back({&made, count_ + static_cast<int>(i), Event::Place::after, -1});
      }
    }
  }

  /// `to` keeps a distance from `from`; where it does not do so now, nothing depends on it.
  void link(const Event& from, const Event& to, int latency) {
    if (from.node >= 0 && from.node == to.node) return;
    latency = std::min(latency, to.bundle - from.bundle);
    if (from.node >= 0 && to.node >= 0) {
      found_.links.push_back({from.node, to.node, latency});
    } else if (to.node >= 0) {
      Limits& limits = found_.limits[static_cast<size_t>(to.node)];
      if (from.place == Event::Place::before) {
        limits.from_start = std::max(limits.from_start, from.bundle + latency);
      } else {
        limits.from_end = std::max(limits.from_end, from.bundle - count_ + latency);
      }
    } else if (from.node >= 0) {
      Limits& limits = found_.limits[static_cast<size_t>(from.node)];
      if (to.place == Event::Place::before) {
        limits.to_start = std::min(limits.to_start, to.bundle - latency);
      } else {
        limits.to_end = std::min(limits.to_end, to.bundle - count_ - latency);
      }
    } else if (from.place == Event::Place::before && to.place == Event::Place::after) {
      found_.least = std::max(found_.least, from.bundle + latency - (to.bundle - count_));
    }
  }

  void order_registers() {
    const size_t units = static_cast<size_t>(register_units());
    std::vector<std::vector<Touch>> reads(units), writes(units);
    const auto touch = [](std::vector<std::vector<Touch>>& of, Register reg, Touch one) {
      for (int i = 0; i < reg.units(); ++i) {
        of[static_cast<size_t>(reg.first_unit() + i)].push_back(one);
      }
    };
    for (const Event& event : events_) {
      const Signature all = signature(event.made->opcode, event.made->mode);
      for (size_t i = 0; i < all.uses.size(); ++i) {
        touch(reads, event.made->uses[i], {&event, all.uses[i].cycle, all.uses[i].bypass});
      }
      for (size_t i = 0; i < all.defs.size(); ++i) {
        touch(writes, event.made->defs[i], {&event, all.defs[i].cycle, all.defs[i].bypass});
      }
    }
    for (size_t unit = 0; unit < units; ++unit) order_unit(reads[unit], writes[unit]);
  }

  void order_unit(const std::vector<Touch>& reads, std::vector<Touch>& writes) {
    std::stable_sort(writes.begin(), writes.end(),
                     [](const Touch& a, const Touch& b) { return a.time() < b.time(); });
    for (size_t i = 1; i < writes.size(); ++i) {
      link(*writes[i - 1].event, *writes[i].event, writes[i - 1].cycle - writes[i].cycle + 1);
    }
    const auto late = [](const Touch& write, const Touch& read) {
      return write.bypass != Bypass::none && write.bypass == read.bypass ? 0 : 1;
    };
    for (const Touch& read : reads) {
      // The writes that it sees come first, the others after it.
      size_t next = writes.size();
      while (next > 0 && writes[next - 1].time() + late(writes[next - 1], read) > read.time()) {
        --next;
      }
      if (next > 0) {
        const Touch& write = writes[next - 1];
        link(*write.event, *read.event, write.cycle - read.cycle + late(write, read));
      }
      if (next < writes.size()) {
        const Touch& write = writes[next];
        link(*read.event, *write.event, read.cycle - write.cycle + 1 - late(write, read));
      }
    }
  }

  /// Loads and stores that may meet stay in their order.
  void order_accesses() {
    std::vector<Touch> accesses;
    for (const Event& event : events_) {
      if (!event.made->access) continue;
      accesses.push_back({&event, info(event.made->opcode).memory_cycle, Bypass::none});
    }
    std::stable_sort(accesses.begin(), accesses.end(),
                     [](const Touch& a, const Touch& b) { return a.time() < b.time(); });
    for (size_t i = 0; i < accesses.size(); ++i) {
      const Instruction& later = *accesses[i].event->made;
      const MemoryUse use = info(later.opcode).memory;
      for (size_t before = i; before-- > 0;) {
        const Instruction& earlier = *accesses[before].event->made;
        const MemoryUse its_use = info(earlier.opcode).memory;
        if (use == MemoryUse::load && its_use == MemoryUse::load) continue;
        if (!may_meet(earlier, later)) continue;
        // A part-word store reads 6 cycles before it writes.
        const int reads_ahead = use == MemoryUse::load_store ? 6 : 0;
        link(*accesses[before].event, *accesses[i].event,
             accesses[before].cycle - accesses[i].cycle + reads_ahead + 1);
        if (covers(earlier, later)) break;
      }
    }
  }

  /// Rounding and saturation, which no instruction names that obeys them.
  void order_control() {
    constexpr int kLead = 2, kTail = 8;
    for (const Event& control : events_) {
      if (!sets_control(*control.made)) continue;
      for (const Event& other : events_) {
        if (!may_obey_control(*other.made) && !sets_control(*other.made)) continue;
        if (other.bundle > control.bundle) {
          link(control, other, kLead);
        } else if (other.bundle < control.bundle) {
          link(other, control, kTail);
        }
      }
    }
  }

  /// What comes before a jump out of the call is over with its delay slots, what comes behind it
  /// begins after them.
  void order_leaving() {
    for (const Event& jump : events_) {
      if (!leaves(*jump.made)) continue;
      for (const Event& other : events_) {
        if (!has_effects(*other.made)) continue;
        if (other.bundle > jump.bundle + kDelaySlots) {
          link(jump, other, kDelaySlots + 1);
        } else {
          link(other, jump, -kDelaySlots);
        }
      }
    }
  }

  /// A jump stays where its delay slots begin, and a loop is set up in time (hardware_loop.h).
  void pin(size_t node) {
    const Instruction& made = found_.instructions[node];
    Limits& limits = found_.limits[node];
    const int now = found_.bundles[node] - count_;
    if (made.opcode == Opcode::jnz) {
      limits.from_end = limits.to_end = now;
    } else if (leaves(made)) {
      limits.to_end = std::min(limits.to_end, -kDelaySlots - 1);
    } else if (sets_up_loop(made)) {
      constexpr int kBundles = (kLoopSetupBytes + kMaxBundleBytes - 1) / kMaxBundleBytes;
      int last = now;
      for (const Repeat& loop : image_.loops) {
        if (!loop.is_hardware || loop.first != passage_.end) continue;
        last = std::max(now, loop.last - loop.first - kBundles);
      }
      limits.to_end = std::min(limits.to_end, last);
    }
  }

  /// Of the links between two instructions the strongest.
  void drop_weaker_links() {
    std::vector<Link>& links = found_.links;
    std::sort(links.begin(), links.end(), [](const Link& a, const Link& b) {
      return std::tuple(a.from, a.to, -a.latency) < std::tuple(b.from, b.to, -b.latency);
    });
    const auto same = [](const Link& a, const Link& b) { return a.from == b.from && a.to == b.to; };
    links.erase(std::unique(links.begin(), links.end(), same), links.end());
  }

  const Image& image_;
  const Passage passage_;
  const int count_;
  Constraints found_;
  std::vector<Event> events_;
};

}  // namespace

int Limits::first(int bundles) const {
  return std::max({0, from_start, bundles + from_end});
}

int Limits::last(int bundles) const {
  return std::min(to_start, bundles + to_end);
}

Constraints constraints_of(const Image& image, const Passage& passage) {
  return Builder(image, passage).run();
}

}  // namespace sotto::npu::core
