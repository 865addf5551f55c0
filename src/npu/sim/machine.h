// Everything that both engines work on, and what they say when nothing moves any more.
#pragma once

#include <memory>
#include <optional>

#include "npu/sim/controller.h"
#include "npu/sim/core_run.h"
#include "npu/sim/ddr.h"
#include "npu/sim/recorder.h"
#include "npu/sim/simulate.h"

namespace sotto::npu::sim {

/// Who stands where when nothing moves.
struct Situation {
  struct Core {
    bool ended = false;
    int lock = -1, value = 0;  ///< waited for; -1: none
    std::size_t position = 0;
    Cycle since = 0;  ///< it waits
  };
  struct Channel {
    enum class State : std::uint8_t { idle, wants_lock, moves } state = State::idle;
    std::int64_t left = 0;  ///< words of its descriptor
    Cycle since = 0;        ///< it is in this state
  };
  struct Stream {
    std::int64_t read = 0;            ///< words that wait at its source
    std::vector<std::int64_t> ahead;  ///< of each sink: on the way or in its FIFO
  };
  std::vector<Core> cores;
  std::vector<Channel> channels;
  std::vector<Stream> flows;
};

struct Machine {
  Machine(const design::ArrayProgram& program, const KernelLibrary& library, const Options& options,
          Report& report);

  const Options& options;
  const Costs costs;
  const Clock clock;
  const bool with_data;
  Report& report;
  Array array;
  Recorder recorder;
  Controller controller;
  Ddr ddr;
  std::vector<std::unique_ptr<CoreRun>> cores;

  /// From the reading of a word to its sending.
  Cycle latency_of(const Flow& flow) const;
  const design::DescriptorFields& fields(int channel) const {
    return array.descriptor(array.channels()[static_cast<std::size_t>(channel)]);
  }
  /// The lock that the channel's descriptor takes, or gives; -1: none.
  int acquired_lock(int channel) const;
  int released_lock(int channel, const design::DescriptorFields& fields) const;
  /// A word of the source's memory, or zero.
  std::uint32_t fetch(int channel, const design::DescriptorFields& fields, const AddressWalk& walk);
  void put(int channel, const design::DescriptorFields& fields, const AddressWalk& walk,
           std::uint32_t word);
};

/// Follows the waits from the controller on, one a line.
std::vector<std::string> explain(const Machine& machine, const Situation& situation);

/// Compares what stands at rest after a dispatch with what stood before it, and reports.
class RestCheck {
 public:
  explicit RestCheck(Machine& machine) : machine_(machine) {}
  void before(const Situation& situation);
  void after(const Situation& situation);

 private:
  Machine& machine_;
  Situation rest_;
  std::vector<int> locks_;
};

/// What an engine offers; the order of events within a cycle is in docs/npu/simulator.md.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Until nothing moves. False if that took too long.
  virtual bool settle() = 0;
  /// Starts the controller at `now` or, if later, where time stands.
  virtual void start(Cycle now) = 0;
  virtual Situation situation() const = 0;
};
std::unique_ptr<Engine> make_reference(Machine& machine);
std::unique_ptr<Engine> make_fast(Machine& machine);

}  // namespace sotto::npu::sim
