// How long values stay in registers under a schedule, and how many registers that takes.
//
// Nothing waits, so a register belongs to a value only from the cycle in which the value can be
// seen first (one after it is written, or the same one through a bypass) to its last read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "npu/core/schedule.h"

namespace sotto::npu::core {

/// Cycles of iteration 0, both included. An invariant has none: it is there throughout. That of
/// padding is empty.
struct Lifetime {
  int begin = 0, end = -1;
  bool throughout = false;
  int length() const { return end - begin + 1; }
  bool is_empty() const { return !throughout && end < begin; }
};

/// By register and unit within it; a state of a loop is there throughout.
using Lifetimes = std::vector<std::vector<Lifetime>>;
/// Of a register's units, together.
int register_cycles(const std::vector<Lifetime>& lives, int interval);
Lifetimes lifetimes_of(const Loop& loop, const Schedule& schedule);

/// Lifetimes of single registers of one loop under schedules that change.
class LifetimeFinder {
 public:
  explicit LifetimeFinder(const Loop& loop);
  ~LifetimeFinder();
  std::vector<Lifetime> of(size_t reg, const Schedule& schedule) const;

 private:
  struct Touches;
  const Loop& loop_;
  std::unique_ptr<const Touches> touches_;
};

/// The files that share registers.
enum class RegisterPool : uint8_t {
  scalars,
  pointers,
  modifiers,
  shifts,
  vectors,
  accumulators,
  masks,
  rest
};
inline constexpr int kRegisterPools = static_cast<int>(RegisterPool::rest) + 1;
RegisterPool pool_of(RegisterClass cls);
int units_in(RegisterPool pool);
std::string_view name_of(RegisterPool pool);

/// Units in use at once, at most.
std::array<int, kRegisterPools> pressure_of(const Loop& loop, const Schedule& schedule);

/// A pool of which the schedule takes more than there are; none when they suffice.
std::optional<RegisterPool> crowded_pool(const Loop& loop, const Schedule& schedule);

/// Whether there are as many registers: without them there is no allocation.
bool has_room(const Loop& loop, const Schedule& schedule);

/// Moves operations within their freedom until lifetimes get no shorter.
void shorten_lifetimes(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule,
                       uint32_t seed);

}  // namespace sotto::npu::core
