// What more threads are worth.
#pragma once

#include "bench/spread.h"

namespace sotto::bench {

/// One window by one thread and by all of them, in turn.
struct Scaling {
  int threads = 0;  ///< all
  int rounds = 0;   ///< that count
  Spread one_thread_seconds{};
  Spread seconds{};  ///< of all threads
  Spread ratio{};    ///< the first of them ÷ the second, of each round
};

}  // namespace sotto::bench
