#include "npu/core/lifetime.h"

#include <algorithm>
#include <climits>
#include <random>

#include "base/error.h"
#include "npu/core/rearrange.h"

namespace sotto::npu::core {
namespace {

struct Touch {
  int operation;
  Timing timing;
  Span span;
  int distance;
};

/// Defs and uses of each register.
struct Touches {
  std::vector<std::vector<Touch>> defs, uses;

  explicit Touches(const Loop& loop) : defs(loop.registers.size()), uses(loop.registers.size()) {
    for (int index = 0; index < static_cast<int>(loop.operations.size()); ++index) {
      const Operation& operation = loop.operations[static_cast<size_t>(index)];
      const Signature all = signature(operation.opcode, operation.mode);
      for (size_t i = 0; i < operation.defs.size(); ++i) {
        const Operand& def = operation.defs[i];
        defs[static_cast<size_t>(def.reg)].push_back({index, all.defs[i], span_of(loop, def), 0});
      }
      for (size_t i = 0; i < operation.uses.size(); ++i) {
        const Operand& use = operation.uses[i];
        uses[static_cast<size_t>(use.reg)].push_back(
            {index, all.uses[i], span_of(loop, use), use.distance});
      }
    }
  }
};

Lifetime unit_lifetime(const std::vector<Touch>& defs, const std::vector<Touch>& uses, int unit,
                       const Schedule& schedule) {
  const Span here{unit, 1};
  const auto issue = [&](const Touch& touch) {
    return schedule.placements[static_cast<size_t>(touch.operation)].cycle;
  };
  Lifetime life{0, -1, true};
  for (const Touch& def : defs) {
    if (!def.span.meets(here)) continue;
    const int written = issue(def) + def.timing.cycle;
    life = {written + (def.timing.bypass == Bypass::none ? 1 : 0), written + 1, false};
  }
  if (life.throughout) return life;
  for (const Touch& use : uses) {
    if (!use.span.meets(here)) continue;
    const int read = issue(use) + use.timing.cycle + schedule.interval * use.distance;
    life.end = std::max(life.end, read);
  }
  return life;
}

/// What is read of a unit that nobody writes does not matter: it may hold anything.
void free_padding(const std::vector<Touch>& defs, std::vector<Lifetime>& units) {
  std::vector<bool> written(units.size());
  int begin = INT_MAX;
  for (const Touch& def : defs) {
    for (int unit = def.span.first; unit < def.span.first + def.span.units; ++unit) {
      written[static_cast<size_t>(unit)] = true;
      begin = std::min(begin, units[static_cast<size_t>(unit)].begin);
    }
  }
  for (size_t unit = 0; unit < units.size(); ++unit) {
    if (!written[unit]) units[unit] = {begin, begin - 1, false};
  }
}

/// In straight code a register is taken from the beginning when it enters with something, else from
/// its first write, to its last read or, when it leaves with something, its last write.
Lifetime straight_lifetime(const std::vector<Touch>& defs, const std::vector<Touch>& uses, int unit,
                           const Schedule& schedule) {
  const Span here{unit, 1};
  const auto issue = [&](const Touch& touch) {
    return schedule.placements[static_cast<size_t>(touch.operation)].cycle;
  };
  constexpr int kNone = INT_MAX;
  int first_use = kNone, first_def = kNone;
  Lifetime life{kNone, -1, false};
  for (const Touch& def : defs) {
    if (!def.span.meets(here)) continue;
    first_def = std::min(first_def, def.operation);
    const int written = issue(def) + def.timing.cycle;
    life.begin = std::min(life.begin, written + (def.timing.bypass == Bypass::none ? 1 : 0));
    life.end = std::max(life.end, written + 1);
  }
  for (const Touch& use : uses) {
    if (!use.span.meets(here)) continue;
    first_use = std::min(first_use, use.operation);
    life.end = std::max(life.end, issue(use) + use.timing.cycle);
  }
  // An operation reads before it writes.
  if (first_use <= first_def) life.begin = 0;
  return life;
}

/// Of padding: throughout.
Lifetime lifetime_of(const Loop& loop, const Touches& touches, size_t reg, int unit,
                     const Schedule& schedule) {
  if (loop.is_straight) {
    return straight_lifetime(touches.defs[reg], touches.uses[reg], unit, schedule);
  }
  if (loop.registers[reg].storage == Storage::state) return {0, -1, true};
  return unit_lifetime(touches.defs[reg], touches.uses[reg], unit, schedule);
}

std::vector<Lifetime> register_lifetimes(const Loop& loop, const Touches& touches, size_t reg,
                                         const Schedule& schedule) {
  std::vector<Lifetime> units;
  const VirtualRegister& which = loop.registers[reg];
  const int count = register_file(which.cls).units;
  for (int unit = 0; unit < count; ++unit) {
    units.push_back(lifetime_of(loop, touches, reg, unit, schedule));
  }
  const bool is_used = !touches.uses[reg].empty(), is_made = !touches.defs[reg].empty();
  if (which.padded && is_made) {
    free_padding(touches.defs[reg], units);
  } else if (which.live_out && !is_made) {
    for (Lifetime& life : units) life = {0, -1, true};
  } else if (which.live_out && loop.is_straight && which.storage == Storage::state) {
    // A part that is not touched passes through.
    for (Lifetime& life : units) {
      if (life.is_empty()) life = {0, -1, true};
    }
  } else if (!is_used && !is_made && which.storage == Storage::value) {
    for (Lifetime& life : units) life = {0, -1, false};
  }
  return units;
}

class Shortener {
 public:
  Shortener(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule, uint32_t seed)
      : loop_(loop),
        schedule_(schedule),
        touches_(loop),
        table_(loop, schedule.interval),
        random_(seed),
        neighbours_(loop, edges),
        registers_(loop.operations.size()) {
    for (size_t op = 0; op < loop.operations.size(); ++op) {
      for (const Operand& use : loop.operations[op].uses) note(op, use.reg);
      for (const Operand& def : loop.operations[op].defs) note(op, def.reg);
    }
  }

