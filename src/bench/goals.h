// What the project wants of its speed: one table, which all reports look at.
#pragma once

#include <optional>
#include <string_view>

#include "bench/bench.h"

namespace sotto::bench {

/// What a goal is about.
enum class Quantity {
  of_peak,         ///< share of what the machine can do at that moment; at least
  times_realtime,  ///< seconds of sound in a second; at least
  speedup,         ///< of all threads over one; at least
  times_as_long,   ///< what another engine takes ÷ what Sotto takes; at least
  extra_seconds,   ///< of a process over loading the model and hearing the clip; at most
};

/// "of_peak", …
std::string_view name_of(Quantity quantity);

/// A goal, and what was reached of it (the median).
struct Verdict {
  Quantity quantity;
  double goal = 0;
  double reached = 0;

  bool at_most() const { return quantity == Quantity::extra_seconds; }
  bool met() const { return at_most() ? reached <= goal : reached >= goal; }
};

/// Each of one thing in a report; nothing where there is no goal for it, or none for the model's
/// size, the numbers it computes in, the threads, or where a decoder's weights come from.
std::optional<Verdict> verdict_on(const Report& report, const Part& part);
/// Of Report::encoder_scaling.
std::optional<Verdict> verdict_on_scaling(const Report& report);
std::optional<Verdict> verdict_on(const Report& report, const Comparison& comparison,
                                  const PeerTiming& peer);

}  // namespace sotto::bench
