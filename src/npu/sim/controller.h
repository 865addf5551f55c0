// The NPU's controller: works the instruction words of a dispatch off, one after the other.
#pragma once

#include <optional>

#include "npu/sim/array.h"
#include "npu/sim/recorder.h"

namespace sotto::npu::sim {

class Controller {
 public:
  Controller(Array& array, const Costs& costs, Clock clock, Recorder& recorder);

  void start(Cycle now);
  /// A channel's task with a token is over.
  void token(int channel) { ++tokens_[static_cast<std::size_t>(channel)]; }

  /// Does what is due at `now`: any number of operations.
  template <typename Touched>
  void run(Cycle now, const Touched& touched) {
    while (!done() && due_ <= now) {
      const Array::Written written = step(now);
      if (waits_) return;
      if (written.channel >= 0 || written.lock >= 0) touched(written);
    }
  }
  /// When the next operation is over; a controller that waits for a token has none.
  Cycle due() const { return due_; }
  bool done() const { return at_ == stream_.instructions.size(); }
  bool waits() const { return waits_; }
  /// The channel whose token it waits for; -1: there is no such channel.
  int awaited() const;
  /// The line of the operation that is being worked off.
  Where where() const;

 private:
  Array::Written step(Cycle now);
  bool take_token(Cycle now);
  void go_on();
  int channel_of(const design::Sync& sync) const;
  Picoseconds cost() const;

  Array& array_;
  const Costs& costs_;
  const Clock clock_;
  Recorder& recorder_;
  const design::InstructionStream stream_;
  std::vector<int> tokens_;  ///< by channel
  std::size_t at_;
  Picoseconds time_ = 0;  ///< when the current operation is over
  Cycle due_ = 0;
  bool waits_ = false;
};

}  // namespace sotto::npu::sim
