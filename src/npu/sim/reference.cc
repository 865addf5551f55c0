// The plain engine: one cycle after the other, one word after the other.
//
// A cycle has these parts, in order: what was due (locks given, tokens); the controller; cores,
// then channels, in the order of their numbers; requests to memory; words: every stream reads, then
// sends, then receives; kernels go on by a cycle.
#include <algorithm>
#include <deque>
#include <map>

#include "npu/sim/machine.h"

namespace sotto::npu::sim {
namespace {

using State = Situation::Channel::State;

class Reference : public Engine {
 public:
  explicit Reference(Machine& machine)
      : m_(machine),
        array_(machine.array),
        channels_(array_.channels().size()),
        flows_(array_.flows().size()),
        cores_(machine.cores.size()) {
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      flows_[i].pipes.resize(array_.flows()[i].sinks.size());
    }
  }

  bool settle() override {
    const Cycle give_up = now_ + m_.options.cycles_max;
    for (moved_ = true; moved_; ++now_) {
      moved_ = false;
      step();
      if (now_ > give_up) return false;
    }
    return true;
  }

  void start(Cycle now) override {
    now_ = std::max(now_, now);
    for (ChannelRun& channel : channels_) channel.cold = true;
    m_.controller.start(now_);
  }

  Situation situation() const override;

 private:
  struct Arriving {
    std::int64_t words = 0;
    Cycle arrival = 0;  ///< mm2s: from here on its words can be read
  };
  struct ChannelRun {
    State state = State::idle;
    Cycle until = 0;  ///< idle, wants_lock: not before
    Cycle asked = 0, begin = 0;
    design::DescriptorFields fields;  ///< as loaded
    AddressWalk walk;
    std::int64_t left = 0;
    std::uint32_t line = ~0u;  ///< of the last word
    // --- shims
    bool cold = true;
    BurstCutter cutter;
    Picoseconds start = 0;        ///< no request before
    Picoseconds answered = 0;     ///< the last request
    std::int64_t burst_left = 0;  ///< words of the one being read or filled
    Burst burst;                  ///< s2mm: being filled
    // mm2s
    std::deque<Arriving> bursts;  ///< requested and not all read
    std::int64_t requests = 0;
    std::deque<std::int64_t> unsent;  ///< words of each burst that is not all sent
    std::deque<Cycle> freed;          ///< when a sent burst's room can be used again
    Cycle last_word = -2;
    // s2mm
    struct Filled {
      Burst burst;
      Picoseconds time;  ///< not before
      bool token;
    };
    std::deque<Filled> filled;  ///< to be written
    std::deque<Cycle> writing;  ///< when those before are written
  };
  struct Word {
    std::uint32_t value;
    Cycle at;
  };
  struct FlowRun {
    std::deque<Word> egress;
    std::vector<std::deque<Word>> pipes;  ///< to each sink
  };
  struct CoreRunning {
    bool ended = false, calling = false;
    Cycle ready = 0;  ///< the next step can be made
    CoreStep step{CoreStep::Kind::spend};
    bool waits = false;
    Cycle since = 0;
    Cycle progress = 0, stalls = 0;
    std::vector<Cycle> credits;
  };
  struct Due {
    int lock = -1, value = 0, token = -1;
  };

  const Channel& channel(int i) const { return array_.channels()[static_cast<std::size_t>(i)]; }
  Channel& channel(int i) { return array_.channels()[static_cast<std::size_t>(i)]; }
  ChannelRun& run(int i) { return channels_[static_cast<std::size_t>(i)]; }
  /// Something will happen at `at`.
  void later(Cycle at) { moved_ |= at > now_; }

  void step() {
    for (auto due = due_.begin(); due != due_.end() && due->first <= now_; due = due_.erase(due)) {
      happen(due->second);
    }
    m_.controller.run(now_, [&](const Array::Written& written) { touched(written); });
    if (!m_.controller.done() && !m_.controller.waits()) moved_ = true;
    for (std::size_t i = 0; i < cores_.size(); ++i) step_core(static_cast<int>(i));
    for (std::size_t i = 0; i < channels_.size(); ++i) step_channel(static_cast<int>(i));
    for (std::size_t i = 0; i < channels_.size(); ++i) request(static_cast<int>(i));
    uses_.clear();
    for (std::size_t i = 0; i < flows_.size(); ++i) move(i);
    for (std::size_t i = 0; i < cores_.size(); ++i) go_on(static_cast<int>(i));
    if (!due_.empty()) moved_ = true;
  }

