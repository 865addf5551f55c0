#include "apps/npu_simulate.h"

#include <iomanip>
#include <set>
#include <sstream>

#include "apps/table.h"
#include "base/error.h"

namespace sotto::apps {
namespace {

using namespace npu;

std::string decimals(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

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
  Table table("<<>");
  table.add({"kernel", "call", "cycles"});
  for (const NpuKernelCost& cost : simulation.kernels) {
    table.add({std::string(cost.symbol), std::string(cost.call), grouped(cost.cycles)});
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

}  // namespace

NpuSimulation simulate_npu(std::string name, const design::ArrayProgram& program, int mhz,
                           sim::Trace* trace) {
  NpuSimulation result{std::move(name), {}, {}};
  sim::KernelLibrary library;
  const std::set<std::string> called = called_kernels(program);
  for (const NpuKernelCost& cost : npu_kernel_costs()) {
    if (!called.contains(std::string(cost.symbol))) continue;
    result.kernels.push_back(cost);
    library.add(std::string(cost.symbol), {}, [&cost](const sim::CallArguments&) {
      return sim::Cost{cost.cycles, cost.accesses};
    });
  }
  sim::Options options;
  options.mhz = mhz;
  options.mode = sim::Mode::timing;
  options.trace = trace;
  result.report = sim::simulate(program, library, options);
  return result;
}

std::string describe_simulation(const NpuSimulation& simulation) {
  const sim::Report& report = simulation.report;
  std::string text = concat(
      headline(simulation), "\nCost of a kernel's call (", kNpuCostSource, ")\n",
      kernels_table(simulation),
      "\nSimulated cycles of the cores; busy is the sum of the next four\n",
      cores_table(simulation),
      "\nSimulated cycles of the DMA channels; a word takes one; stalled, without data or room, "
      "counts from loading on\n",
      channels_table(report));
  for (const sim::Finding& finding : report.findings) {
    text += concat("simulated: ", name(finding.kind), ": ", finding.text, "\n");
  }
  if (!report.finished()) text += "simulated: deadlock, who waits for whom:\n";
  for (const std::string& line : report.deadlock) text += "  " + line + "\n";
  return text;
}

}  // namespace sotto::apps
