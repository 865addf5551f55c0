#include "npu/core/pipeline.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "npu/core/emit.h"
#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

bool has_room(const Loop& loop, const Schedule& schedule) {
  const auto pressure = pressure_of(loop, schedule);
  for (int pool = 0; pool < kRegisterPools; ++pool) {
    if (pressure[static_cast<size_t>(pool)] > units_in(static_cast<RegisterPool>(pool)))
      return false;
  }
  return true;
}

/// Of those that can be spilled, the one with the most units taken for those it has.
RegisterPool tightest_pool(const std::array<int, kRegisterPools>& pressure) {
  const auto share = [&](RegisterPool pool) {
    return static_cast<double>(pressure[static_cast<size_t>(pool)]) / units_in(pool);
  };
  const RegisterPool vectors = RegisterPool::vectors, sums = RegisterPool::accumulators;
  return share(vectors) > share(sums) ? vectors : sums;
}

/// Loads and stores that a spill takes.
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

class Search {
 public:
  Search(const Loop& loop, const Effort& effort) : effort_(effort) {
    const std::string problem = problem_of(loop);
    if (!problem.empty()) fail(ErrorKind::unsupported, "loop ", loop.name, ": ", problem);
    found_.loop = loop;
  }

  Pipeline run() {
    const Loop plain = found_.loop;
    const std::vector<Edge> edges = dependences(plain);
    found_.bounds = bounds_of(plain, edges);
    const Bounds bounds = found_.bounds;
    const int bound = bounds.interval();
    const int near = bound + effort_.extra_interval;
    for (int interval = bound; interval <= near; ++interval) {
      if (try_interval(edges, interval)) return std::move(found_);
    }
    const int most = 4 * bound + 16;
    Pipeline best = spill_below(most + 1);
    const int end = best.program.bundles.empty() ? most + 1 : best.schedule.interval;
    // Without spills but at a longer interval: single cycles at first, then in steps of an eighth.
    found_ = {};
    found_.loop = plain;
    found_.bounds = bounds;
    for (int i = 1; near + i < end; i += 1 + i / 8) {
      if (try_interval(edges, near + i)) return std::move(found_);
    }
    if (!best.program.bundles.empty()) return best;
    best = one_by_one(plain, effort_);
    best.bounds = bounds;
    return best;
  }

 private:
  /// Spills one value after the other for a shorter interval than there is without.
  Pipeline spill_below(int interval) {
    Pipeline best;
    while (tries_ < most_tries()) {
      const std::vector<Edge> edges = dependences(found_.loop);
      found_.bounds = bounds_of(found_.loop, edges);
      const int bound = found_.bounds.interval();
      if (bound >= interval) break;
      const std::optional<Schedule> probe = some_schedule(edges);
      if (!probe) break;
      // Where a little longer an interval has no room, a shorter one has none.
      if (has_room(found_.loop, *probe)) {
        for (const int longer : {0, 1, 2, 3, 4, bound / 16, bound / 12, bound / 8, bound / 6}) {
          if (bound + longer >= interval || !try_interval(edges, bound + longer)) continue;
          best = found_;
          interval = bound + longer;
          break;
        }
        found_.program = {};
      }
      const int victim = found_.spills < effort_.max_spills ? pick_spill(*probe) : -1;
      if (victim < 0) break;
      spill_one(victim);
    }
    return best;
  }

  /// At the first interval beyond the near ones that has one; with short lifetimes.
  std::optional<Schedule> some_schedule(const std::vector<Edge>& edges) {
    const int bound = found_.bounds.interval();
    for (int interval = bound + effort_.extra_interval; interval <= 3 * bound + 16;
         interval += interval / 16 + 1) {
      const Distances distances(static_cast<int>(found_.loop.operations.size()), edges, interval);
      std::optional<Schedule> schedule = find_schedule(found_.loop, edges, distances, interval, 0);
      ++tries_;
      if (!schedule) continue;
      shorten_lifetimes(found_.loop, edges, *schedule, 0);
      return schedule;
    }
    return std::nullopt;
  }

