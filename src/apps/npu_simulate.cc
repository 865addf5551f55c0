#include "apps/npu_simulate.h"

#include <set>

#include "apps/table.h"
#include "base/error.h"
#include "base/numbers.h"
#include "base/text.h"

namespace sotto::apps {
namespace {

using namespace npu;

std::set<std::string> called_kernels(const design::ArrayProgram& program) {
  std::set<std::string> symbols;
  for (const design::ProgramCore& core : program.cores) {
    for (const design::CoreOperation& operation : core.operations) {
      const auto* call = std::get_if<design::KernelCall>(&operation);
      if (call != nullptr) symbols.insert(call->symbol);
    }
  }
  return symbols;
}

void count(const std::string& symbol, const sim::CallArguments& call, sim::Cycle cycles,
           std::vector<NpuKernelCalls>& seen) {
  std::vector<int> numbers;
  for (const sim::CallArgument& argument : call) {
    if (!argument.is_pointer) numbers.push_back(argument.number);
  }
  for (NpuKernelCalls& calls : seen) {
    if (calls.symbol != symbol || calls.numbers != numbers) continue;
    ++calls.calls;
    return;
  }
  seen.push_back({symbol, std::move(numbers), 1, cycles});
}

/// These kernels; the program's calls of them are counted in `seen`.
sim::KernelLibrary counting(const sim::KernelLibrary& kernels, const design::ArrayProgram& program,
                            std::vector<NpuKernelCalls>& seen) {
  sim::KernelLibrary library = kernels;
  for (const std::string& symbol : called_kernels(program)) {
    const sim::KernelEntry entry = kernels.at(symbol);
    if (entry.owns_locks) continue;
    library.add(symbol, entry.host, [symbol, entry, &seen](const sim::CallArguments& call) {
      const sim::Cost cost = entry.cost(call);
      count(symbol, call, cost.cycles, seen);
      return cost;
    });
  }
  return library;
}

std::string headline(const NpuSimulation& simulation) {
  const sim::Report& report = simulation.report;
  const double array_ms = static_cast<double>(report.cycles()) / (report.mhz * 1e3);
  const sim::Report::Binding binding = report.binding();
  return concat(
      simulation.name, ", simulated at ", report.mhz, " MHz; nothing here is measured\n",
      "simulated time         ", grouped(report.cycles()), " cycles = ", decimals(array_ms, 4),
      " ms on the array; ", decimals(report.milliseconds(), 4), " ms with ",
      decimals(static_cast<double>(report.dispatch_overhead) * 1e-6, 0), " us to dispatch it\n",
      "simulated bottleneck   ", binding.resource, ", busy ", decimals(100 * binding.part, 1),
      " % of the cycles\n", "simulated host memory  read ", grouped(report.read_bytes), " bytes, ",
      decimals(report.read_gb_per_s(), 2), " GB/s; written ", grouped(report.written_bytes),
      " bytes, ", decimals(report.written_gb_per_s(), 2), " GB/s; ", grouped(report.requests),
      " requests\n");
}

std::string kernels_table(const NpuSimulation& simulation) {
  Table table("<<>>");
  table.add({"kernel", "with", "calls", "cycles"});
  for (const NpuKernelCalls& kernel : simulation.kernels) {
    table.add(
        {kernel.symbol, listed(kernel.numbers), grouped(kernel.calls), grouped(kernel.cycles)});
  }
  return table.text();
}

std::string cores_table(const NpuSimulation& simulation) {
  Table table("<>>>>>>>>>>");
  table.add({"core", "calls", "busy", "kernels", "locks", "control", "bank", "wait input",
             "wait output", "wait lock", "idle"});
  for (const sim::CoreReport& core : simulation.report.cores) {
    table.add({design::to_string(core.tile), grouped(core.calls), grouped(core.busy()),
               grouped(core.kernels), grouped(core.locks), grouped(core.control),
               grouped(core.bank_stalls), grouped(core.wait_input), grouped(core.wait_output),
               grouped(core.wait_lock), grouped(simulation.idle(core))});
  }
  return table.text();
}

std::string channels_table(const sim::Report& report) {
  Table table("<<<>>>>");
  table.add({"tile", "channel", "carries", "words", "stalled", "wait lock", "busy %"});
  for (const sim::ChannelReport& channel : report.channels) {
    const double part = report.cycles() == 0 ? 0
                                             : static_cast<double>(channel.words) /
                                                   static_cast<double>(report.cycles());
    table.add({design::to_string(channel.tile),
               concat(channel.direction == Direction::s2mm ? "s2mm " : "mm2s ", channel.number),
               channel.name, grouped(channel.words), grouped(channel.stalled()),
               grouped(channel.wait_lock), decimals(100 * part, 1)});
  }
  return table.text();
}

std::string findings_text(const sim::Report& report) {
  std::string text;
  for (const sim::Finding& finding : report.findings) {
    text += concat("simulated: ", name(finding.kind), ": ", finding.text, "\n");
  }
  return text;
}

/// Of a dispatch that does not end, only why: figures would be those of a part of it.
std::string standstill(const NpuSimulation& simulation) {
  const sim::Report& report = simulation.report;
  std::string text =
      concat(simulation.name, ", simulated at ", report.mhz, " MHz, stands still after ",
             grouped(report.cycles()), " cycles. Who waits for whom:\n");
  for (const std::string& line : report.deadlock) text += "  " + line + "\n";
  return text;
}

}  // namespace

NpuSimulation simulate_npu(std::string name, const design::ArrayProgram& program,
                           const sim::KernelLibrary& kernels,
                           std::vector<std::span<std::byte>> hosts, int mhz, sim::Trace* trace) {
  NpuSimulation result{std::move(name), {}, {}, {}};
  sim::Options options;
  options.mhz = mhz;
  options.mode = hosts.empty() ? sim::Mode::timing : sim::Mode::both;
  options.hosts = std::move(hosts);
  options.trace = trace;
  result.report = sim::simulate(program, counting(kernels, program, result.kernels), options);
  return result;
}

std::string describe_simulation(const NpuSimulation& simulation) {
  const sim::Report& report = simulation.report;
  if (!report.finished()) return standstill(simulation) + findings_text(report);
  std::string text = concat(
      headline(simulation), "\nCost of a kernel's call (", simulation.cost_source, ")\n",
      kernels_table(simulation),
      "\nSimulated cycles of the cores; busy is the sum of the next four\n",
      cores_table(simulation),
      "\nSimulated cycles of the DMA channels; a word takes one; stalled, without data or room, "
      "counts from loading on\n",
      channels_table(report));
  return text + findings_text(report);
}

}  // namespace sotto::apps
