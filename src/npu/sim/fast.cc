#include "npu/sim/fast.h"

namespace sotto::npu::sim {

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
      m_.recorder.spent(i,
                        program.owns_locks() ? Recorder::Spent::kernels : Recorder::Spent::control,
                        now_, step.cycles);
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

Situation Fast::situation() const {
  Situation result;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const FastCore& core = cores_[i];
    result.cores.push_back({core.ended, core.waits ? core.step.lock : -1, core.step.value,
                            m_.cores[i]->position(), core.since});
  }
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const FastChannel& here = channels_[i];
    const Channel& c = array_.channels()[i];
    Situation::Channel state{
        here.state, 0, here.state == Situation::Channel::State::moves ? here.begin : here.asked};
    if (here.state == Situation::Channel::State::moves) {
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

std::unique_ptr<Engine> make_fast(Machine& machine) {
  return std::make_unique<Fast>(machine);
}

}  // namespace sotto::npu::sim
