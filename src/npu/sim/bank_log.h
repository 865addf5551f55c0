// When the DMA of a tile used its banks, kept as runs of words; and how long a kernel stands for
// it. The rule is the plain engine's (reference.cc, go_on), advanced over any number of cycles.
#pragma once

#include <deque>
#include <vector>

#include "npu/sim/address_walk.h"
#include "npu/sim/core_run.h"

namespace sotto::npu::sim {

/// `count` words of a descriptor from `word` on, moved from `at` on at one a cycle.
struct BankRun {
  int channel;
  const LineUses* lines;  ///< of the descriptor
  std::uint32_t word, count;
  Cycle at;
};

/// Of one memory.
class BankLog {
 public:
  void add(const BankRun& run);
  std::size_t size() const { return runs_.size(); }
  /// Forgets what is over before `cycle`.
  void forget(Cycle cycle) {
    std::erase_if(runs_, [&](const BankRun& run) { return run.at + run.count <= cycle; });
  }
  /// Appends when a bank was used in from <= cycle < to.
  void collect(int bank, Cycle from, Cycle to, std::vector<Cycle>& cycles) const;
  /// How many channels moved words then, whatever the bank; -1: some of them at less than four
  /// words a line.
  int channels(Cycle from, Cycle to) const;

 private:
  std::vector<BankRun> runs_;
};

/// A call under way.
class BankedCall {
 public:
  /// `spaced`: lines of successive descriptors are at least four cycles apart, too.
  void begin(Cycle now, Cycle cycles, std::vector<BankUse> banks, int slack, bool spaced);
  /// Goes on to `now`, with what the logs (one for each memory) hold of the time before it.
  void run(Cycle now, const std::vector<BankLog>& logs);
  /// When the call is over if nothing more gets in its way.
  Cycle end() const { return position_ + cycles_ - progress_; }
  bool done() const { return progress_ == cycles_; }
  Cycle position() const { return position_; }
  Cycle stalls() const { return stalls_; }

 private:
  struct Use {
    Cycle at;
    std::size_t bank;
  };
  bool cannot_stand(Cycle now, const std::vector<BankLog>& logs) const;
  bool pass_cycle();
  void pass(Cycle count);

  bool spaced_ = false;
  Cycle cycles_ = 0, slack_ = 0, position_ = 0, progress_ = 0, stalls_ = 0;
  std::vector<BankUse> banks_;
  std::vector<Cycle> credits_;
  std::vector<Use> uses_;
  std::vector<Cycle> found_;
};

}  // namespace sotto::npu::sim