  /// Of all schedules at this interval that get registers, the code that takes the fewest cycles
  /// with its ramps, then bytes.
  bool try_interval(const std::vector<Edge>& edges, int interval) {
    const Distances distances(static_cast<int>(found_.loop.operations.size()), edges, interval);
    constexpr int kMoreAfterTheFirst = 12;
    bool found = false;
    int left = effort_.seeds;
    constexpr int kHopeless = 4;
    int crowded = 0;
    for (int i = 0; left > 0; ++i, --left) {
      if (++tries_ > most_tries() && i > 0) break;
      const int seed = seed_of(i);
      std::optional<Schedule> schedule =
          find_schedule(found_.loop, edges, distances, interval, static_cast<uint32_t>(seed));
      if (!schedule) continue;
      shorten_lifetimes(found_.loop, edges, *schedule, static_cast<uint32_t>(seed));
      if (!has_room(found_.loop, *schedule)) {
        if (!found && ++crowded == kHopeless) return false;
        continue;
      }
      const std::optional<Allocation> allocation =
          allocate_for(*schedule, static_cast<uint32_t>(seed));
      if (!allocation || !has_trips(*schedule, allocation->unroll)) continue;
      Program program = emit(found_.loop, *schedule, *allocation);
      const auto cost = [](const Program& of) { return std::pair(of.cycles(), of.bytes()); };
      if (found && cost(program) >= cost(found_.program)) continue;
      if (!found) left = std::min(left, kMoreAfterTheFirst);
      found = true;
      found_.schedule = std::move(*schedule);
      found_.allocation = *allocation;
      found_.program = std::move(program);
      found_.stack_bytes =
          spill_area(found_.loop) * found_.allocation.unroll + kept_area(found_.loop);
    }
    return found;
  }

  /// Whether the kernel runs once at least; a loop without stages does so anyhow.
  bool has_trips(const Schedule& schedule, int unroll) const {
    const int64_t least = found_.loop.min_trips;
    return least == 0 || schedule.stages() == 1 || schedule.stages() - 1 + unroll <= least;
  }

  int most_tries() const {
    return effort_.tried_operations / static_cast<int>(found_.loop.operations.size() + 1);
  }

  /// By bottleneck and by slack in turns; large loops have no time for slack.
  int seed_of(int i) const {
    constexpr size_t kLarge = 120;
    return found_.loop.operations.size() > kLarge ? 2 * i : i;
  }

  std::optional<Allocation> allocate_for(const Schedule& schedule, uint32_t seed) {
    const int least = least_unroll(found_.loop, schedule);
    for (int unroll = least; unroll <= least + 2; ++unroll) {
      std::optional<Allocation> allocation = allocate(found_.loop, schedule, unroll, seed);
      if (allocation) return allocation;
    }
    return std::nullopt;
  }

  /// The value that holds the most register cycles for each load and store that its spill takes.
  int pick_spill(const Schedule& schedule) const {
    const Lifetimes lifetimes = lifetimes_of(found_.loop, schedule);
    const auto pressure = pressure_of(found_.loop, schedule);
    const RegisterPool tightest = tightest_pool(pressure);
    int best = -1;
    double most = 0;
    for (int reg = 0; reg < static_cast<int>(lifetimes.size()); ++reg) {
      const size_t at = static_cast<size_t>(reg);
      if (pool_of(found_.loop.registers[at].cls) != tightest) continue;
      if (!can_spill(found_.loop, reg)) continue;
      int cycles = 0;
      for (const Lifetime& life : lifetimes[at]) {
        cycles += life.throughout ? schedule.interval : life.length();
      }
      const double worth = static_cast<double>(cycles) / accesses_of(found_.loop, reg);
      if (worth <= most) continue;
      best = reg;
      most = worth;
    }
    return best;
  }

  void spill_one(int reg) {
    if (is_invariant(found_.loop, reg)) found_.kept.push_back({reg, kept_area(found_.loop)});
    found_.loop = spill(found_.loop, reg);
    ++found_.spills;
  }

  const Effort effort_;
  Pipeline found_;
  int tries_ = 0;
};

}  // namespace

Pipeline pipeline(const Loop& loop, const Effort& effort) {
  return Search(loop, effort).run();
}

namespace {

/// Results may be written after the last issue: the circle of straight code is longer than it is.
constexpr int kAfterTheLast = 16;

/// Code for the operations of `found.loop` with as few live registers as `seed` comes to; seed 0:
/// as short as it goes.
bool try_straight(Pipeline& found, const std::vector<Edge>& edges, const Schedule& shortest,
                  uint32_t seed, int& stuck) {
  Schedule alone = shortest;
  alone.interval += kAfterTheLast;
  if (seed > 0) {
    shorten_lifetimes(found.loop, edges, alone, seed);
    alone.interval = alone.last_cycle() + 1 + kAfterTheLast;
  }
  std::optional<Allocation> allocation = allocate(found.loop, alone, 1, seed, &stuck);
  if (!allocation) return false;
  alone.interval -= kAfterTheLast;
  found.schedule = std::move(alone);
  found.allocation = std::move(*allocation);
  found.program = emit(found.loop, found.schedule, found.allocation);
  return true;
}

}  // namespace

