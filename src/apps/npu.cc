#include "apps/npu.h"

#include <set>
#include <sstream>

#include "apps/npu_calibrate.h"
#include "apps/npu_command.h"
#include "apps/npu_kernels.h"
#include "apps/npu_plan.h"
#include "apps/npu_simulate.h"
#include "apps/table.h"
#include "base/error.h"
#include "base/file.h"
#include "npu/design/lower.h"
#include "npu/draw/pictures.h"
#include "npu/sim/shipped_kernels.h"
#include "npu/sim/trace.h"

namespace sotto::apps {
namespace {

using npu::design::CheckedDesign;
using npu::design::DesignError;

int list(Console& console) {
  Table table("<<");
  for (const NpuExample& example : npu_examples()) {
    table.add({std::string(example.name), std::string(example.about)});
  }
  console.lines(table.text());
  return 0;
}

/// All findings, and the rules that they break.
std::string explain(const DesignError& error) {
  std::string text = concat(error.what(), "\nThe rules, which cannot be switched off:\n");
  std::set<npu::design::Category> seen;
  for (const npu::design::Finding& finding : error.findings()) {
    if (!seen.insert(finding.category).second) continue;
    text += concat("  ", name(finding.category), ": ", rule(finding.category),
                   "\n    what helps: ", advice(finding.category), "\n");
  }
  return text;
}

int check(NamedDesign named, Console& console) {
  try {
    const CheckedDesign checked = npu::design::check(std::move(named.design));
    const npu::design::Design& design = checked.design();
    console.text(concat("ok: ", named.name, " breaks no rule\ntiles ", design.tiles.size(),
                        ", cores with a program ", design.cores.size(), ", FIFOs ",
                        design.fifos.size(), ", streams ", checked.plan().network.flows.size(),
                        ", tasks of a dispatch ", design.tasks.size(), "\nfingerprint ",
                        npu::design::to_hex(checked.hash())));
    return 0;
  } catch (const DesignError& error) {
    console.lines(explain(error));
    return 1;
  }
}

/// The host buffers of a program, zeros to begin with.
struct HostMemory {
  std::vector<std::vector<std::byte>> bytes;
  HostBuffers buffers;

  explicit HostMemory(const npu::design::ArrayProgram& program) {
    for (const npu::design::ProgramHostBuffer& buffer : program.host_buffers) {
      bytes.emplace_back(buffer.bytes);
    }
    for (auto& buffer : bytes) buffers.emplace_back(buffer);
  }
};

int simulate(const std::string& name, const CheckedDesign& checked, const NpuBench& bench,
             const NpuOptions& options, Console& console) {
  const npu::design::ArrayProgram program = npu::design::lower(checked);
  std::optional<HostMemory> host;
  if (bench.fill) bench.fill(host.emplace(program).buffers);
  npu::sim::Trace trace;
  NpuSimulation simulation =
      simulate_npu(name, program, bench.kernels, host ? host->buffers : HostBuffers{}, options.mhz,
                   options.trace || options.pictures.any() ? &trace : nullptr);
  simulation.cost_source = bench.cost_source;
  if (options.trace) {
    std::ostringstream out;
    npu::sim::write_trace(out, trace, simulation.report);
    write_file_atomically(*options.trace, out.str());
  }
  if (options.pictures.any()) {
    write_picture(
        options.pictures,
        picture::above(npu::draw::array_picture(name, program, &simulation.report),
                       npu::draw::timeline_picture(name, program, trace, simulation.report)));
  }
  console.lines(options.json ? simulation_json(simulation) : describe_simulation(simulation));
  if (!simulation.report.finished() || !simulation.report.findings.empty()) return 1;
  if (!host || !bench.verdict) return 0;
  const std::string wrong = bench.verdict(host->buffers);
  if (!wrong.empty()) console.message("the simulated result is wrong: " + wrong);
  if (wrong.empty() && !options.json) console.text("\nThe simulated result is right.");
  return wrong.empty() ? 0 : 1;
}

}  // namespace

int npu_command_on(NamedDesign named, const NpuBench& bench, const NpuOptions& options,
                   Console& console) {
  if (options.action == NpuAction::check) return check(std::move(named), console);
  try {
    const CheckedDesign checked = npu::design::check(std::move(named.design));
    if (options.action == NpuAction::simulate) {
      return simulate(named.name, checked, bench, options, console);
    }
    if (options.pictures.any()) {
      const npu::design::ArrayProgram program = npu::design::lower(checked);
      write_picture(options.pictures, npu::draw::array_picture(named.name, program, nullptr));
    }
    console.lines(describe_plan(named.name, checked));
    return 0;
  } catch (const DesignError& error) {
    console.message(concat(named.name, " is wrong in ", error.findings().size(),
                           " places, so it cannot be placed: check names them"));
    return 1;
  }
}

int npu_command(const NpuOptions& options, Console& console) {
  if (options.action == NpuAction::list) return list(console);
  if (options.action == NpuAction::kernels) return npu_kernels(options, console);
  if (options.action == NpuAction::calibrate) return calibrate_npu(options.json, console);
  return npu_command_on(make_npu_design(options),
                        {npu::sim::shipped_kernel_library(), kNpuCostSource}, options, console);
}

}  // namespace sotto::apps
