#include "npu/core/allocate.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <utility>

#include "base/error.h"
#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

/// One virtual register in the iterations i ≡ copy (mod unroll); all iterations if it is
/// throughout.
struct Item {
  int reg = 0;
  int copy = 0;
  bool throughout = false;
  std::vector<Lifetime> units;    ///< of iteration `copy`
  std::vector<int> enters_until;  ///< by unit: last read of the value that the loop enters with
  bool enters = false, leaves = false;
  int weight = 0;        ///< how often it found no register
  std::vector<int> kin;  ///< items of the sum that it continues, and that continues it
};

/// Cycles of the circle in which a physical unit is taken, and by which units of which items.
struct Taken {
  std::vector<bool> rows;
  struct Holder {
    int item, unit;
  };
  std::vector<Holder> holders;
};

class Allocator {
 public:
  Allocator(const Loop& loop, const Schedule& schedule, int unroll, uint32_t seed)
      : loop_(loop),
        schedule_(schedule),
        unroll_(unroll),
        circle_(unroll * schedule.interval),
        random_(seed) {}

  std::optional<Allocation> run(int* stuck) {
    if (!make_items(stuck)) return std::nullopt;
    constexpr int kRestarts = 120;
    for (int restart = 0; restart < kRestarts; ++restart) {
      const int failed = color();
      if (failed < 0) return result();
      items_[static_cast<size_t>(failed)].weight += 1;
      if (stuck != nullptr) *stuck = items_[static_cast<size_t>(failed)].reg;
    }
    return std::nullopt;
  }

 private:
  bool make_items(int* stuck) {
    const Lifetimes lifetimes = lifetimes_of(loop_, schedule_);
    const std::vector<int> depth = entry_depth();
    for (size_t reg = 0; reg < lifetimes.size(); ++reg) {
      const std::vector<Lifetime>& units = lifetimes[reg];
      const bool throughout = std::any_of(units.begin(), units.end(),
                                          [](const Lifetime& life) { return life.throughout; });
      if (throughout) {
        items_.push_back({static_cast<int>(reg), 0, true, units, {}, false, false, 0, {}});
        continue;
      }
      const bool too_long = std::any_of(units.begin(), units.end(), [&](const Lifetime& life) {
        return life.length() > circle_;
      });
      if (too_long || depth[reg] > unroll_) {
        if (stuck != nullptr) *stuck = static_cast<int>(reg);
        return false;
      }
      for (int copy = 0; copy < unroll_; ++copy)
        add_copy(static_cast<int>(reg), copy, units, depth[reg]);
    }
    find_kin();
    return true;
  }

  /// An accumulator is best kept where it is: sum and continued sum like the same register.
  void find_kin() {
    for (const Operation& operation : loop_.operations) {
      if (operation.defs.empty() || operation.uses.empty()) continue;
      const Operand& def = operation.defs[0];
      const Operand& use = operation.uses[0];
      const RegisterClass cls = loop_.registers[static_cast<size_t>(def.reg)].cls;
      if (cls != loop_.registers[static_cast<size_t>(use.reg)].cls) continue;
      if (pool_of(cls) != RegisterPool::accumulators) continue;
      for (int copy = 0; copy < unroll_; ++copy) {
        const int from = item_of(use.reg, copy - use.distance), to = item_of(def.reg, copy);
        if (from < 0 || to < 0 || from == to) continue;
        items_[static_cast<size_t>(from)].kin.push_back(to);
        items_[static_cast<size_t>(to)].kin.push_back(from);
      }
    }
  }