namespace {

/// The value that lives longest, for what its spill takes, in the registers of which there are too
/// few; -1: none can go.
int pick_victim(const Loop& loop, const Schedule& schedule, int stuck) {
  if (stuck < 0) return -1;
  const RegisterPool pool = pool_of(loop.registers[static_cast<size_t>(stuck)].cls);
  const Lifetimes lifetimes = lifetimes_of(loop, schedule);
  int victim = -1;
  double most = 0;
  for (int reg = 0; reg < static_cast<int>(lifetimes.size()); ++reg) {
    const size_t at = static_cast<size_t>(reg);
    if (pool_of(loop.registers[at].cls) != pool || !can_spill(loop, reg)) continue;
    int cycles = 0;
    for (const Lifetime& life : lifetimes[at]) {
      cycles += life.throughout ? schedule.interval : life.length();
    }
    const double worth = static_cast<double>(cycles) / accesses_of(loop, reg);
    if (worth <= most) continue;
    victim = reg;
    most = worth;
  }
  return victim;
}

}  // namespace

Pipeline one_by_one(const Loop& loop, const Effort& effort) {
  Loop once = loop;
  once.trips = 1;
  Pipeline made = straight(once, effort);
  made.loop.is_straight = false;
  made.loop.trips = loop.trips;
  // The results of an iteration have come when the next one begins.
  constexpr int kUnderWay = 8;
  made.schedule.interval += kUnderWay;
  int stuck = -1;
  for (int tries = 0; !allocate_anew(made, &stuck); ++tries) {
    const bool more = tries < effort.max_spills;
    const int victim = more ? pick_victim(made.loop, made.schedule, stuck) : -1;
    if (victim < 0) fail(ErrorKind::unsupported, "loop ", loop.name, ": registers do not suffice");
    const bool invariant = is_invariant(made.loop, victim);
    std::vector<Kept> kept = std::move(made.kept);
    if (invariant) kept.push_back({victim, kept_area(made.loop)});
    once = spill(made.loop, victim);
    once.trips = 1;
    made = straight(once, effort);
    kept.insert(kept.end(), made.kept.begin(), made.kept.end());
    made.kept = std::move(kept);
    made.loop.is_straight = false;
    made.loop.trips = loop.trips;
    made.schedule.interval += kUnderWay;
  }
  return made;
}

bool allocate_anew(Pipeline& made, int* stuck) {
  Schedule circle = made.schedule;
  if (made.loop.is_straight) circle.interval += kAfterTheLast;
  const int least = made.loop.is_straight ? 1 : least_unroll(made.loop, made.schedule);
  const int most = made.loop.is_straight ? 1 : std::max(least + 2, made.allocation.unroll);
  constexpr uint32_t kSeeds = 4;
  for (int unroll = least; unroll <= most; ++unroll) {
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      std::optional<Allocation> allocation = allocate(made.loop, circle, unroll, seed, stuck);
      if (!allocation) continue;
      made.allocation = std::move(*allocation);
      made.program = emit(made.loop, made.schedule, made.allocation);
      made.stack_bytes = spill_area(made.loop) * unroll + kept_area(made.loop);
      return true;
    }
  }
  return false;
}

Pipeline straight(const Loop& loop, const Effort& effort) {
  const std::string problem = problem_of(loop);
  if (!problem.empty()) fail(ErrorKind::unsupported, "code ", loop.name, ": ", problem);
  Pipeline found;
  found.loop = loop;
  found.loop.trips = 1;
  found.loop.is_straight = true;
  constexpr uint32_t kTries = 6;
  for (;; ++found.spills) {
    const std::vector<Edge> edges = dependences(found.loop);
    const Schedule shortest = schedule_straight(found.loop, edges);
    int stuck = -1;
    for (uint32_t seed = 0; seed < kTries; ++seed) {
      if (try_straight(found, edges, shortest, seed, stuck)) return found;
    }
    const int victim =
        found.spills == effort.max_spills ? -1 : pick_victim(found.loop, shortest, stuck);
    if (victim < 0) {
      const std::string which =
          stuck < 0 ? "" : found.loop.registers[static_cast<size_t>(stuck)].name;
      fail(ErrorKind::unsupported, "code ", loop.name, ": no register for ", which);
    }
    if (is_invariant(found.loop, victim)) found.kept.push_back({victim, kept_area(found.loop)});
    found.loop = spill(found.loop, victim);
    found.stack_bytes = spill_area(found.loop) + kept_area(found.loop);
  }
}

}  // namespace sotto::npu::core