  void touched(const Array::Written& written) {
    moved_ = true;
    if (written.lock >= 0) m_.recorder.lock_changed(written.lock, now_);
  }
  void happen(const Due& due) {
    moved_ = true;
    if (due.lock >= 0) {
      array_.locks()[static_cast<std::size_t>(due.lock)].value += due.value;
      m_.recorder.lock_changed(due.lock, now_);
    }
    if (due.token >= 0) m_.controller.token(due.token);
  }
  bool take(int lock, int value) {
    Lock& wanted = array_.locks()[static_cast<std::size_t>(lock)];
    if (wanted.value < value) return false;
    wanted.value -= value;
    m_.recorder.lock_changed(lock, now_);
    return true;
  }

  // --- cores
  void step_core(int i);
  bool begin_step(int i);
  void go_on(int i);

  // --- channels
  void step_channel(int i);
  void begin_descriptor(int i);
  void finish_descriptor(int i);
  void request(int i);
  void request_read(int i);
  void request_write(int i);

  // --- words
  void move(std::size_t flow);
  void read_word(const Flow& flow, FlowRun& words);
  void send_word(const Flow& flow, FlowRun& words);
  void receive_word(const Flow::Sink& sink, std::deque<Word>& pipe);
  bool can_read(ChannelRun& source);
  bool can_receive(int i);
  void touch_line(int i);

