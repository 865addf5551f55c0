// Takes down what happens during a simulation: the numbers of the report, what is wrong, and, if
// wanted, every span for a trace.
#pragma once

#include <algorithm>
#include <deque>
#include <set>

#include "npu/sim/address_walk.h"
#include "npu/sim/array.h"
#include "npu/sim/core_run.h"
#include "npu/sim/report.h"
#include "npu/sim/trace.h"

namespace sotto::npu::sim {

class Recorder {
 public:
  /// `trace` may be null. `watch_words`: also what is written and read, word by word.
  Recorder(const Array& array, Report& report, Trace* trace, bool watch_words);

  void begin_dispatch(Cycle now);
  void end_dispatch(Cycle now, std::int64_t operations);
  /// A dispatch that does not end: nothing moves after the last that was taken down.
  void stood_still() {
    DispatchReport& dispatch = report_.dispatches.back();
    dispatch.end = std::max(dispatch.end, last_);
  }
  void sync(int channel, Cycle from, Cycle to);
  void dropped(int channel, const Where& where);

  /// A core waited for a lock.
  void waited(int core, int lock, Cycle from, Cycle to);
  enum class Spent : std::uint8_t { locks, control, kernels };
  void spent(int core, Spent on, Cycle from, Cycle cycles);
  void called(int core, const CoreRun& run, Cycle from, Cycle to, Cycle stalls);
  void ended(int core, const CoreRun& run);

  /// A channel executed its descriptor: asked for the lock, got it, moved the last word.
  struct Execution {
    Cycle asked, begin, end;
    design::DescriptorFields fields;
  };
  void executed(int channel, const Execution& execution);
  void requested(Direction direction, std::int64_t bytes);
  /// Who waits when nothing will move any more: for a lock or, if that is -1, for words.
  void sequence_stands(int channel, Cycle since);
  void core_stands(int core, int lock, Cycle since);
  void channel_stands(int channel, int lock, Cycle since);
  void lock_changed(int lock, Cycle now);
  /// The controller wrote a word.
  void wrote(Place place);
  void find(Finding::Kind kind, std::string text);
  /// The end of everything that was taken down.
  Cycle last() const { return last_; }

 private:
  /// Somebody uses bytes of a memory for some time.
  struct Use {
    Cycle from = 0, to = 0;
    std::uint32_t first = 0, end = 0;  ///< bytes
    bool writes = false;
    int channel = -1, core = -1;
    design::DescriptorFields fields;  ///< of a channel
  };
  /// Of a word of memory.
  enum class Word : std::uint8_t { unwritten, fresh, seen, unwatched };
  void note_roles(const Channel& channel);
  void watch_all();
  void watch(const Channel& channel, const design::DescriptorFields& fields);
  void watch(int core, const CallUse& use);
  void use(int memory, const Use& use);
  bool same_words(const Use& a, const Use& b) const;
  std::string describe(const Use& use) const;
  void span(Trace::Span span);
  Trace::Span::Kind kind_of_wait(int lock) const;

  const Array& array_;
  Report& report_;
  Trace* const trace_;
  Cycle last_ = 0;
  Cycle dispatch_ = 0;                   ///< its first cycle
  std::vector<char> lock_roles_;         ///< 'i': a receiving channel gives it, 'o': a sending one
  std::vector<std::deque<Use>> recent_;  ///< by memory
  std::set<std::string> raced_;
  std::vector<std::vector<Word>> words_;  ///< by memory; empty: not watched
};

}  // namespace sotto::npu::sim
