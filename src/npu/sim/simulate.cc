#include "npu/sim/simulate.h"

#include <algorithm>

#include "base/error.h"
#include "npu/sim/machine.h"

namespace sotto::npu::sim {
namespace {

/// Cycles after the last event that count as rest before the next dispatch.
constexpr Cycle kRest = 1000;

void settle(Engine& engine, const design::ArrayProgram& program, const Options& options) {
  if (engine.settle()) return;
  fail(ErrorKind::unsupported, "simulator: '", program.name, "' still runs after ",
       options.cycles_max, " cycles");
}

void record_standing(Machine& machine, const Situation& situation) {
  using State = Situation::Channel::State;
  machine.recorder.sequence_stands(machine.controller.awaited(), machine.controller.due());
  for (std::size_t i = 0; i < situation.cores.size(); ++i) {
    const Situation::Core& core = situation.cores[i];
    machine.recorder.core_stands(static_cast<int>(i), core.lock, core.since);
  }
  for (std::size_t i = 0; i < situation.channels.size(); ++i) {
    const Situation::Channel& channel = situation.channels[i];
    if (channel.state == State::idle) continue;
    const int number = static_cast<int>(i);
    machine.recorder.channel_stands(
        number, channel.state == State::moves ? -1 : machine.acquired_lock(number), channel.since);
  }
  machine.recorder.stood_still();
}

}  // namespace

Report simulate(const design::ArrayProgram& program, const KernelLibrary& library,
                const Options& options) {
  Report report;
  report.design = program.name;
  report.mhz = options.mhz;
  report.dispatch_overhead = options.dispatch_overhead;
  Machine machine(program, library, options, report);
  const auto engine =
      options.engine == EngineKind::reference ? make_reference(machine) : make_fast(machine);
  settle(*engine, program, options);
  RestCheck rest(machine);
  rest.before(engine->situation());
  const Cycle overhead = machine.clock.cycle(options.dispatch_overhead);
  for (int i = 0; i < options.dispatches; ++i) {
    const Cycle before = report.dispatches.empty() ? 0 : report.dispatches.back().end;
    engine->start(std::max(before + overhead, machine.recorder.last() + kRest));
    settle(*engine, program, options);
    if (!machine.controller.done()) {
      report.deadlock = explain(machine, engine->situation());
      record_standing(machine, engine->situation());
      break;
    }
    rest.after(engine->situation());
  }
  for (std::size_t i = 0; i < report.channels.size(); ++i) {
    report.channels[i].memory = machine.clock.cycle(machine.ddr.spent()[i]);
  }
  std::sort(report.findings.begin(), report.findings.end());
  return report;
}

}  // namespace sotto::npu::sim
