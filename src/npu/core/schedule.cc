#include "npu/core/schedule.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "base/error.h"
#include "npu/core/reservation_table.h"

namespace sotto::npu::core {
namespace {

class SlackScheduler {
 public:
  SlackScheduler(const Loop& loop, const std::vector<Edge>& edges, const Distances& distances,
                 int interval, uint32_t seed)
      : loop_(loop),
        distances_(distances),
        interval_(interval),
        count_(static_cast<int>(loop.operations.size())),
        table_(loop, interval),
        random_(seed),
        last_try_(loop.operations.size(), kNever) {
    collect_neighbours(edges);
    set_static_bounds();
  }

  std::optional<Schedule> run() {
    constexpr int kTriesPerOperation = 40;
    for (int budget = kTriesPerOperation * count_; placed_ < count_; --budget) {
      if (budget == 0) return std::nullopt;
      const int next = pick();
      place(next);
    }
    Schedule schedule{interval_, {}};
    int first = table_.cycle(0);
    for (int i = 0; i < count_; ++i) first = std::min(first, table_.cycle(i));
    for (int i = 0; i < count_; ++i) {
      schedule.placements.push_back({table_.cycle(i) - first, table_.opcode(i)});
    }
    return schedule;
  }

 private:
  static constexpr int kNever = -1'000'000;

  /// Who gives values to whom: lifetimes are between them.
  void collect_neighbours(const std::vector<Edge>& edges) {
    givers_.resize(static_cast<size_t>(count_));
    takers_.resize(static_cast<size_t>(count_));
    for (const Edge& edge : edges) {
      if (edge.from == edge.to) continue;
      givers_[static_cast<size_t>(edge.to)].push_back(edge.from);
      takers_[static_cast<size_t>(edge.from)].push_back(edge.to);
    }
  }

  void set_static_bounds() {
    earliest0_.assign(static_cast<size_t>(count_), 0);
    std::vector<int> tail(static_cast<size_t>(count_), 0);
    for (int a = 0; a < count_; ++a) {
      for (int b = 0; b < count_; ++b) {
        const int path = distances_(a, b);
        if (path == Distances::kNone) continue;
        earliest0_[static_cast<size_t>(b)] = std::max(earliest0_[static_cast<size_t>(b)], path);
        tail[static_cast<size_t>(a)] = std::max(tail[static_cast<size_t>(a)], path);
      }
    }
    int length = 0;
    for (int i = 0; i < count_; ++i) {
      const size_t at = static_cast<size_t>(i);
      length = std::max(length, earliest0_[at] + tail[at]);
    }
    latest0_.resize(static_cast<size_t>(count_));
    for (size_t i = 0; i < latest0_.size(); ++i) latest0_[i] = length - tail[i];
    earliest_ = earliest0_;
    latest_ = latest0_;
  }

  void restrict_by(int op) {
    const int cycle = table_.cycle(op);
    for (int i = 0; i < count_; ++i) {
      const size_t at = static_cast<size_t>(i);
      const int after = distances_(op, i), before = distances_(i, op);
      if (after != Distances::kNone) earliest_[at] = std::max(earliest_[at], cycle + after);
      if (before != Distances::kNone) latest_[at] = std::min(latest_[at], cycle - before);
    }
  }

  void remove(int op) {
    table_.remove(op);
    --placed_;
  }

  void restrict_anew() {
    earliest_ = earliest0_;
    latest_ = latest0_;
    for (int i = 0; i < count_; ++i) {
      if (table_.placed(i)) restrict_by(i);
    }
  }

  int pick() {
    int best = -1;
    int best_slack = 0;
    for (int i = 0; i < count_; ++i) {
      if (table_.placed(i)) continue;
      const size_t at = static_cast<size_t>(i);
      // Slack beyond the interval is no more freedom than the interval.
      int slack = 4 * std::min(latest_[at] - earliest_[at], interval_);
      // One slot to go to is less freedom than several.
      if (choices(loop_.operations[at].opcode).size() > 1) slack = slack * 2 + 2;
      slack += static_cast<int>(random_() % 4);
      if (best >= 0 && slack >= best_slack) continue;
      best = i;
      best_slack = slack;
    }
    return best;
  }