  int item_of(int reg, int copy) const {
    copy = (copy % unroll_ + unroll_) % unroll_;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].reg == reg && items_[i].copy == copy && !items_[i].throughout) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  /// How many iterations' values each register enters the loop with.
  std::vector<int> entry_depth() const {
    std::vector<int> depth(loop_.registers.size(), 0);
    for (const Operation& operation : loop_.operations) {
      for (const Operand& use : operation.uses) {
        int& deepest = depth[static_cast<size_t>(use.reg)];
        deepest = std::max(deepest, use.distance);
      }
    }
    return depth;
  }

  void add_copy(int reg, int copy, const std::vector<Lifetime>& units, int depth) {
    Item item{reg, copy, false, units, {}, false, false, 0, {}};
    item.enters = unroll_ - copy <= depth;
    item.leaves =
        loop_.registers[static_cast<size_t>(reg)].live_out && (loop_.trips - 1) % unroll_ == copy;
    for (Lifetime& life : item.units) {
      life.begin += copy * schedule_.interval;
      life.end += copy * schedule_.interval;
      item.enters_until.push_back(life.end - circle_);
    }
    items_.push_back(std::move(item));
  }

  int start_of(const Item& item) const {
    int begin = item.units[0].begin;
    for (const Lifetime& life : item.units) begin = std::min(begin, life.begin);
    return begin;
  }

  std::vector<int> order() {
    std::vector<int> order(items_.size());
    std::iota(order.begin(), order.end(), 0);
    const int cut = static_cast<int>(random_() % static_cast<uint32_t>(circle_));
    const auto key = [&](int index) {
      const Item& item = items_[static_cast<size_t>(index)];
      const VirtualRegister& reg = loop_.registers[static_cast<size_t>(item.reg)];
      const RegisterFile& file = register_file(reg.cls);
      const int start = ((start_of(item) - cut) % circle_ + circle_) % circle_;
      return std::array<int, 7>{reg.fixed ? 0 : 1,
                                item.throughout ? 0 : 1,
                                reg.wanted ? 0 : 1,
                                -item.weight,
                                -file.units,
                                file.count,
                                start};
    };
    std::sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
    return order;
  }

  /// The item that found no register; −1: all did.
  int color() {
    taken_.assign(static_cast<size_t>(register_units()), {});
    for (Taken& unit : taken_) unit.rows.assign(static_cast<size_t>(circle_), false);
    chosen_.assign(items_.size(), {});
    placed_.assign(items_.size(), false);
    for (const int index : order()) {
      if (!choose(index)) return index;
    }
    return -1;
  }

  bool choose(int index) {
    const Item& item = items_[static_cast<size_t>(index)];
    const VirtualRegister& reg = loop_.registers[static_cast<size_t>(item.reg)];
    int best = -1;
    std::pair<bool, int> best_gap;
    for (int i = 0; i < register_file(reg.cls).count; ++i) {
      const Register candidate{reg.cls, static_cast<uint8_t>(i)};
      if (reg.fixed && candidate != *reg.fixed) continue;
      if (!fits(index, candidate)) continue;
      // The caller's registers would have to be saved: they come last.
      const std::pair<bool, int> gap =
          reg.wanted == candidate ? std::pair(false, -2)
          : is_home(item, candidate)
              ? std::pair(false, -1)
              : std::pair(is_callee_saved(candidate), gap_before(item, candidate));
      if (best >= 0 && gap >= best_gap) continue;
      best = i;
      best_gap = gap;
    }
    if (best < 0) return false;
    take(index, Register{reg.cls, static_cast<uint8_t>(best)});
    return true;
  }

  bool is_home(const Item& item, Register candidate) const {
    return std::any_of(item.kin.begin(), item.kin.end(), [&](int other) {
      return placed_[static_cast<size_t>(other)] &&
             chosen_[static_cast<size_t>(other)] == candidate;
    });
  }

  size_t row_of(int cycle) const {
    return static_cast<size_t>((cycle % circle_ + circle_) % circle_);
  }

  bool fits(int index, Register candidate) const {
    const Item& item = items_[static_cast<size_t>(index)];
    for (int unit = 0; unit < candidate.units(); ++unit) {
      const Taken& taken = taken_[static_cast<size_t>(candidate.first_unit() + unit)];
      const Lifetime& life = item.units[static_cast<size_t>(unit)];
      if (life.is_empty()) continue;
      if (item.throughout && !taken.holders.empty()) return false;
      for (int cycle = life.begin; cycle <= life.end; ++cycle) {
        if (taken.rows[row_of(cycle)]) return false;
      }
      for (const Taken::Holder& holder : taken.holders) {
        if (items_[static_cast<size_t>(holder.item)].throughout) return false;
        if (meet_at_an_end(index, unit, holder.item, holder.unit) ||
            meet_at_an_end(holder.item, holder.unit, index, unit)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Whether a value that `a` enters or leaves the loop with is in the way of `b`.
  bool meet_at_an_end(int a, int a_unit, int b, int b_unit) const {
    const Item& one = items_[static_cast<size_t>(a)];
    const Item& other = items_[static_cast<size_t>(b)];
    const Lifetime& its = other.units[static_cast<size_t>(b_unit)];
    if (one.enters) {
      if (other.enters) return true;
      if (its.begin <= one.enters_until[static_cast<size_t>(a_unit)]) return true;
    }
    if (one.leaves) {
      if (other.leaves) return true;
      const Lifetime& mine = one.units[static_cast<size_t>(a_unit)];
      // Relative to the last iteration of each: those of `other` are up to unroll − 1 earlier.
      const int64_t last = loop_.trips - 1;
      const int64_t behind = ((last - other.copy) % unroll_ + unroll_) % unroll_;
      const int64_t mine_begin = mine.begin - one.copy * schedule_.interval;
      const int64_t its_end =
          its.end - other.copy * schedule_.interval - behind * schedule_.interval;
      if (its_end >= mine_begin) return true;
    }
    return false;
  }

  /// Free cycles between the end of the arc before and this one: small is a tight fit.
  int gap_before(const Item& item, Register candidate) const {
    if (item.throughout) return 0;
    int gap = circle_;
    for (int unit = 0; unit < candidate.units(); ++unit) {
      const Taken& taken = taken_[static_cast<size_t>(candidate.first_unit() + unit)];
      int free = 0;
      const int begin = item.units[static_cast<size_t>(unit)].begin;
      while (free < circle_ && !taken.rows[row_of(begin - 1 - free)]) ++free;
      gap = std::min(gap, free);
    }
    return gap;
  }

  void take(int index, Register reg) {
    const Item& item = items_[static_cast<size_t>(index)];
    chosen_[static_cast<size_t>(index)] = reg;
    placed_[static_cast<size_t>(index)] = true;
    for (int unit = 0; unit < reg.units(); ++unit) {
      const Lifetime& life = item.units[static_cast<size_t>(unit)];
      if (life.is_empty()) continue;
      Taken& taken = taken_[static_cast<size_t>(reg.first_unit() + unit)];
      taken.holders.push_back({index, unit});
      if (item.throughout) taken.rows.assign(taken.rows.size(), true);
      for (int cycle = life.begin; cycle <= life.end; ++cycle) taken.rows[row_of(cycle)] = true;
    }
  }

  Allocation result() const {
    Allocation allocation;
    allocation.unroll = unroll_;
    allocation.registers.resize(loop_.registers.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      auto& copies = allocation.registers[static_cast<size_t>(items_[i].reg)];
      copies.resize(static_cast<size_t>(unroll_));
      if (items_[i].throughout) {
        std::fill(copies.begin(), copies.end(), chosen_[i]);
      } else {
        copies[static_cast<size_t>(items_[i].copy)] = chosen_[i];
      }
    }
    return allocation;
  }

  const Loop& loop_;
  const Schedule& schedule_;
  const int unroll_;
  const int circle_;
  std::mt19937 random_;
  std::vector<Item> items_;
  std::vector<Taken> taken_;  ///< by physical unit
  std::vector<Register> chosen_;
  std::vector<bool> placed_;
};

}  // namespace

Register Allocation::of(int reg, int64_t iteration) const {
  const int64_t copy = (iteration % unroll + unroll) % unroll;
  return registers[static_cast<size_t>(reg)][static_cast<size_t>(copy)];
}

int least_unroll(const Loop& loop, const Schedule& schedule) {
  int unroll = spill_depth(loop, schedule);
  for (const std::vector<Lifetime>& units : lifetimes_of(loop, schedule)) {
    for (const Lifetime& life : units) {
      if (life.throughout) continue;
      unroll = std::max(unroll, (life.length() + schedule.interval - 1) / schedule.interval);
    }
  }
  for (const Operation& operation : loop.operations) {
    for (const Operand& use : operation.uses) unroll = std::max(unroll, use.distance);
  }
  return unroll;
}

std::optional<Allocation> allocate(const Loop& loop, const Schedule& schedule, int unroll,
                                   uint32_t seed, int* stuck) {
  return Allocator(loop, schedule, unroll, seed).run(stuck);
}

}  // namespace sotto::npu::core