  void run() {
    if (!fill(table_, loop_, schedule_)) return;
    std::vector<int> order(loop_.operations.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    int idle = 0;
    const size_t count = loop_.operations.size();
    const int passes = count > kLarge ? 10 : 60, patience = count > kLarge ? 2 : 6;
    for (int pass = 0; pass < passes && idle < patience; ++pass) {
      std::shuffle(order.begin(), order.end(), random_);
      bool better = false;
      for (const int op : order) better = improve(op) || better;
      idle = better ? 0 : idle + 1;
    }
    take_slots(schedule_, table_);
  }

 private:
  static constexpr size_t kLarge = 120;  // operations, of loops that have no time for more

  void note(size_t op, int reg) {
    if (loop_.is_straight || loop_.registers[static_cast<size_t>(reg)].storage == Storage::value) {
      registers_[op].push_back(static_cast<size_t>(reg));
    }
  }

  /// Unit cycles of the registers that an operation touches; longer than the interval costs
  /// unrolling.
  int64_t cost(size_t op) const {
    int64_t sum = 0;
    for (const size_t reg : registers_[op]) {
      const int count = register_file(loop_.registers[reg].cls).units;
      for (int unit = 0; unit < count; ++unit) {
        const Lifetime life = lifetime_of(loop_, touches_, reg, unit, schedule_);
        if (life.throughout || life.is_empty()) continue;
        sum += life.length() + 4 * std::max(life.length() - schedule_.interval, 0);
      }
    }
    return sum;
  }

  bool improve(int op) {
    const size_t at = static_cast<size_t>(op);
    const int now = schedule_.placements[at].cycle;
    const int reach =
        loop_.operations.size() > kLarge ? schedule_.interval : 2 * schedule_.interval;
    const auto [first, last] = neighbours_.window(op, schedule_, reach);
    int earliest_other = INT_MAX, latest_other = INT_MIN;
    for (size_t other = 0; other < schedule_.placements.size(); ++other) {
      if (other == at) continue;
      earliest_other = std::min(earliest_other, schedule_.placements[other].cycle);
      latest_other = std::max(latest_other, schedule_.placements[other].cycle);
    }
    // A longer iteration is a longer ramp.
    const auto full_cost = [&](int cycle) {
      if (earliest_other > latest_other) return cost(at);
      return cost(at) + 2 * std::max({earliest_other - cycle, cycle - latest_other, 0});
    };
    const int64_t before = full_cost(now);
    int64_t best = before;
    int best_cycle = now;
    for (int cycle = first; cycle <= last; ++cycle) {
      if (cycle == now) continue;
      schedule_.placements[at].cycle = cycle;
      const int64_t after = full_cost(cycle);
      // Equal moves now and then lead off a plateau.
      if (after > best || (after == best && random_() % 4 != 0)) continue;
      table_.remove(op);
      if (table_.place(op, cycle)) {
        best = after;
        best_cycle = cycle;
      } else {
        // Where it was there is still room.
        SOTTO_CHECK(table_.place(op, best_cycle));
      }
    }
    schedule_.placements[at].cycle = best_cycle;
    return best < before;
  }

  const Loop& loop_;
  Schedule& schedule_;
  Touches touches_;
  ReservationTable table_;
  std::mt19937 random_;
  const Neighbours neighbours_;
  std::vector<std::vector<size_t>> registers_;
};

}  // namespace

struct LifetimeFinder::Touches : public npu::core::Touches {
  using npu::core::Touches::Touches;
};

LifetimeFinder::LifetimeFinder(const Loop& loop)
    : loop_(loop), touches_(std::make_unique<const Touches>(loop)) {}
LifetimeFinder::~LifetimeFinder() = default;

std::vector<Lifetime> LifetimeFinder::of(size_t reg, const Schedule& schedule) const {
  return register_lifetimes(loop_, *touches_, reg, schedule);
}

Lifetimes lifetimes_of(const Loop& loop, const Schedule& schedule) {
  const Touches touches(loop);
  Lifetimes all;
  for (size_t reg = 0; reg < loop.registers.size(); ++reg) {
    all.push_back(register_lifetimes(loop, touches, reg, schedule));
  }
  return all;
}

RegisterPool pool_of(RegisterClass cls) {
  using enum RegisterClass;
  switch (cls) {
    case p:
      return RegisterPool::pointers;
    case m:
    case dn:
    case dj:
    case dc:
    case d:
    case d3:
      return RegisterPool::modifiers;
    case s:
      return RegisterPool::shifts;
    case w:
    case x:
    case y:
      return RegisterPool::vectors;
    case am:
    case bm:
    case bm0_7:
    case cm:
      return RegisterPool::accumulators;
    case q:
      return RegisterPool::masks;
    case cr:
    case lc:
    case ls:
    case le:
    case sp:
    case lr:
    case any_scalar:
    case stored:
      return RegisterPool::rest;
    default:
      return RegisterPool::scalars;
  }
}

int units_in(RegisterPool pool) {
  constexpr int kUnits[kRegisterPools] = {32, 8, 32, 4, 24, 36, 4, 17};
  return kUnits[static_cast<int>(pool)];
}

std::string_view name_of(RegisterPool pool) {
  constexpr std::string_view kNames[kRegisterPools] = {"scalars",
                                                       "pointers",
                                                       "modifiers",
                                                       "shifts",
                                                       "vectors of 256 bits",
                                                       "accumulators of 256 bits",
                                                       "masks",
                                                       "others"};
  return kNames[static_cast<int>(pool)];
}

std::array<int, kRegisterPools> pressure_of(const Loop& loop, const Schedule& schedule) {
  const Lifetimes lifetimes = lifetimes_of(loop, schedule);
  std::array<std::vector<int>, kRegisterPools> live;
  for (auto& rows : live) rows.assign(static_cast<size_t>(schedule.interval), 0);
  for (size_t reg = 0; reg < lifetimes.size(); ++reg) {
    auto& rows = live[static_cast<size_t>(pool_of(loop.registers[reg].cls))];
    for (const Lifetime& life : lifetimes[reg]) {
      if (life.throughout) {
        for (int& row : rows) ++row;
      }
      for (int cycle = life.begin; cycle <= life.end; ++cycle) {
        const int row = (cycle % schedule.interval + schedule.interval) % schedule.interval;
        ++rows[static_cast<size_t>(row)];
      }
    }
  }
  std::array<int, kRegisterPools> most{};
  for (size_t pool = 0; pool < live.size(); ++pool) {
    most[pool] = *std::max_element(live[pool].begin(), live[pool].end());
  }
  return most;
}

std::optional<RegisterPool> crowded_pool(const Loop& loop, const Schedule& schedule) {
  const auto pressure = pressure_of(loop, schedule);
  for (int pool = 0; pool < kRegisterPools; ++pool) {
    const auto which = static_cast<RegisterPool>(pool);
    if (pressure[static_cast<size_t>(pool)] > units_in(which)) return which;
  }
  return std::nullopt;
}

bool has_room(const Loop& loop, const Schedule& schedule) {
  return !crowded_pool(loop, schedule);
}

int register_cycles(const std::vector<Lifetime>& lives, int interval) {
  int cycles = 0;
  for (const Lifetime& life : lives) cycles += life.throughout ? interval : life.length();
  return cycles;
}

void shorten_lifetimes(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule,
                       uint32_t seed) {
  if (!loop.operations.empty()) Shortener(loop, edges, schedule, seed).run();
}

}  // namespace sotto::npu::core
