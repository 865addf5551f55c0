// How long something takes, and how near it comes to what the machine can do: both measured in
// turn, so that what disturbs the one disturbs the other.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "bench/spread.h"
#include "bench/work.h"

namespace sotto::bench {

class Limits;

/// How long to measure one thing.
struct Budget {
  double seconds = 1.5;
  int min_rounds = 5;
};

struct Timing {
  int runs = 0;
  Spread seconds;   ///< of all runs
  double best = 0;  ///< the shortest of them: what disturbs a run makes it longer only
  /// Of the rounds: the least time that the work takes at the rates measured in that round ÷ the
  /// median time of its runs.
  std::optional<Spread> of_limit;
};

/// Runs `body` in rounds: the rates are measured, then come a run that does not count and some that
/// do (a body of more than a quarter of a second is warm after the first round). It returns the
/// seconds of each of its parts, whose works are `works`; so many timings come back. Throws
/// Error{interrupted} after Ctrl-C.
std::vector<Timing> measure(Limits& limits, const Budget& budget, std::span<const Work> works,
                            const std::function<std::vector<double>()>& body);

/// The same for a body that is timed as a whole.
Timing measure_whole(Limits& limits, const Budget& budget, const Work& work,
                     const std::function<void()>& body);

}  // namespace sotto::bench