  Machine& m_;
  Array& array_;
  std::vector<ChannelRun> channels_;
  std::vector<FlowRun> flows_;
  std::vector<CoreRunning> cores_;
  std::multimap<Cycle, Due> due_;
  std::map<std::pair<int, int>, int> uses_;  ///< of this cycle by DMA: memory, bank
  Cycle now_ = 0;
  bool moved_ = false;
};

// --- cores

void Reference::step_core(int i) {
  CoreRunning& core = cores_[static_cast<std::size_t>(i)];
  while (!core.ended && !core.calling) {
    if (now_ < core.ready) return later(core.ready);
    if (!core.waits) core.step = m_.cores[static_cast<std::size_t>(i)]->next();
    if (!begin_step(i)) return;
    moved_ = true;
  }
}

/// False if the core must wait.
bool Reference::begin_step(int i) {
  CoreRunning& core = cores_[static_cast<std::size_t>(i)];
  CoreRun& program = *m_.cores[static_cast<std::size_t>(i)];
  const CoreStep& step = core.step;
  switch (step.kind) {
    case CoreStep::Kind::acquire:
      if (!core.waits) core.since = now_;
      core.waits = !take(step.lock, step.value);
      if (core.waits) return false;
      m_.recorder.waited(i, step.lock, core.since, now_);
      m_.recorder.spent(i, Recorder::Spent::locks, now_, m_.costs.core_acquire);
      core.ready = now_ + m_.costs.core_acquire;
      return true;
    case CoreStep::Kind::release:
      core.ready = now_ + m_.costs.core_release;
      due_.emplace(core.ready, Due{step.lock, step.value, -1});
      m_.recorder.spent(i, Recorder::Spent::locks, now_, m_.costs.core_release);
      return true;
    case CoreStep::Kind::spend:
      core.ready = now_ + step.cycles;
      m_.recorder.spent(i,
                        program.owns_locks() ? Recorder::Spent::kernels : Recorder::Spent::control,
                        now_, step.cycles);
      return true;
    case CoreStep::Kind::call:
      core.since = core.ready = now_;
      core.calling = step.cycles > 0;
      core.progress = core.stalls = 0;
      core.credits.assign(program.banks().size(), m_.costs.bank_slack * step.cycles);
      if (!core.calling) m_.recorder.called(i, program, now_, now_, 0);
      return true;
    case CoreStep::Kind::ended:
      core.ended = true;
      m_.recorder.ended(i, program);
      return true;
  }
  return true;
}

/// A kernel's cycle: it stands if a bank owes its DMA more than the FIFOs hide. Credits count in
/// parts of a cycle: `cycles` of them are one.
void Reference::go_on(int i) {
  CoreRunning& core = cores_[static_cast<std::size_t>(i)];
  if (!core.calling) return;
  moved_ = true;
  const CoreRun& program = *m_.cores[static_cast<std::size_t>(i)];
  const Cycle cycles = core.step.cycles;
  bool stands = false;
  for (std::size_t b = 0; b < core.credits.size(); ++b) {
    const BankUse& bank = program.banks()[b];
    const auto used = uses_.find({bank.memory, bank.bank});
    if (used != uses_.end()) core.credits[b] -= used->second * cycles;
    stands |= core.credits[b] < 0;
  }
  for (std::size_t b = 0; b < core.credits.size(); ++b) {
    core.credits[b] += stands ? cycles : cycles - program.banks()[b].cycles;
    core.credits[b] = std::min(core.credits[b], m_.costs.bank_slack * cycles);
  }
  ++(stands ? core.stalls : core.progress);
  if (core.progress < cycles) return;
  core.calling = false;
  core.ready = now_ + 1;
  m_.recorder.called(i, program, core.since, core.ready, core.stalls);
}

// --- channels

void Reference::step_channel(int i) {
  ChannelRun& here = run(i);
  Channel& state = channel(i);
  if (here.state == State::idle && !state.running) {
    if (state.queue.empty()) return;
    array_.begin_task(state);
    here.state = State::wants_lock;
    here.until = here.asked = now_ + m_.costs.channel_start + m_.costs.descriptor_load;
  }
  if (here.state != State::wants_lock) return;
  if (now_ < here.until) return later(here.until);
  const int lock = m_.acquired_lock(i);
  if (lock >= 0 && !take(lock, -m_.fields(i).acquire.value)) return;
  begin_descriptor(i);
}

void Reference::begin_descriptor(int i) {
  ChannelRun& here = run(i);
  const design::DescriptorFields& fields = here.fields = m_.fields(i);
  moved_ = true;
  here.state = State::moves;
  here.begin = now_ + m_.costs.dma_acquire;
  here.walk = AddressWalk(fields);
  here.left = fields.length;
  here.line = ~0u;
  if (channel(i).kind() != TileKind::shim) return;
  const bool reads = channel(i).direction == Direction::mm2s;
  here.cutter = BurstCutter(fields);
  here.burst_left = 0;
  here.start = m_.clock.time(here.begin);
  if (channel(i).first) {
    if (reads) here.start += m_.costs.read_latency;
    if (here.cold) here.start += reads ? m_.costs.cold_read : m_.costs.cold_write;
    here.cold = false;
  }
}

/// Its last word has moved in this cycle.
void Reference::finish_descriptor(int i) {
  ChannelRun& here = run(i);
  Channel& state = channel(i);
  const bool sends = state.direction == Direction::mm2s;
  m_.recorder.executed(i, {here.asked, here.begin, now_ + 1, here.fields});
  const Cycle given = now_ + 1 + m_.costs.dma_release + (sends ? 0 : m_.costs.memory_latency);
  const int lock = m_.released_lock(i, here.fields);
  if (lock >= 0) due_.emplace(given, Due{lock, here.fields.release.value, -1});
  const bool token = state.task.token;
  if (array_.next_descriptor(state)) {
    here.state = State::wants_lock;
    here.until = here.asked = now_ + 1 + m_.costs.chain;
    return;
  }
  here.state = State::idle;
  if (!token) return;
  if (state.kind() == TileKind::shim && !sends) {
    here.filled.back().token = true;
  } else {
    due_.emplace(given, Due{-1, 0, i});
  }
}

void Reference::request(int i) {
  if (channel(i).kind() != TileKind::shim) return;
  if (channel(i).direction == Direction::mm2s) {
    request_read(i);
  } else {
    request_write(i);
  }
}

void Reference::request_read(int i) {
  ChannelRun& here = run(i);
  while (here.state == State::moves && !here.cutter.done()) {
    Picoseconds time = std::max(here.start, here.answered);
    const bool needs_room = here.requests >= m_.costs.requests_ahead;
    if (needs_room) {
      if (here.freed.empty()) return;
      time = std::max(time, m_.clock.time(here.freed.front()));
    }
    if (m_.clock.cycle(time) > now_) {
      moved_ = true;
      return;
    }
    if (needs_room) here.freed.pop_front();
    ++here.requests;
    const Burst burst = here.cutter.next();
    here.answered = m_.ddr.request(i, Direction::mm2s, time, burst);
    m_.recorder.requested(Direction::mm2s, burst.words * kWordBytes);
    here.bursts.push_back({burst.words, m_.clock.cycle(here.answered)});
    here.unsent.push_back(burst.words);
    moved_ = true;
  }
}

void Reference::request_write(int i) {
  ChannelRun& here = run(i);
  while (!here.filled.empty()) {
    const ChannelRun::Filled& next = here.filled.front();
    const Picoseconds time = std::max(here.answered, next.time);
    moved_ = true;
    if (m_.clock.cycle(time) > now_) return;
    here.answered = m_.ddr.request(i, Direction::s2mm, time, next.burst);
    m_.recorder.requested(Direction::s2mm, next.burst.words * kWordBytes);
    here.writing.push_back(m_.clock.cycle(here.answered));
    if (next.token) {
      due_.emplace(m_.clock.cycle(here.answered + m_.costs.write_latency), Due{-1, 0, i});
    }
    here.filled.pop_front();
  }
}

// --- words

void Reference::move(std::size_t index) {
  const Flow& flow = array_.flows()[index];
  FlowRun& words = flows_[index];
  read_word(flow, words);
  send_word(flow, words);
  for (std::size_t s = 0; s < flow.sinks.size(); ++s) {
    receive_word(flow.sinks[s], words.pipes[s]);
  }
}

void Reference::touch_line(int i) {
  ChannelRun& here = run(i);
  if (channel(i).kind() != TileKind::core || here.walk.is_zero()) return;
  const std::int64_t byte =
      (static_cast<std::int64_t>(here.fields.address) + here.walk.offset()) * kWordBytes;
  const Place place = array_.dma_place(channel(i).tile, byte);
  if (place.byte / kLineBytes == here.line) return;
  here.line = place.byte / kLineBytes;
  ++uses_[{place.memory, static_cast<int>(place.byte / kCoreMemory.bank_bytes())}];
}

bool Reference::can_read(ChannelRun& source) {
  if (source.bursts.empty()) return false;
  if (source.bursts.front().arrival > now_) {
    moved_ = true;
    return false;
  }
  // The first word of a burst leaves a gap behind the one before.
  const bool first = source.burst_left == 0;
  if (first && now_ < source.last_word + 1 + m_.costs.burst_gap_cycles) {
    moved_ = true;
    return false;
  }
  if (first) source.burst_left = source.bursts.front().words;
  if (--source.burst_left == 0) source.bursts.pop_front();
  return true;
}

void Reference::read_word(const Flow& flow, FlowRun& words) {
  ChannelRun& source = run(flow.source);
  if (source.state != State::moves) return;
  if (now_ < source.begin) return later(source.begin);
  if (static_cast<int>(words.egress.size()) >= m_.costs.egress_words) return;
  if (channel(flow.source).kind() == TileKind::shim && !can_read(source)) return;
  words.egress.push_back({m_.fetch(flow.source, source.fields, source.walk), now_});
  touch_line(flow.source);
  source.last_word = now_;
  source.walk.next();
  moved_ = true;
  if (--source.left == 0) finish_descriptor(flow.source);
}

void Reference::send_word(const Flow& flow, FlowRun& words) {
  if (words.egress.empty() || flow.sinks.empty()) return;
  const Cycle ready = words.egress.front().at + m_.latency_of(flow);
  if (now_ < ready) return later(ready);
  for (std::size_t s = 0; s < flow.sinks.size(); ++s) {
    if (static_cast<int>(words.pipes[s].size()) >= flow.sinks[s].capacity) return;
  }
  for (auto& pipe : words.pipes) pipe.push_back({words.egress.front().value, now_});
  words.egress.pop_front();
  moved_ = true;
  ChannelRun& source = run(flow.source);
  if (source.unsent.empty() || --source.unsent.front() > 0) return;
  source.unsent.pop_front();
  source.freed.push_back(now_ + 1);
}

bool Reference::can_receive(int i) {
  ChannelRun& here = run(i);
  if (here.burst_left > 0) return true;
  while (!here.writing.empty() && here.writing.front() <= now_) here.writing.pop_front();
  if (static_cast<int>(here.writing.size() + here.filled.size()) >= m_.costs.requests_ahead) {
    moved_ = true;
    return false;
  }
  here.burst = here.cutter.next();
  here.burst_left = here.burst.words;
  return true;
}

void Reference::receive_word(const Flow::Sink& sink, std::deque<Word>& pipe) {
  ChannelRun& here = run(sink.channel);
  if (here.state != State::moves || pipe.empty()) return;
  const Cycle ready = std::max(here.begin, pipe.front().at + sink.latency);
  if (now_ < ready) return later(ready);
  const bool shim = channel(sink.channel).kind() == TileKind::shim;
  if (shim && !can_receive(sink.channel)) return;
  m_.put(sink.channel, here.fields, here.walk, pipe.front().value);
  pipe.pop_front();
  touch_line(sink.channel);
  here.walk.next();
  moved_ = true;
  if (shim && --here.burst_left == 0) {
    here.filled.push_back({here.burst, std::max(here.start, m_.clock.time(now_ + 1)), false});
  }
  if (--here.left == 0) finish_descriptor(sink.channel);
}

Situation Reference::situation() const {
  Situation result;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const CoreRunning& core = cores_[i];
    result.cores.push_back({core.ended, core.waits ? core.step.lock : -1, core.step.value,
                            m_.cores[i]->position(), core.since});
  }
  for (const ChannelRun& channel : channels_) {
    result.channels.push_back({channel.state, channel.left,
                               channel.state == State::moves ? channel.begin : channel.asked});
  }
  for (const FlowRun& flow : flows_) {
    Situation::Stream stream;
    stream.read = static_cast<std::int64_t>(flow.egress.size());
    for (const auto& pipe : flow.pipes)
      stream.ahead.push_back(static_cast<std::int64_t>(pipe.size()));
    result.flows.push_back(std::move(stream));
  }
  return result;
}

}  // namespace

std::unique_ptr<Engine> make_reference(Machine& machine) {
  return std::make_unique<Reference>(machine);
}

}  // namespace sotto::npu::sim
