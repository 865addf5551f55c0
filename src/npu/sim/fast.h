// The fast engine: from event to event. It keeps the plain engine's order within a cycle (see
// reference.cc): events are sorted by cycle, part of the cycle and number. Cores and events are in
// fast.cc, channels and words in fast_channels.cc.
#pragma once

#include <algorithm>
#include <map>
#include <queue>

#include "npu/sim/bank_log.h"
#include "npu/sim/fast_flow.h"
#include "npu/sim/machine.h"

namespace sotto::npu::sim {

struct Event {
  enum class Part : std::uint8_t { due, controller, core, channel, request } part;
  enum class Kind : std::uint8_t { none, lock, token, descriptor } kind = Kind::none;
  int number = 0;  ///< of the core, channel or lock
  int value = 0;
  Cycle at = 0;
};
/// Whether a comes after b.
struct Later {
  bool operator()(const Event& a, const Event& b) const {
    if (a.at != b.at) return a.at > b.at;
    if (a.part != b.part) return a.part > b.part;
    return a.number > b.number;
  }
};

struct FastChannel {
  Situation::Channel::State state = Situation::Channel::State::idle;
  Cycle until = 0, asked = 0, begin = 0;
  design::DescriptorFields fields;  ///< as loaded
  AddressWalk walk;                 ///< at the next word, if data moves
  std::int64_t first = 0;           ///< word of the stream that it begins with
  const LineUses* lines = nullptr;
  // --- shims
  bool cold = true;
  BurstCutter cutter;
  Picoseconds start = 0, answered = 0;
  bool asking = false;  ///< a request's event is on its way
  std::int64_t requests = 0;
  std::deque<std::int64_t> unsent;  ///< mm2s: of each burst under way, the word behind it
  std::deque<Cycle> freed;          ///< mm2s
  struct Filled {
    Burst burst;
    Picoseconds time;
    bool token;
  };
  std::deque<Filled> filled;                         ///< s2mm
  std::deque<std::pair<std::int64_t, Burst>> fills;  ///< s2mm: word behind a burst
  std::deque<Cycle> written;                         ///< s2mm: of bursts, in order
  std::int64_t opened = 0;
};

struct FastCore {
  bool ended = false, calling = false, waits = false;
  Cycle ready = 0, since = 0;
  CoreStep step{CoreStep::Kind::spend};
  BankedCall call;
};

class Fast : public Engine {
 public:
  explicit Fast(Machine& machine)
      : m_(machine),
        array_(machine.array),
        channels_(array_.channels().size()),
        cores_(machine.cores.size()),
        core_waiters_(array_.locks().size()),
        channel_waiters_(array_.locks().size()),
        logs_(static_cast<std::size_t>(array_.program().device.columns *
                                       array_.program().device.rows)),
        lines_(channels_.size()) {
    for (const Flow& flow : array_.flows()) {
      flows_.emplace_back(flow, m_.latency_of(flow), m_.costs.egress_words);
      data_.emplace_back();
    }
    for (std::size_t i = 0; i < cores_.size(); ++i) at(0, Event::Part::core, i);
    for (std::size_t i = 0; i < channels_.size(); ++i) at(0, Event::Part::channel, i);
  }

  bool settle() override {
    const Cycle give_up = now_ + m_.options.cycles_max;
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      if (now_ > give_up) return false;
      happen(event);
    }
    return true;
  }

  void start(Cycle now) override {
    now_ = std::max(now_, now);
    for (FastChannel& channel : channels_) channel.cold = true;
    m_.controller.start(now_);
    if (!m_.controller.done()) at(m_.controller.due(), Event::Part::controller, 0);
  }

  Situation situation() const override;

 private:
  const Channel& channel(int i) const { return array_.channels()[static_cast<std::size_t>(i)]; }
  Channel& channel(int i) { return array_.channels()[static_cast<std::size_t>(i)]; }
  FastChannel& run(int i) { return channels_[static_cast<std::size_t>(i)]; }
  template <typename Number>
  void at(Cycle cycle, Event::Part part, Number number, Event::Kind kind = Event::Kind::none,
          int value = 0) {
    events_.push({part, kind, static_cast<int>(number), value, cycle});
  }
  FlowEnd& end_of(int i) {
    const Channel& c = channel(i);
    FastFlow& flow = flows_[static_cast<std::size_t>(c.flow)];
    return c.direction == Direction::mm2s ? flow.source()
                                          : flow.sink(static_cast<std::size_t>(c.sink));
  }

  void happen(const Event& event);
  void run_controller();
  void wake(int lock);
  bool take(int lock, int value);

  void step_core(int i);
  bool begin_step(int i);
  bool end_call(int i);

  const LineUses& lines_of_descriptor(int i);
  void step_channel(int i);
  void begin_descriptor(int i);
  void finish_descriptor(int i);
  void schedule_request(int i);
  void request(int i);
  void request_read(int i, Picoseconds time);
  void request_write(int i, Picoseconds time);
  bool request_time(int i, Picoseconds& time);
  void open_bursts(int i);

  void advance(int flow);
  void on_read(int flow, const FastFlow::Moved& moved);
  void on_sent(int flow, const FastFlow::Moved& moved);
  void on_received(int flow, std::size_t sink, const FastFlow::Moved& moved);
  void log_banks(int i, const FastFlow::Moved& moved);
  void end_if_last(int i, const FastFlow::Moved& moved);

  /// Words of a stream on the way: only if data moves.
  struct Data {
    std::deque<std::uint32_t> words;
    std::int64_t first = 0;
  };

  Machine& m_;
  Array& array_;
  std::vector<FastChannel> channels_;
  std::vector<FastCore> cores_;
  std::vector<FastFlow> flows_;
  std::vector<Data> data_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<std::vector<int>> core_waiters_, channel_waiters_;  ///< by lock
  std::vector<BankLog> logs_;                                     ///< by memory
  struct Lines {
    design::DescriptorFields fields;
    LineUses lines;
  };
  /// By channel: descriptor and iteration.
  std::vector<std::map<std::pair<std::uint32_t, std::uint32_t>, Lines>> lines_;
  Cycle now_ = 0;
};

/// Into a list of who waits, where it may stand already.
inline void add_once(std::vector<int>& list, int number) {
  if (std::find(list.begin(), list.end(), number) == list.end()) list.push_back(number);
}

}  // namespace sotto::npu::sim
