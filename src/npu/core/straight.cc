// Code that runs once, and loops whose iterations follow one another.
#include <algorithm>
#include <climits>
#include <optional>

#include "base/error.h"
#include "npu/core/emit.h"
#include "npu/core/pipeline.h"
#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

/// Results may be written after the last issue: the circle of straight code is longer than it is.
constexpr int kAfterTheLast = 16;

/// Code for the operations of `found.loop`; `seed` > 0 moves them so that fewer registers are live.
/// When registers do not suffice, `crowded` says which.
bool try_schedule(Pipeline& found, const std::vector<Edge>& edges, const Schedule& schedule,
                  uint32_t seed, RegisterPool& crowded) {
  Schedule alone = schedule;
  alone.interval += kAfterTheLast;
  if (seed > 0) {
    shorten_lifetimes(found.loop, edges, alone, seed);
    alone.interval = alone.last_cycle() + 1 + kAfterTheLast;
  }
  if (const auto pool = crowded_pool(found.loop, alone)) {
    crowded = *pool;
    return false;
  }
  int stuck = -1;
  std::optional<Allocation> allocation = allocate(found.loop, alone, 1, seed, &stuck);
  if (!allocation) {
    if (stuck >= 0) crowded = pool_of(found.loop.registers[static_cast<size_t>(stuck)].cls);
    return false;
  }
  alone.interval -= kAfterTheLast;
  found.schedule = std::move(alone);
  found.allocation = std::move(*allocation);
  found.program = emit(found.loop, found.schedule, found.allocation);
  return true;
}

/// As short as it goes; else ever nearer to the order of the program, in which fewer values wait.
bool try_schedules(Pipeline& found, const std::vector<Edge>& edges, RegisterPool& crowded) {
  constexpr uint32_t kTries = 6;
  const Schedule shortest = schedule_straight(found.loop, edges);
  for (uint32_t seed = 0; seed < kTries; ++seed) {
    if (try_schedule(found, edges, shortest, seed, crowded)) return true;
  }
  for (const int ahead : {32, 16, 8, 4, 0}) {
    const Schedule schedule = schedule_in_order(found.loop, edges, ahead);
    for (uint32_t seed = 0; seed < 2; ++seed) {
      if (try_schedule(found, edges, schedule, seed, crowded)) return true;
    }
  }
  return false;
}

/// The value that lives longest, for what its spill takes, in these registers; -1: none can go.
int pick_victim(const Loop& loop, const Schedule& schedule, RegisterPool pool) {
  const Lifetimes lifetimes = lifetimes_of(loop, schedule);
  int victim = -1;
  double most = 0;
  for (int reg = 0; reg < static_cast<int>(lifetimes.size()); ++reg) {
    const size_t at = static_cast<size_t>(reg);
    if (pool_of(loop.registers[at].cls) != pool || !can_spill(loop, reg)) continue;
    const int cycles = register_cycles(lifetimes[at], schedule.interval);
    const double worth = static_cast<double>(cycles) / accesses_of(loop, reg);
    if (worth <= most) continue;
    victim = reg;
    most = worth;
  }
  return victim;
}

void spill_victim(Pipeline& found, int victim) {
  if (is_invariant(found.loop, victim)) found.kept.push_back({victim, kept_area(found.loop)});
  found.loop = spill(found.loop, victim);
  found.stack_bytes = spill_area(found.loop) + kept_area(found.loop);
  ++found.spills;
}

/// A loop whose iterations follow one another, with the registers of code that runs once.
Pipeline whole_iterations(const Loop& loop) {
  Pipeline made = straight(loop);
  made.loop.is_straight = false;
  made.loop.trips = loop.trips;
  // The results of an iteration have come when the next one begins.
  constexpr int kUnderWay = 8;
  made.schedule.interval += kUnderWay;
  return made;
}

}  // namespace

Pipeline straight(const Loop& loop) {
  const std::string problem = problem_of(loop);
  if (!problem.empty()) fail(ErrorKind::unsupported, "code ", loop.name, ": ", problem);
  Pipeline found;
  found.loop = loop;
  found.loop.trips = 1;
  found.loop.is_straight = true;
  for (;;) {
    const std::vector<Edge> edges = dependences(found.loop);
    RegisterPool crowded = RegisterPool::rest;
    if (try_schedules(found, edges, crowded)) return found;
    const int victim = pick_victim(found.loop, schedule_in_order(found.loop, edges, 0), crowded);
    if (victim < 0) {
      fail(ErrorKind::unsupported, "code ", loop.name, ": of ", units_in(crowded), ' ',
           name_of(crowded), " too few for what comes in and goes out");
    }
    spill_victim(found, victim);
  }
}

Pipeline one_by_one(const Loop& loop) {
  Pipeline made = whole_iterations(loop);
  int stuck = -1;
  while (!allocate_anew(made, &stuck)) {
    const int victim =
        stuck < 0 ? -1
                  : pick_victim(made.loop, made.schedule,
                                pool_of(made.loop.registers[static_cast<size_t>(stuck)].cls));
    if (victim < 0) fail(ErrorKind::unsupported, "loop ", loop.name, ": registers do not suffice");
    std::vector<Kept> kept = std::move(made.kept);
    if (is_invariant(made.loop, victim)) kept.push_back({victim, kept_area(made.loop)});
    made = whole_iterations(spill(made.loop, victim));
    made.kept.insert(made.kept.begin(), kept.begin(), kept.end());
  }
  return made;
}

bool allocate_anew(Pipeline& made, int* stuck) {
  Schedule circle = made.schedule;
  if (made.loop.is_straight) circle.interval += kAfterTheLast;
  if (const auto crowded = crowded_pool(made.loop, circle)) {
    const auto& all = made.loop.registers;
    const auto one = std::find_if(all.begin(), all.end(), [&](const VirtualRegister& reg) {
      return pool_of(reg.cls) == *crowded;
    });
    if (stuck != nullptr) *stuck = static_cast<int>(one - all.begin());
    return false;
  }
  const int least = made.loop.is_straight ? 1 : least_unroll(made.loop, made.schedule);
  const int most = made.loop.is_straight ? 1 : std::max(least + 2, made.allocation.unroll);
  constexpr uint32_t kSeeds = 6;
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

}  // namespace sotto::npu::core
