#include "npu/core/fit.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <optional>
#include <random>

#include "npu/core/lifetime.h"
#include "npu/core/rearrange.h"

namespace sotto::npu::core {
namespace {

class Annealer {
 public:
  Annealer(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule, int spare,
           uint32_t seed)
      : loop_(loop),
        schedule_(schedule),
        interval_(schedule.interval),
        touches_(loop),
        random_(seed),
        neighbours_(loop, edges),
        registers_(loop.operations.size()),
        lives_(loop.registers.size()) {
    for (size_t op = 0; op < loop.operations.size(); ++op) {
      for (const Operand& use : loop.operations[op].uses) note(op, use.reg);
      for (const Operand& def : loop.operations[op].defs) note(op, def.reg);
    }
    for (int pool = 0; pool < kRegisterPools; ++pool) {
      const auto which = static_cast<RegisterPool>(pool);
      const bool is_wide = which == RegisterPool::vectors || which == RegisterPool::accumulators;
      rows_[static_cast<size_t>(pool)].assign(static_cast<size_t>(interval_), 0);
      limits_[static_cast<size_t>(pool)] = units_in(which) - (is_wide ? spare : 0);
    }
  }

  /// False when nothing came of it.
  bool run(int moves_per_operation) {
    if (!fill_table()) return false;
    for (size_t reg = 0; reg < lives_.size(); ++reg) {
      lives_[reg] = touches_.of(reg, schedule_);
      count(reg, 1);
    }
    std::vector<Placement> best = schedule_.placements;
    int64_t least = cost(), least_excess = excess_;
    const auto moves = moves_per_operation * static_cast<int>(loop_.operations.size());
    for (int move = 0; move < moves; ++move) {
      // What fits only becomes shorter from here on.
      if (excess_ == 0) move = std::max(move, moves / 4 * 3);
      heat_ = kHottest * std::pow(kColdest / kHottest, static_cast<double>(move) / moves);
      if (!try_move()) break;
      if (cost() >= least) continue;
      least = cost();
      least_excess = excess_;
      best = schedule_.placements;
    }
    schedule_.placements = best;
    left_ = least_excess;
    return finish();
  }
  int64_t left() const { return left_; }

 private:
  static constexpr double kHottest = 80, kColdest = 3;
  static constexpr int64_t kExcess = 24;  ///< what a unit too many in a cycle costs

  void note(size_t op, int reg) {
    if (loop_.registers[static_cast<size_t>(reg)].storage != Storage::value) return;
    auto& all = registers_[op];
    const auto which = static_cast<size_t>(reg);
    if (std::find(all.begin(), all.end(), which) == all.end()) all.push_back(which);
  }

  int& cycle_of(int op) { return schedule_.placements[static_cast<size_t>(op)].cycle; }
  int cycle_of(int op) const { return schedule_.placements[static_cast<size_t>(op)].cycle; }

  bool fill_table() {
    table_.emplace(loop_, interval_);
    return fill(*table_, loop_, schedule_);
  }

  int64_t cost() const { return kExcess * excess_ + length_; }

  /// Adds what the register takes to the cycles' sums, or takes it away.
  void count(size_t reg, int by) {
    const auto pool = static_cast<size_t>(pool_of(loop_.registers[reg].cls));
    std::vector<int>& rows = rows_[pool];
    const int limit = limits_[pool];
    for (const Lifetime& life : lives_[reg]) {
      const int length = life.throughout ? interval_ : life.length();
      if (length <= 0) continue;
      length_ += by * (length + 2 * std::max(length - interval_, 0));
      int row = ((life.begin % interval_) + interval_) % interval_;
      for (int i = 0; i < length; ++i) {
        int& taken = rows[static_cast<size_t>(row)];
        excess_ += by > 0 ? taken >= limit : -(taken > limit);
        taken += by;
        if (++row == interval_) row = 0;
      }
    }
  }

  void move(int op, int cycle) {
    for (const size_t reg : registers_[static_cast<size_t>(op)]) count(reg, -1);
    cycle_of(op) = cycle;
    for (const size_t reg : registers_[static_cast<size_t>(op)]) {
      lives_[reg] = touches_.of(reg, schedule_);
      count(reg, 1);
    }
  }

  Neighbours::Window window_of(int op) const {
    return neighbours_.window(op, schedule_, interval_);
  }

  int below(int count) { return static_cast<int>(random_() % static_cast<uint32_t>(count)); }

  bool accepts(int64_t before) {
    const int64_t worse = cost() - before;
    if (worse <= 0) return true;
    return static_cast<double>(below(1 << 20)) <
           std::exp(-static_cast<double>(worse) / heat_) * (1 << 20);
  }

