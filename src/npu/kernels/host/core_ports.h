// How the code of a core reaches the array around it: locks, the stream switch, the cascade,
// events. A simulator implements CorePorts for each of its cores and puts it into the core's
// CoreState. A call that must wait returns when it need not wait any more; how the simulator
// suspends the core meanwhile is its own affair.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"
#include "npu/kernels/host/core_state.h"

namespace sotto::npu::host {

/// One beat of the cascade: 512 bits, lowest first.
using CascadeWord = std::array<std::uint32_t, 16>;

/// One beat of a stream and whether it ends its packet.
struct StreamWord {
  std::uint32_t value = 0;
  bool last = false;
};

class CorePorts {
 public:
  virtual ~CorePorts() = default;

  /// Waits until lock `id` is at least `value`, then takes `value` from it. Ids as the core sees
  /// them: 16 each of the south, west and north neighbour, then 48 + n for the tile's own.
  virtual void acquire_greater_equal(unsigned id, int value) = 0;
  /// Waits until lock `id` equals `value`, then takes `value` from it.
  virtual void acquire_equal(unsigned id, int value) = 0;
  /// Adds `value` to lock `id`.
  virtual void release(unsigned id, int value) = 0;

  /// Waits for a word, or for room for one, on the core's stream port.
  virtual StreamWord read_stream() = 0;
  virtual void write_stream(StreamWord word) = 0;
  /// The same without waiting: false when there is no word or no room.
  virtual bool try_read_stream(StreamWord& word) = 0;
  virtual bool try_write_stream(StreamWord word) = 0;

  /// From the neighbour before this core in the cascade, to the one after it.
  virtual CascadeWord read_cascade() = 0;
  virtual void write_cascade(const CascadeWord& word) = 0;

  /// The instruction `event n` (0 … 3): a mark in the trace.
  virtual void event(unsigned n) = 0;
  /// The core's cycle counter.
  virtual std::uint64_t cycles() = 0;
  /// Where the core is, as the core sees it: column and row of the array.
  virtual std::uint32_t column() = 0;
  virtual std::uint32_t row() = 0;
};

/// Ports of a core of which only the locks lead anywhere. What is asked for besides, and not
/// overridden, fails: "<cores> have no cascade".
class LockPorts : public CorePorts {
 public:
  explicit LockPorts(const char* cores) : cores_(cores) {}

  void acquire_equal(unsigned, int) override { missing("locks that are waited for by equality"); }
  StreamWord read_stream() override { missing("stream port"); }
  void write_stream(StreamWord) override { missing("stream port"); }
  bool try_read_stream(StreamWord&) override { missing("stream port"); }
  bool try_write_stream(StreamWord) override { missing("stream port"); }
  CascadeWord read_cascade() override { missing("cascade"); }
  void write_cascade(const CascadeWord&) override { missing("cascade"); }
  void event(unsigned) override { missing("trace"); }
  std::uint64_t cycles() override { missing("cycle counter"); }
  std::uint32_t column() override { missing("place"); }
  std::uint32_t row() override { missing("place"); }

 private:
  [[noreturn]] void missing(const char* what) const {
    fail(ErrorKind::unsupported, cores_, " have no ", what);
  }

  const char* cores_;
};

/// The ports of the current core. Fails, naming the operation, if it is not part of an array.
inline CorePorts& ports(const char* operation) {
  CorePorts* found = core().ports;
  if (found == nullptr) {
    fail(ErrorKind::unsupported, operation,
         ": this core is not part of an array, nothing would answer; run the kernel in a simulator "
         "or set CoreState::ports");
  }
  return *found;
}

}  // namespace sotto::npu::host
