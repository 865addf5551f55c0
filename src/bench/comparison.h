// What Sotto and other engines took for the same tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/spread.h"

namespace sotto::bench {

/// What one engine took, and how many times what Sotto took in the same round.
struct PeerTiming {
  std::string name{};
  Spread seconds{};
  Spread ratio{};
};

/// One task: "encoder", "token 8", "windows 8 of many" (tools/compare/peer.py says what they are).
struct Comparison {
  std::string task{};
  int rounds = 0;
  double audio_seconds = 0;         ///< that are heard; 0 where that means nothing
  Spread seconds{};                 ///< Sotto's
  std::vector<PeerTiming> peers{};  ///< of those that can do it

  /// Of what took so long; nothing where no sound is heard.
  std::optional<double> times_realtime(const Spread& of) const {
    if (audio_seconds <= 0) return std::nullopt;
    return audio_seconds / of.median;
  }
};

}  // namespace sotto::bench
