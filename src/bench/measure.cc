#include "bench/measure.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/stopwatch.h"
#include "bench/limits.h"

namespace sotto::bench {
namespace {

constexpr double kRoundSeconds = 0.02;  // of runs that count, at least
constexpr int kMaxRuns = 16;            // in a round
constexpr double kLongBody = 0.25;      // seconds

/// What all works together need.
Work needs(std::span<const Work> works) {
  Work all;
  for (const Work& work : works) {
    for (const Resource resource : kResources) {
      all[resource] = std::max(all[resource], work[resource]);
    }
  }
  return all;
}

/// What was measured of one part.
struct Samples {
  std::vector<double> seconds;
  std::vector<double> of_limit;

  Timing timing() const {
    Timing timing{.runs = static_cast<int>(seconds.size()),
                  .seconds = spread_of(seconds),
                  .best = *std::ranges::min_element(seconds),
                  .of_limit = std::nullopt};
    if (!of_limit.empty()) timing.of_limit = spread_of(of_limit);
    return timing;
  }
};

/// One round of runs; returns how long the first of those that count took.
double run_round(std::span<const Work> works, const Rates& rates, bool warm_up,
                 const std::function<std::vector<double>()>& body, std::vector<Samples>& samples) {
  if (warm_up) body();
  std::vector<std::vector<double>> times(works.size());
  double first = 0;
  int n_runs = 1;
  for (int run = 0; run < n_runs; ++run) {
    check_interrupted();
    const Stopwatch stopwatch;
    const std::vector<double> seconds = body();
    SOTTO_CHECK(seconds.size() == works.size());
    if (run == 0) {
      first = stopwatch.seconds();
      n_runs = std::clamp(static_cast<int>(kRoundSeconds / first), 1, kMaxRuns);
    }
    for (std::size_t i = 0; i < works.size(); ++i) times[i].push_back(seconds[i]);
  }
  for (std::size_t i = 0; i < works.size(); ++i) {
    const std::optional<double> floor = floor_seconds(works[i], rates);
    if (floor) samples[i].of_limit.push_back(*floor / spread_of(times[i]).median);
    samples[i].seconds.insert(samples[i].seconds.end(), times[i].begin(), times[i].end());
  }
  return first;
}

}  // namespace

std::vector<Timing> measure(Limits& limits, const Budget& budget, std::span<const Work> works,
                            const std::function<std::vector<double>()>& body) {
  const Work needed = needs(works);
  std::vector<Samples> samples(works.size());
  const Stopwatch stopwatch;
  bool warm_up = true;
  for (int round = 0; round < budget.min_rounds || stopwatch.seconds() < budget.seconds; ++round) {
    const Rates rates = limits.measure(needed);
    warm_up = run_round(works, rates, warm_up, body, samples) < kLongBody;
  }
  std::vector<Timing> timings;
  for (const Samples& part : samples) timings.push_back(part.timing());
  return timings;
}

Timing measure_whole(Limits& limits, const Budget& budget, const Work& work,
                     const std::function<void()>& body) {
  const auto timed = [&] {
    const Stopwatch stopwatch;
    body();
    return std::vector{stopwatch.seconds()};
  };
  return measure(limits, budget, {&work, 1}, timed).front();
}

}  // namespace sotto::bench
