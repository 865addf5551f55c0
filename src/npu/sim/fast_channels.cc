// Channels, their requests to memory, and the words of streams.
#include <algorithm>

#include "npu/sim/fast.h"

namespace sotto::npu::sim {

using State = Situation::Channel::State;

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
  const Burst burst = here.cutter.next();
  here.answered = m_.ddr.request(i, Direction::mm2s, time, burst);
  m_.recorder.requested(Direction::mm2s, burst.words * kWordBytes);
  FlowEnd& end = end_of(i);
  end.allow(burst.words, m_.clock.cycle(here.answered), m_.costs.burst_gap_cycles);
  here.unsent.push_back(end.open);
  advance(channel(i).flow);
}

void Fast::request_write(int i, Picoseconds time) {
  FastChannel& here = run(i);
  const FastChannel::Filled next = here.filled.front();
  here.filled.pop_front();
  here.answered = m_.ddr.request(i, Direction::s2mm, time, next.burst);
  m_.recorder.requested(Direction::s2mm, next.burst.words * kWordBytes);
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
    const Burst burst = here.cutter.next();
    FlowEnd& end = end_of(i);
    end.allow(burst.words, room);
    here.fills.emplace_back(end.open, burst);
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

}  // namespace sotto::npu::sim
