// What a simulation says. All of it is simulated, nothing measured.
#pragma once

#include <string>
#include <vector>

#include "npu/device.h"
#include "npu/sim/costs.h"

namespace sotto::npu::sim {

/// Where the cycles of a core went, from the beginning of each dispatch until nothing moves any
/// more. What is left is idle: waiting for the next dispatch.
struct CoreReport {
  TileId tile;
  Cycle kernels = 0;      ///< as their costs say
  Cycle locks = 0;        ///< to take and give locks that are free
  Cycle control = 0;      ///< loops, rings
  Cycle bank_stalls = 0;  ///< kernels stood because the DMA had the bank
  Cycle wait_input = 0;   ///< for a lock that a receiving channel gives
  Cycle wait_output = 0;  ///< … a sending channel
  Cycle wait_lock = 0;    ///< … another core
  std::int64_t calls = 0;
  bool ended = false;  ///< its program returned
  Cycle busy() const { return kernels + locks + control + bank_stalls; }
  friend bool operator==(const CoreReport&, const CoreReport&) = default;
};

struct ChannelReport {
  std::string name;  ///< of its FIFO or chain
  TileId tile;
  Direction direction = Direction::s2mm;
  int number = 0;
  std::int64_t descriptors = 0;  ///< executed
  std::int64_t words = 0;        ///< moved: a cycle each
  Cycle active = 0;              ///< with a descriptor and its lock
  Cycle wait_lock = 0;           ///< with a descriptor and without its lock
  Cycle memory = 0;              ///< in a shim: with a request to host memory under way
  /// Receiving: without a word on the stream. Sending: without room in it; in a shim also without a
  /// word of memory.
  Cycle stalled() const { return active - words; }
  friend bool operator==(const ChannelReport&, const ChannelReport&) = default;
};

struct Finding {
  enum class Kind : std::uint8_t {
    dropped_task,   ///< a push into a full queue
    not_at_rest,    ///< something is left over when a dispatch is over
    lock_overflow,  ///< a lock above 63
    race,           ///< two use the same memory at the same time, one of them writes
    unwritten,      ///< a word is sent that nobody wrote
    overwritten,    ///< a word is received over one that nobody read
    program_ended,  ///< a core that owns its locks returned
    stray_write,    ///< a kernel wrote where no object is that it was given to write
  } kind;
  std::string text;
  friend auto operator<=>(const Finding&, const Finding&) = default;
};
std::string_view name(Finding::Kind kind);

struct DispatchReport {
  Cycle begin = 0, end = 0;  ///< of its instructions; in a deadlock, when nothing moved any more
  Cycle waiting = 0;         ///< of the controller, for tokens
  std::int64_t operations = 0;
  friend bool operator==(const DispatchReport&, const DispatchReport&) = default;
};

struct Report {
  std::string design;
  int mhz = 0;
  Picoseconds dispatch_overhead = 0;  ///< of each dispatch, outside of the array
  std::vector<DispatchReport> dispatches;
  std::vector<CoreReport> cores;
  std::vector<ChannelReport> channels;
  std::int64_t read_bytes = 0, written_bytes = 0;  ///< of host memory
  std::int64_t requests = 0;
  std::vector<Finding> findings;
  /// Who waits for whom, if nothing could move and the sequence was not over; one wait a line.
  std::vector<std::string> deadlock;

  bool finished() const { return deadlock.empty(); }
  /// Of all dispatches, without their overhead.
  Cycle cycles() const;
  /// With the overhead.
  double milliseconds() const;
  double read_gb_per_s() const;
  double written_gb_per_s() const;
  /// What binds: the resource that is busy for the largest part of the cycles, and that part.
  struct Binding {
    std::string resource;
    double part = 0;
  };
  Binding binding() const;
  friend bool operator==(const Report&, const Report&) = default;
};

/// "s2mm 0 of core (0,2), 'in'".
std::string to_string(const ChannelReport& channel);
/// A table for people.
std::string to_string(const Report& report);

}  // namespace sotto::npu::sim
