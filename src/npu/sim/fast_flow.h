// A stream of the fast engine. Words are read, sent and received under three rules, each at most
// one a cycle:
//   read n     when its gate is open, and word n - egress was sent in an earlier cycle
//   send n     latency after it was read, and every sink received word n - capacity earlier
//   receive n  when its gate is open, its way after it was sent
// Gates are what is known about descriptors and requests. All times follow from these rules alone,
// in runs of one word a cycle, as far as gates are known; nothing else on the array changes them.
#pragma once

#include <deque>

#include "npu/sim/array.h"
#include "npu/sim/word_times.h"

namespace sotto::npu::sim {

/// These words may move from `at` on, the first of them `gap` cycles behind the word before.
struct Gate {
  std::int64_t first = 0, count = 0;
  Cycle at = 0, gap = 0;
  std::int64_t end() const { return first + count; }
};

/// One end of a stream.
struct FlowEnd {
  std::deque<Gate> gates;
  WordTimes times;
  std::int64_t open = 0;  ///< words up to the last gate's end
  void allow(std::int64_t count, Cycle at, Cycle gap = 0) {
    gates.push_back({open, count, at, gap});
    open += count;
  }
};

class FastFlow {
 public:
  FastFlow(const Flow& flow, Cycle latency, int egress)
      : flow_(flow), latency_(latency), egress_(egress), sinks_(flow.sinks.size()) {}

  FlowEnd& source() { return source_; }
  FlowEnd& sink(std::size_t i) { return sinks_[i]; }
  const FlowEnd& source() const { return source_; }
  const FlowEnd& sink(std::size_t i) const { return sinks_[i]; }
  const WordTimes& sent() const { return sent_; }

  /// Words of one end, moved from `at` on at one a cycle.
  struct Moved {
    std::int64_t first, count;
    Cycle at;
  };
  /// Moves all that can move and tells: of the source, of sending, of sink i.
  template <typename OnRead, typename OnSent, typename OnReceived>
  void advance(const OnRead& on_read, const OnSent& on_sent, const OnReceived& on_received) {
    for (bool moved = true; moved;) {
      moved = false;
      if (const std::int64_t count = steady(); count > 0) {
        on_read(go_on(source_, count));
        on_sent(append(sent_, count));
        for (std::size_t i = 0; i < sinks_.size(); ++i) on_received(i, go_on(sinks_[i], count));
        moved = true;
      }
      for (Moved m; read(m); moved = true) on_read(m);
      for (Moved m; send(m); moved = true) on_sent(m);
      for (std::size_t i = 0; i < sinks_.size(); ++i) {
        for (Moved m; receive(i, m); moved = true) on_received(i, m);
      }
    }
    forget();
  }

 private:
  std::int64_t steady() const;
  static Moved append(WordTimes& times, std::int64_t count);
  static Moved go_on(FlowEnd& end, std::int64_t count);
  bool read(Moved& moved);
  bool send(Moved& moved);
  bool receive(std::size_t i, Moved& moved);
  static bool pass_gate(FlowEnd& end, Moved& moved);
  void forget();

  const Flow& flow_;
  const Cycle latency_;
  const int egress_;
  FlowEnd source_;
  WordTimes sent_;
  std::vector<FlowEnd> sinks_;
};

}  // namespace sotto::npu::sim
