#include "npu/core/schedule.h"

#include <algorithm>
#include <array>
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
        by_bottleneck_(seed % 2 == 0),
        last_try_(loop.operations.size(), kNever) {
    collect_neighbours(edges);
    set_static_bounds();
    find_bottleneck();
    delay_bottleneck(seed);
  }

  std::optional<Schedule> run() {
    // What succeeds does so soon; large loops have no time for long failures.
    constexpr int kLarge = 120;
    const int tries_per_operation = count_ > kLarge ? 12 : 40;
    for (int budget = tries_per_operation * count_; placed_ < count_; --budget) {
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
    // A full slot makes an iteration longer than its longest path; how much longer shows as it
    // fills.
    if (by_bottleneck_) length += 4 * interval_;
    latest0_.resize(static_cast<size_t>(count_));
    for (size_t i = 0; i < latest0_.size(); ++i) latest0_[i] = length - tail[i];
    earliest_ = earliest0_;
    latest_ = latest0_;
  }

  /// Starts the bottleneck late enough for all that feeds it, so that it runs without a gap.
  void delay_bottleneck(uint32_t seed) {
    if (!by_bottleneck_ || seed / 2 % 2 == 1) return;
    int start = 0;
    for (size_t i = 0; i < bottleneck_.size(); ++i) {
      if (!bottleneck_[i]) start = std::max(start, earliest0_[i]);
    }
    for (size_t i = 0; i < bottleneck_.size(); ++i) {
      if (bottleneck_[i]) earliest0_[i] = std::max(earliest0_[i], start);
    }
    earliest_ = earliest0_;
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

  /// Operations of a slot that is nearly full and that nothing else can take.
  void find_bottleneck() {
    std::array<int, kSlots> demand{};
    for (const Operation& operation : loop_.operations) {
      const auto members = choices(operation.opcode);
      if (members.size() == 1) ++demand[static_cast<size_t>(info(members[0]).slot)];
    }
    for (const Operation& operation : loop_.operations) {
      const auto members = choices(operation.opcode);
      const int needed = demand[static_cast<size_t>(info(members[0]).slot)];
      bottleneck_.push_back(members.size() == 1 && 5 * needed >= 4 * interval_);
    }
  }

  int pick() { return by_bottleneck_ ? pick_by_bottleneck() : pick_by_slack(); }

  /// The bottleneck first, in order; then what feeds it, backwards from it; then what it feeds.
  int pick_by_bottleneck() {
    int best = -1;
    std::array<int, 3> best_key{};
    for (int i = 0; i < count_; ++i) {
      if (table_.placed(i)) continue;
      const size_t at = static_cast<size_t>(i);
      const int jitter = static_cast<int>(random_() % 2);
      std::array<int, 3> key{2, earliest_[at], jitter};
      if (bottleneck_[at]) {
        key = {0, earliest_[at], i};
      } else if (any_placed(takers_[at])) {
        key = {1, -latest_[at], jitter};
      }
      if (best >= 0 && key >= best_key) continue;
      best = i;
      best_key = key;
    }
    return best;
  }

  int pick_by_slack() {
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

  bool any_placed(const std::vector<int>& ops) const {
    return std::any_of(ops.begin(), ops.end(), [&](int other) { return table_.placed(other); });
  }

  /// Late, next to the takers, when only they are placed; early otherwise.
  bool goes_late(int op) const {
    const size_t at = static_cast<size_t>(op);
    if (by_bottleneck_) return !bottleneck_[at] && any_placed(takers_[at]);
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
  const bool by_bottleneck_;
  std::vector<bool> bottleneck_;
  std::vector<int> last_try_;
  std::vector<std::vector<int>> givers_, takers_;
  std::vector<int> earliest0_, latest0_, earliest_, latest_;
  int placed_ = 0;
};

/// Its interval is its length.
Schedule straight_schedule(const ReservationTable& table, int count) {
  Schedule schedule{1, {}};
  for (int op = 0; op < count; ++op) {
    schedule.placements.push_back({table.cycle(op), table.opcode(op)});
  }
  schedule.interval = schedule.last_cycle() + 1;
  return schedule;
}

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
  const size_t count = loop.operations.size();
  std::vector<std::vector<Edge>> out(count);
  std::vector<int> awaited(count, 0);  // edges from operations that have no place yet
  for (const Edge& edge : edges) {
    if (edge.distance > 0) continue;
    out[static_cast<size_t>(edge.from)].push_back(edge);
    ++awaited[static_cast<size_t>(edge.to)];
  }
  // Longest way to the end first.
  std::vector<int> tail(count, 0), earliest = tail;
  for (size_t op = count; op-- > 0;) {
    for (const Edge& edge : out[op]) {
      tail[op] = std::max(tail[op], edge.latency + tail[static_cast<size_t>(edge.to)]);
    }
  }
  ReservationTable table(loop, 0);
  for (size_t left = count; left > 0; --left) {
    size_t next = count;
    for (size_t op = 0; op < count; ++op) {
      if (awaited[op] > 0 || table.placed(static_cast<int>(op))) continue;
      if (next == count || tail[op] > tail[next]) next = op;
    }
    SOTTO_CHECK(next < count);  // problem_of() lets no order lead back
    int cycle = earliest[next];
    while (!table.place(static_cast<int>(next), cycle)) ++cycle;
    for (const Edge& edge : out[next]) {
      int& bound = earliest[static_cast<size_t>(edge.to)];
      bound = std::max(bound, cycle + edge.latency);
      --awaited[static_cast<size_t>(edge.to)];
    }
  }
  return straight_schedule(table, static_cast<int>(count));
}

Schedule schedule_in_order(const Loop& loop, const std::vector<Edge>& edges, int ahead) {
  const size_t count = loop.operations.size();
  std::vector<std::vector<Edge>> out(count);
  for (const Edge& edge : edges) {
    if (edge.distance == 0) out[static_cast<size_t>(edge.from)].push_back(edge);
  }
  ReservationTable table(loop, 0);
  std::vector<int> earliest(count, 0);
  int last = 0;
  for (size_t op = 0; op < count; ++op) {
    int cycle = std::max(earliest[op], last - ahead);
    while (!table.place(static_cast<int>(op), cycle)) ++cycle;
    last = std::max(last, cycle);
    for (const Edge& edge : out[op]) {
      int& bound = earliest[static_cast<size_t>(edge.to)];
      bound = std::max(bound, cycle + edge.latency);
    }
  }
  return straight_schedule(table, static_cast<int>(count));
}

}  // namespace sotto::npu::core
