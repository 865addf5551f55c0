// Everything that happened, with its time, and a file of it for Perfetto (ui.perfetto.dev) or
// Chrome's chrome://tracing.
#pragma once

#include <compare>
#include <ostream>
#include <string>
#include <vector>

#include "npu/sim/report.h"

namespace sotto::npu::sim {

struct Trace {
  /// What was going on from when to when.
  struct Span {
    enum class Track : std::uint8_t { core, channel, controller } track = Track::core;
    int index = 0;  ///< of the core or channel in the report
    std::string what;
    Cycle begin = 0, end = 0;
    /// It works, or waits for a lock: one that a receiving channel gives, a sending one, or a core.
    enum class Kind : std::uint8_t { works, input, output, lock } kind = Kind::works;
    /// Cycles in which a kernel stood for a bank, or a channel moved no word.
    Cycle lost = 0;
    bool stands = false;  ///< it never ends: a deadlock
  };
  /// What a lock counted from then on: with FIFOs, how many buffers are full, or empty.
  struct Level {
    int lock = 0;
    Cycle at = 0;
    int value = 0;
  };
  std::vector<Span> spans;
  std::vector<Level> levels;
  std::vector<std::string> locks;  ///< their names; empty: not used
};

/// A track for the controller, each core and each DMA channel, a counter for each lock.
void write_trace(std::ostream& out, const Trace& trace, const Report& report);

}  // namespace sotto::npu::sim
