// The fast engine: from event to event. It keeps the plain engine's order within a cycle (see
// reference.cc): events are sorted by cycle, part of the cycle and number.
#include <algorithm>
#include <queue>

#include "npu/sim/bank_log.h"
#include "npu/sim/fast_flow.h"
#include "npu/sim/machine.h"

namespace sotto::npu::sim {
namespace {

using State = Situation::Channel::State;

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

void add_once(std::vector<int>& list, int number) {
  if (std::find(list.begin(), list.end(), number) == list.end()) list.push_back(number);
}

struct FastChannel {
  State state = State::idle;
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
    std::int64_t words;
    Picoseconds time;
    bool token;
  };
  std::deque<Filled> filled;                                ///< s2mm
  std::deque<std::pair<std::int64_t, std::int64_t>> fills;  ///< s2mm: word behind a burst, words
  std::deque<Cycle> written;                                ///< s2mm: of bursts, in order
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

void Fast::happen(const Event& event) {
  switch (event.part) {
    case Event::Part::due:
      if (event.kind == Event::Kind::lock) {
        array_.locks()[static_cast<std::size_t>(event.number)].value += event.value;
        m_.recorder.lock_changed(event.number, now_);
        wake(event.number);
      } else if (event.kind == Event::Kind::token) {
        m_.controller.token(event.number);
        if (m_.controller.waits()) at(now_, Event::Part::controller, 0);
      } else {
        finish_descriptor(event.number);
      }
      return;
    case Event::Part::controller:
      return run_controller();
    case Event::Part::core:
      return step_core(event.number);
    case Event::Part::channel:
      return step_channel(event.number);
    case Event::Part::request:
      return request(event.number);
  }
}

void Fast::run_controller() {
  if (!m_.controller.waits() && now_ < m_.controller.due()) return;
  m_.controller.run(now_, [&](const Array::Written& written) {
    if (written.channel >= 0) at(now_, Event::Part::channel, written.channel);
    if (written.lock < 0) return;
    m_.recorder.lock_changed(written.lock, now_);
    wake(written.lock);
  });
  if (!m_.controller.done() && !m_.controller.waits() && m_.controller.due() > now_) {
    at(m_.controller.due(), Event::Part::controller, 0);
  }
}

void Fast::wake(int lock) {
  auto& cores = core_waiters_[static_cast<std::size_t>(lock)];
  for (const int i : cores) at(now_, Event::Part::core, i);
  cores.clear();
  auto& channels = channel_waiters_[static_cast<std::size_t>(lock)];
  for (const int i : channels) at(now_, Event::Part::channel, i);
  channels.clear();
}

bool Fast::take(int lock, int value) {
  Lock& wanted = array_.locks()[static_cast<std::size_t>(lock)];
  if (wanted.value < value) return false;
  wanted.value -= value;
  m_.recorder.lock_changed(lock, now_);
  return true;
}

// --- cores

void Fast::step_core(int i) {
  FastCore& core = cores_[static_cast<std::size_t>(i)];
  if (core.calling && !end_call(i)) return;
  while (!core.ended && !core.calling) {
    if (now_ < core.ready) return at(core.ready, Event::Part::core, i);
    if (!core.waits) core.step = m_.cores[static_cast<std::size_t>(i)]->next();
    if (!begin_step(i)) return;
  }
}

/// False if the call is not over yet.
bool Fast::end_call(int i) {
  FastCore& core = cores_[static_cast<std::size_t>(i)];
  if (now_ < core.call.end()) return false;
  core.call.run(now_, logs_);
  if (!core.call.done()) {
    at(core.call.end(), Event::Part::core, i);
    return false;
  }
  core.calling = false;
  core.ready = now_;
  m_.recorder.called(i, *m_.cores[static_cast<std::size_t>(i)], core.since, now_,
                     core.call.stalls());
  return true;
}

bool Fast::begin_step(int i) {
  FastCore& core = cores_[static_cast<std::size_t>(i)];
  CoreRun& program = *m_.cores[static_cast<std::size_t>(i)];
  const CoreStep& step = core.step;
  switch (step.kind) {
    case CoreStep::Kind::acquire:
      if (!core.waits) core.since = now_;
      core.waits = !take(step.lock, step.value);
      if (core.waits) {
        add_once(core_waiters_[static_cast<std::size_t>(step.lock)], i);
        return false;
      }
      m_.recorder.waited(i, step.lock, core.since, now_);
      m_.recorder.spent(i, Recorder::Spent::locks, now_, m_.costs.core_acquire);
      core.ready = now_ + m_.costs.core_acquire;
      return true;
    case CoreStep::Kind::release:
      core.ready = now_ + m_.costs.core_release;
      at(core.ready, Event::Part::due, step.lock, Event::Kind::lock, step.value);
      m_.recorder.spent(i, Recorder::Spent::locks, now_, m_.costs.core_release);
      return true;
    case CoreStep::Kind::spend:
      core.ready = now_ + step.cycles;
      m_.recorder.spent(i, Recorder::Spent::control, now_, step.cycles);
      return true;
    case CoreStep::Kind::call:
      core.since = core.ready = now_;
      core.calling = step.cycles > 0;
      if (!core.calling) {
        m_.recorder.called(i, program, now_, now_, 0);
        return true;
      }
      core.call.begin(now_, step.cycles, program.banks(), m_.costs.bank_slack,
                      m_.costs.chain + m_.costs.dma_acquire >= 3);
      at(core.call.end(), Event::Part::core, i);
      return true;
    case CoreStep::Kind::ended:
      core.ended = true;
      m_.recorder.ended(i, program);
      return true;
  }
  return true;
}

// --- channels

void Fast::step_channel(int i) {
  FastChannel& here = run(i);
  Channel& state = channel(i);
  if (here.state == State::idle && !state.running) {
    if (state.queue.empty()) return;
    array_.begin_task(state);
    here.state = State::wants_lock;
    here.until = here.asked = now_ + m_.costs.channel_start + m_.costs.descriptor_load;
  }
  if (here.state != State::wants_lock) return;
  if (now_ < here.until) return at(here.until, Event::Part::channel, i);
  const int lock = m_.acquired_lock(i);
  if (lock >= 0 && !take(lock, -m_.fields(i).acquire.value)) {
    add_once(channel_waiters_[static_cast<std::size_t>(lock)], i);
    return;
  }
  begin_descriptor(i);
}

/// Computed once for each descriptor and iteration, unless the descriptor is written anew.
const LineUses& Fast::lines_of_descriptor(int i) {
  const design::DescriptorFields& fields = run(i).fields;
  Lines& known =
      lines_[static_cast<std::size_t>(i)][{channel(i).descriptor, fields.iteration_current}];
  if (known.fields != fields) {
    const std::int64_t base = static_cast<std::int64_t>(fields.address) * kWordBytes;
    known = {fields, lines_of(fields, static_cast<std::uint32_t>(base))};
  }
  return known.lines;
}

void Fast::begin_descriptor(int i) {
  FastChannel& here = run(i);
  const Channel& c = channel(i);
  here.fields = m_.fields(i);
  here.state = State::moves;
  here.begin = now_ + m_.costs.dma_acquire;
  if (m_.with_data) here.walk = AddressWalk(here.fields);
  if (c.flow < 0) return;
  FlowEnd& end = end_of(i);
  here.first = end.open;
  if (c.kind() != TileKind::shim) {
    if (c.kind() == TileKind::core) {
      here.lines = &lines_of_descriptor(i);
    }
    end.allow(here.fields.length, here.begin);
    return advance(c.flow);
  }
  const bool reads = c.direction == Direction::mm2s;
  here.cutter = BurstCutter(here.fields);
  here.start = m_.clock.time(here.begin);
  if (c.first) {
    if (reads) here.start += m_.costs.read_latency;
    if (here.cold) here.start += reads ? m_.costs.cold_read : m_.costs.cold_write;
    here.cold = false;
  }
  if (reads) return schedule_request(i);
  open_bursts(i);
  advance(c.flow);
}

/// Its last word moved in the cycle before this one.
void Fast::finish_descriptor(int i) {
  FastChannel& here = run(i);
  Channel& state = channel(i);
  const bool sends = state.direction == Direction::mm2s;
  m_.recorder.executed(i, {here.asked, here.begin, now_, here.fields});
  const Cycle given = now_ + m_.costs.dma_release + (sends ? 0 : m_.costs.memory_latency);
  const int lock = m_.released_lock(i, here.fields);
  if (lock >= 0) {
    at(given, Event::Part::due, lock, Event::Kind::lock, here.fields.release.value);
  }
  const bool token = state.task.token;
  if (array_.next_descriptor(state)) {
    here.state = State::wants_lock;
    here.until = here.asked = now_ + m_.costs.chain;
    return at(here.until, Event::Part::channel, i);
  }
  here.state = State::idle;
  at(now_, Event::Part::channel, i);
  if (!token) return;
  if (state.kind() == TileKind::shim && !sends) {
    here.filled.back().token = true;
  } else {
    at(given, Event::Part::due, i, Event::Kind::token);
  }
}

// --- requests to memory

/// When the next request can be made. False if that is not known yet, or there is none.
bool Fast::request_time(int i, Picoseconds& time) {
  FastChannel& here = run(i);
  if (channel(i).direction == Direction::s2mm) {
    if (here.filled.empty()) return false;
    time = std::max(here.answered, here.filled.front().time);
    return true;
  }
  if (here.state != State::moves || here.cutter.done()) return false;
  time = std::max(here.start, here.answered);
  if (here.requests < m_.costs.requests_ahead) return true;
  if (here.freed.empty()) return false;
  time = std::max(time, m_.clock.time(here.freed.front()));
  return true;
}

void Fast::schedule_request(int i) {
  FastChannel& here = run(i);
  Picoseconds time = 0;
  if (here.asking || !request_time(i, time)) return;
  here.asking = true;
  at(std::max(now_, m_.clock.cycle(time)), Event::Part::request, i);
}

void Fast::request(int i) {
  FastChannel& here = run(i);
  here.asking = false;
  Picoseconds time = 0;
  if (!request_time(i, time)) return;
  if (m_.clock.cycle(time) <= now_) {
    if (channel(i).direction == Direction::mm2s) {
      request_read(i, time);
    } else {
      request_write(i, time);
    }
  }
  schedule_request(i);
}

void Fast::request_read(int i, Picoseconds time) {
  FastChannel& here = run(i);
  if (here.requests >= m_.costs.requests_ahead) here.freed.pop_front();
  ++here.requests;
  const std::int64_t words = here.cutter.next();
  here.answered = m_.ddr.request(i, Direction::mm2s, time, words * kWordBytes);
  m_.recorder.requested(Direction::mm2s, words * kWordBytes);
  FlowEnd& end = end_of(i);
  end.allow(words, m_.clock.cycle(here.answered), m_.costs.burst_gap_cycles);
  here.unsent.push_back(end.open);
  advance(channel(i).flow);
}

void Fast::request_write(int i, Picoseconds time) {
  FastChannel& here = run(i);
  const FastChannel::Filled next = here.filled.front();
  here.filled.pop_front();
  here.answered = m_.ddr.request(i, Direction::s2mm, time, next.words * kWordBytes);
  m_.recorder.requested(Direction::s2mm, next.words * kWordBytes);
  here.written.push_back(m_.clock.cycle(here.answered));
  if (next.token) {
    at(m_.clock.cycle(here.answered + m_.costs.write_latency), Event::Part::due, i,
       Event::Kind::token);
  }
  open_bursts(i);
  advance(channel(i).flow);
}

/// Bursts that may be filled: those for which it is known when there is room.
void Fast::open_bursts(int i) {
  FastChannel& here = run(i);
  while (here.state == State::moves && !here.cutter.done()) {
    Cycle room = here.begin;
    if (here.opened >= m_.costs.requests_ahead) {
      if (here.written.empty()) return;
      room = std::max(room, here.written.front());
      here.written.pop_front();
    }
    ++here.opened;
    const std::int64_t words = here.cutter.next();
    FlowEnd& end = end_of(i);
    end.allow(words, room);
    here.fills.emplace_back(end.open, words);
  }
}

// --- words

void Fast::advance(int flow) {
  flows_[static_cast<std::size_t>(flow)].advance(
      [&](const FastFlow::Moved& moved) { on_read(flow, moved); },
      [&](const FastFlow::Moved& moved) { on_sent(flow, moved); },
      [&](std::size_t sink, const FastFlow::Moved& moved) { on_received(flow, sink, moved); });
}

/// The end of the descriptor, if these words are its last ones.
void Fast::end_if_last(int i, const FastFlow::Moved& moved) {
  const FastChannel& here = run(i);
  if (moved.first + moved.count < here.first + here.fields.length) return;
  at(moved.at + moved.count, Event::Part::due, i, Event::Kind::descriptor);
}

void Fast::log_banks(int i, const FastFlow::Moved& moved) {
  const FastChannel& here = run(i);
  if (here.lines == nullptr) return;
  BankLog& log = logs_[static_cast<std::size_t>(array_.tile_index(channel(i).tile))];
  if (log.size() >= 32) {
    Cycle oldest = now_;
    for (const FastCore& core : cores_) {
      if (core.calling) oldest = std::min(oldest, core.call.position());
    }
    log.forget(oldest);
  }
  log.add({i, here.lines, static_cast<std::uint32_t>(moved.first - here.first),
           static_cast<std::uint32_t>(moved.count), moved.at});
}

void Fast::on_read(int flow, const FastFlow::Moved& moved) {
  const int i = array_.flows()[static_cast<std::size_t>(flow)].source;
  FastChannel& here = run(i);
  if (m_.with_data) {
    for (std::int64_t n = 0; n < moved.count; ++n, here.walk.next()) {
      data_[static_cast<std::size_t>(flow)].words.push_back(m_.fetch(i, here.fields, here.walk));
    }
  }
  log_banks(i, moved);
  end_if_last(i, moved);
}

void Fast::on_sent(int flow, const FastFlow::Moved& moved) {
  const int i = array_.flows()[static_cast<std::size_t>(flow)].source;
  FastChannel& here = run(i);
  bool freed = false;
  while (!here.unsent.empty() && here.unsent.front() <= moved.first + moved.count) {
    here.freed.push_back(moved.at + (here.unsent.front() - moved.first));
    here.unsent.pop_front();
    freed = true;
  }
  if (freed) schedule_request(i);
}

void Fast::on_received(int flow, std::size_t sink, const FastFlow::Moved& moved) {
  const Flow& stream = array_.flows()[static_cast<std::size_t>(flow)];
  const int i = stream.sinks[sink].channel;
  FastChannel& here = run(i);
  if (m_.with_data) {
    Data& data = data_[static_cast<std::size_t>(flow)];
    for (std::int64_t n = moved.first; n < moved.first + moved.count; ++n, here.walk.next()) {
      m_.put(i, here.fields, here.walk, data.words[static_cast<std::size_t>(n - data.first)]);
    }
    std::int64_t needed = moved.first + moved.count;
    for (std::size_t s = 0; s < stream.sinks.size(); ++s) {
      needed = std::min(needed, flows_[static_cast<std::size_t>(flow)].sink(s).times.count());
    }
    for (; data.first < needed; ++data.first) data.words.pop_front();
  }
  log_banks(i, moved);
  bool filled = false;
  while (!here.fills.empty() && here.fills.front().first <= moved.first + moved.count) {
    const Cycle full = moved.at + (here.fills.front().first - moved.first);
    here.filled.push_back(
        {here.fills.front().second, std::max(here.start, m_.clock.time(full)), false});
    here.fills.pop_front();
    filled = true;
  }
  if (filled) schedule_request(i);
  end_if_last(i, moved);
}

Situation Fast::situation() const {
  Situation result;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const FastCore& core = cores_[i];
    result.cores.push_back(
        {core.ended, core.waits ? core.step.lock : -1, core.step.value, m_.cores[i]->position()});
  }
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const FastChannel& here = channels_[i];
    const Channel& c = array_.channels()[i];
    Situation::Channel state{here.state, 0};
    if (here.state == State::moves) {
      std::int64_t at = here.first;
      if (c.flow >= 0) {
        const FastFlow& flow = flows_[static_cast<std::size_t>(c.flow)];
        at = (c.direction == Direction::mm2s ? flow.source()
                                             : flow.sink(static_cast<std::size_t>(c.sink)))
                 .times.count();
      }
      state.left = here.first + here.fields.length - at;
    }
    result.channels.push_back(state);
  }
  for (const FastFlow& flow : flows_) {
    Situation::Stream stream;
    stream.read = flow.source().times.count() - flow.sent().count();
    for (std::size_t s = 0; s < array_.flows()[result.flows.size()].sinks.size(); ++s) {
      stream.ahead.push_back(flow.sent().count() - flow.sink(s).times.count());
    }
    result.flows.push_back(std::move(stream));
  }
  return result;
}

}  // namespace

std::unique_ptr<Engine> make_fast(Machine& machine) {
  return std::make_unique<Fast>(machine);
}

}  // namespace sotto::npu::sim
