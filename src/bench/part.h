// What was measured of one part of a model.
#pragma once

#include <string>

#include "bench/measure.h"
#include "bench/work.h"

namespace sotto::bench {

struct Part {
  std::string name;          ///< "encoder", "encoder.attention", "decoder.batch_8"
  std::string unit;          ///< what the time is for: "window", "token", "clip", "process"
  Timing timing{};           ///< of one unit
  Work work{};               ///< likewise; nothing where it is not counted
  std::string bound{};       ///< bound_of() the work; empty where it is not counted
  double audio_seconds = 0;  ///< of one unit; 0 where that means nothing

  double gmac() const { return work.products() * 1e-9; }
  double gmac_per_second() const { return gmac() / timing.seconds.median; }
  double gigabytes() const { return work[Resource::memory] * 1e-9; }
  double gigabytes_per_second() const { return gigabytes() / timing.seconds.median; }
  double times_realtime() const { return audio_seconds / timing.seconds.median; }
};

}  // namespace sotto::bench