  /// Late, next to the takers, when only they are placed; early otherwise.
  bool goes_late(int op) const {
    const auto any_placed = [&](const std::vector<int>& ops) {
      return std::any_of(ops.begin(), ops.end(), [&](int other) { return table_.placed(other); });
    };
    const size_t at = static_cast<size_t>(op);
    const bool giver = any_placed(givers_[at]), taker = any_placed(takers_[at]);
    if (giver != taker) return taker;
    return givers_[at].size() < takers_[at].size();
  }

  void place(int op) {
    const size_t at = static_cast<size_t>(op);
    const int first = earliest_[at];
    const int last = std::min(latest_[at], first + interval_ - 1);
    const bool late = goes_late(op);
    // From the end of the window: its last cycle may be beyond latest − interval.
    const int start = late ? std::max(first, latest_[at] - interval_ + 1) : first;
    const int stop = late ? latest_[at] : last;
    for (int i = 0; i <= stop - start; ++i) {
      const int cycle = late ? stop - i : start + i;
      if (!table_.place(op, cycle)) continue;
      last_try_[at] = cycle;
      ++placed_;
      restrict_by(op);
      return;
    }
    place_by_force(op);
  }

  void place_by_force(int op) {
    const size_t at = static_cast<size_t>(op);
    const int cycle =
        last_try_[at] == kNever ? earliest_[at] : std::max(earliest_[at], last_try_[at] + 1);
    last_try_[at] = cycle;
    for (const int other : table_.blockers(op, cycle)) remove(other);
    for (int i = 0; i < count_; ++i) {
      if (i == op || !table_.placed(i)) continue;
      const int after = distances_(op, i), before = distances_(i, op);
      const bool too_early = after != Distances::kNone && table_.cycle(i) < cycle + after;
      const bool too_late = before != Distances::kNone && table_.cycle(i) > cycle - before;
      if (too_early || too_late) remove(i);
    }
    if (table_.place(op, cycle)) ++placed_;
    restrict_anew();
  }

  const Loop& loop_;
  const Distances& distances_;
  const int interval_;
  const int count_;
  ReservationTable table_;
  std::mt19937 random_;
  std::vector<int> last_try_;
  std::vector<std::vector<int>> givers_, takers_;
  std::vector<int> earliest0_, latest0_, earliest_, latest_;
  int placed_ = 0;
};

}  // namespace

int Schedule::last_cycle() const {
  int last = 0;
  for (const Placement& placement : placements) last = std::max(last, placement.cycle);
  return last;
}

std::optional<Schedule> find_schedule(const Loop& loop, const std::vector<Edge>& edges,
                                      const Distances& distances, int interval, uint32_t seed) {
  if (!distances.feasible()) return std::nullopt;
  if (loop.operations.empty()) return Schedule{interval, {}};
  return SlackScheduler(loop, edges, distances, interval, seed).run();
}

Schedule schedule_straight(const Loop& loop, const std::vector<Edge>& edges) {
  const int count = static_cast<int>(loop.operations.size());
  // Longest way to the end first.
  std::vector<int> tail(loop.operations.size(), 0);
  for (int op = count - 1; op >= 0; --op) {
    for (const Edge& edge : edges) {
      if (edge.from != op || edge.distance > 0) continue;
      int& mine = tail[static_cast<size_t>(op)];
      mine = std::max(mine, edge.latency + tail[static_cast<size_t>(edge.to)]);
    }
  }
  ReservationTable table(loop, 0);
  for (int left = count; left > 0; --left) {
    int next = -1;
    for (int op = 0; op < count; ++op) {
      const bool ready =
          !table.placed(op) && std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) {
            return edge.to != op || edge.distance > 0 || table.placed(edge.from);
          });
      if (!ready) continue;
      if (next < 0 || tail[static_cast<size_t>(op)] > tail[static_cast<size_t>(next)]) next = op;
    }
    SOTTO_CHECK(next >= 0);  // problem_of() lets no order lead back
    int cycle = 0;
    for (const Edge& edge : edges) {
      if (edge.to == next && edge.distance == 0) {
        cycle = std::max(cycle, table.cycle(edge.from) + edge.latency);
      }
    }
    while (!table.place(next, cycle)) ++cycle;
  }
  Schedule schedule{1, {}};
  for (int op = 0; op < count; ++op) {
    schedule.placements.push_back({table.cycle(op), table.opcode(op)});
  }
  schedule.interval = schedule.last_cycle() + 1;
  return schedule;
}

}  // namespace sotto::npu::core