  /// Where an operation was before the move at hand.
  void remember(int op) {
    const bool known =
        std::any_of(moved_.begin(), moved_.end(), [&](const Moved& one) { return one.op == op; });
    if (!known) moved_.push_back({op, cycle_of(op)});
  }

  /// One operation to another cycle: of its window, and who is in its way finds another place; or
  /// beyond it, and its neighbours make way. False when the table is lost.
  bool try_move() {
    constexpr int kOneInSoManyPushes = 3;
    const int op = below(static_cast<int>(loop_.operations.size()));
    const bool pushes = below(kOneInSoManyPushes) == 0;
    const Neighbours::Window window = window_of(op);
    int to = 0;
    if (pushes) {
      to = cycle_of(op) + (below(2) == 0 ? -1 : 1) * (1 + below(std::max(interval_ / 2, 1)));
    } else {
      if (window.last <= window.first) return true;
      to = window.first + below(window.last - window.first + 1);
    }
    if (to == cycle_of(op)) return true;
    const int64_t before = cost();
    moved_.clear();
    const bool placed = pushes ? push(op, to) : shift(op, to);
    if (placed && accepts(before)) return true;
    return undo();
  }

  bool shift(int op, int to) {
    const int from = cycle_of(op);
    remember(op);
    table_->remove(op);
    if (table_->place(op, to)) {
      move(op, to);
      return true;
    }
    const std::vector<int> others = table_->blockers(op, to);
    if (others.size() != 1) return false;
    const int other = others[0];
    remember(other);
    table_->remove(other);
    if (!table_->place(op, to)) return false;
    move(op, to);
    const Neighbours::Window window = window_of(other);
    constexpr int kTries = 6;
    for (int i = 0; i < kTries && window.first <= window.last; ++i) {
      const int there = i == 0 && window.first <= from && from <= window.last
                            ? from
                            : window.first + below(window.last - window.first + 1);
      if (!table_->place(other, there)) continue;
      move(other, there);
      return true;
    }
    return false;
  }

  /// All that must keep a distance from the operation goes with it.
  bool push(int first, int to) {
    const int way = to > cycle_of(first) ? 1 : -1;
    constexpr size_t kMostPushed = 40;
    constexpr int kFurther = 4;
    std::vector<std::pair<int, int>> todo = {{first, to}};
    for (size_t next = 0; next < todo.size(); ++next) {
      if (next == kMostPushed) return false;
      const auto [op, wanted] = todo[next];
      if (way * (wanted - cycle_of(op)) <= 0) continue;  // went far enough meanwhile
      remember(op);
      table_->remove(op);
      int there = wanted, left = kFurther;
      while (!table_->place(op, there)) {
        if (--left == 0) return false;
        there += way;
      }
      move(op, there);
      for (const Edge& edge :
           (way > 0 ? neighbours_.after : neighbours_.before)[static_cast<size_t>(op)]) {
        const int apart = edge.latency - interval_ * edge.distance;
        const int other = way > 0 ? edge.to : edge.from;
        const int bound = there + way * apart;
        if (way * (bound - cycle_of(other)) > 0) todo.emplace_back(other, bound);
      }
    }
    return true;
  }

  bool undo() {
    for (const Moved& one : moved_) {
      if (table_->placed(one.op)) table_->remove(one.op);
      if (cycle_of(one.op) != one.from) move(one.op, one.from);
    }
    for (size_t i = moved_.size(); i-- > 0;) {
      if (table_->place(moved_[i].op, moved_[i].from)) continue;
      // Families have changed slots meanwhile.
      return fill_table();
    }
    return true;
  }

  /// With the slots that the operations have now, from cycle 0 on.
  bool finish() {
    if (!fill_table()) return false;
    take_slots(schedule_, *table_);
    return true;
  }

  struct Moved {
    int op, from;
  };

  const Loop& loop_;
  Schedule& schedule_;
  const int interval_;
  const LifetimeFinder touches_;
  std::optional<ReservationTable> table_;
  std::mt19937 random_;
  const Neighbours neighbours_;
  std::vector<std::vector<size_t>> registers_;  ///< values, by operation
  Lifetimes lives_;
  std::array<std::vector<int>, kRegisterPools> rows_;
  std::array<int, kRegisterPools> limits_{};
  int64_t excess_ = 0, length_ = 0;
  double heat_ = kHottest;
  std::vector<Moved> moved_;  ///< by the move at hand
  int64_t left_ = 0;
};

}  // namespace

int64_t fit_registers(const Loop& loop, const std::vector<Edge>& edges, Schedule& schedule,
                      int spare, int moves, uint32_t seed) {
  Schedule fitted = schedule;
  Annealer annealer(loop, edges, fitted, spare, seed);
  if (!annealer.run(moves)) return INT64_MAX;
  schedule = std::move(fitted);
  return annealer.left();
}

}  // namespace sotto::npu::core
