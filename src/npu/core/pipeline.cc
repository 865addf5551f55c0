#include "npu/core/pipeline.h"

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <utility>

#include "base/error.h"
#include "npu/core/emit.h"
#include "npu/core/fit.h"
#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

/// Of those that can be spilled, the one with the most units taken for those it has.
RegisterPool tightest_pool(const std::array<int, kRegisterPools>& pressure) {
  const auto share = [&](RegisterPool pool) {
    return static_cast<double>(pressure[static_cast<size_t>(pool)]) / units_in(pool);
  };
  const RegisterPool vectors = RegisterPool::vectors, sums = RegisterPool::accumulators;
  return share(vectors) > share(sums) ? vectors : sums;
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
      if (try_from(edges, interval)) return std::move(found_);
    }
    const int most = 4 * bound + 16;
    Pipeline best = spill_below(most + 1);
    const int end = best.program.bundles.empty() ? most + 1 : best.schedule.interval;
    // Without spills but at a longer interval: single cycles at first, then in steps of an eighth.
    found_ = {};
    found_.loop = plain;
    found_.bounds = bounds;
    for (int i = 1; near + i < end; i += 1 + i / 8) {
      if (try_from(edges, near + i)) return std::move(found_);
    }
    if (!best.program.bundles.empty()) return best;
    best = one_by_one(plain);
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
        for (int longer = 0; longer <= std::max(4, bound / 6); longer += 1 + longer / 6) {
          if (bound + longer >= interval || !try_from(edges, bound + longer)) continue;
          if (best.program.bundles.empty() || cost(found_.program) < cost(best.program)) {
            best = found_;
          }
          interval = bound + longer;
          break;
        }
        found_.program = {};
      }
      const int victim = found_.spills < effort_.max_spills ? pick_spill(*probe) : -1;
      if (victim < 0) break;
      spill_one(victim, is_read_at_once(*probe, victim));
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
      if (!has_room(found_.loop, *schedule)) {
        fit_registers(found_.loop, edges, *schedule, 0, effort_.moves, 0);
      }
      return schedule;
    }
    return std::nullopt;
  }

  static std::pair<int64_t, int> cost(const Program& of) { return {of.cycles(), of.bytes()}; }

  /// At this interval; or at one a little longer, where that takes fewer cycles in all: several
  /// iterations in one kernel have long ramps.
  bool try_from(const std::vector<Edge>& edges, int interval) {
    constexpr int kLonger = 3;
    if (!try_interval(edges, interval)) return false;
    for (int longer = 1; longer <= kLonger && found_.allocation.unroll > 1; ++longer) {
      if (found_.loop.trips * (interval + longer) >= found_.program.cycles()) break;
      const Pipeline best = found_;
      const bool found = try_interval(edges, interval + longer);
      if (!found || cost(found_.program) >= cost(best.program)) found_ = best;
    }
    return true;
  }

  /// Of all schedules at this interval that get registers, the code that takes the fewest cycles
  /// with its ramps, then bytes.
  bool try_interval(const std::vector<Edge>& edges, int interval) {
    const Distances distances(static_cast<int>(found_.loop.operations.size()), edges, interval);
    constexpr int kMoreAfterTheFirst = 12;
    bool found = false;
    int left = effort_.seeds;
    constexpr int kHopeless = 6;
    int crowded = 0;
    for (int i = 0; left > 0; ++i, --left) {
      if (++tries_ > most_tries() && i > 0) break;
      // By slack values live shorter.
      const int seed = crowded > 0 ? 2 * i + 1 : seed_of(i);
      std::optional<Schedule> schedule =
          find_schedule(found_.loop, edges, distances, interval, static_cast<uint32_t>(seed));
      if (!schedule) continue;
      const std::optional<Allocation> allocation =
          registers_for(edges, *schedule, static_cast<uint32_t>(seed));
      if (!allocation) {
        if (!found && ++crowded == kHopeless) return false;
        continue;
      }
      if (!has_trips(*schedule, allocation->unroll)) continue;
      Program program = emit(found_.loop, *schedule, *allocation);
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

  /// Registers for the schedule, which changes for them: what fits by number may not fit by place.
  std::optional<Allocation> registers_for(const std::vector<Edge>& edges, Schedule& schedule,
                                          uint32_t seed) {
    shorten_lifetimes(found_.loop, edges, schedule, seed);
    if (!has_room(found_.loop, schedule) && !fits(edges, schedule, 0, seed)) return std::nullopt;
    for (const int spare : {2, 4, 6}) {
      if (std::optional<Allocation> allocation = allocate_for(schedule, seed)) return allocation;
      fits(edges, schedule, spare, seed);
      if (!has_room(found_.loop, schedule)) return std::nullopt;
    }
    return std::nullopt;
  }

  /// Whether the schedule comes to take few enough registers: again and again as long as little is
  /// too much and it becomes less.
  bool fits(const std::vector<Edge>& edges, Schedule& schedule, int spare, uint32_t seed) const {
    const int64_t little = 2 * schedule.interval;
    int64_t excess = INT64_MAX;
    for (uint32_t round = 0;; ++round) {
      const int64_t left =
          fit_registers(found_.loop, edges, schedule, spare, effort_.moves, seed + round);
      if (left == 0) return true;
      if (left > little || left >= excess) return false;
      excess = left;
    }
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
      constexpr uint32_t kOrders = 3;
      for (uint32_t order = 0; order < kOrders; ++order) {
        std::optional<Allocation> allocation =
            allocate(found_.loop, schedule, unroll, seed + order);
        if (allocation) return allocation;
      }
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
      const int cycles = register_cycles(lifetimes[at], schedule.interval);
      const int accesses = is_read_at_once(schedule, reg)
                               ? register_file(found_.loop.registers[at].cls).units
                               : accesses_of(found_.loop, reg);
      // A reload, too, is there a few cycles before it is read.
      constexpr int kReloaded = 3;
      const double worth = static_cast<double>(cycles) / accesses - kReloaded;
      if (worth <= most) continue;
      best = reg;
      most = worth;
    }
    return best;
  }

  /// Whether one load an iteration serves all readers of an invariant without a long wait.
  bool is_read_at_once(const Schedule& schedule, int reg) const {
    if (!is_invariant(found_.loop, reg)) return false;
    constexpr int kSoon = 6;
    int first = INT_MAX, last = INT_MIN;
    for (size_t op = 0; op < found_.loop.operations.size(); ++op) {
      for (const Operand& use : found_.loop.operations[op].uses) {
        if (use.reg != reg) continue;
        first = std::min(first, schedule.placements[op].cycle);
        last = std::max(last, schedule.placements[op].cycle);
      }
    }
    return last - first <= kSoon;
  }

  void spill_one(int reg, bool once) {
    if (is_invariant(found_.loop, reg)) found_.kept.push_back({reg, kept_area(found_.loop)});
    found_.loop = spill(found_.loop, reg, once);
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

}  // namespace sotto::npu::core
