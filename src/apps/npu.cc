#include "apps/npu.h"

#include <set>
#include <sstream>

#include "apps/npu_designs.h"
#include "apps/npu_plan.h"
#include "apps/npu_simulate.h"
#include "apps/table.h"
#include "base/error.h"
#include "base/file.h"
#include "npu/design/lower.h"
#include "npu/sim/trace.h"

namespace sotto::apps {
namespace {

using npu::design::CheckedDesign;
using npu::design::DesignError;

/// Without its last line end, which Console adds.
void show(std::string text, Console& console) {
  if (text.ends_with('\n')) text.pop_back();
  console.text(text);
}

int list(Console& console) {
  Table table("<<");
  for (const NpuExample& example : npu_examples()) {
    table.add({std::string(example.name), std::string(example.about)});
  }
  show(table.text(), console);
  return 0;
}

/// All findings, and the rules that they break.
std::string explain(const DesignError& error) {
  std::string text = concat(error.what(), "\nThe rules, which cannot be switched off:\n");
  std::set<npu::design::Category> seen;
  for (const npu::design::Finding& finding : error.findings()) {
    if (!seen.insert(finding.category).second) continue;
    text += concat("  ", name(finding.category), ": ", rule(finding.category), "\n");
  }
  return text;
}

int check(const NpuOptions& options, Console& console) {
  NamedDesign named = make_npu_design(options.design, options.shape);
  try {
    const CheckedDesign checked = npu::design::check(std::move(named.design));
    const npu::design::Design& design = checked.design();
    show(concat("ok: ", named.name, " breaks no rule\ntiles ", design.tiles.size(),
                ", cores with a program ", design.cores.size(), ", FIFOs ", design.fifos.size(),
                ", streams ", checked.plan().network.flows.size(), ", tasks of a dispatch ",
                design.tasks.size(), "\nfingerprint ", npu::design::to_hex(checked.hash())),
         console);
    return 0;
  } catch (const DesignError& error) {
    show(explain(error), console);
    return 1;
  }
}

int simulate(const std::string& name, const CheckedDesign& checked, const NpuOptions& options,
             Console& console) {
  const npu::design::ArrayProgram program = npu::design::lower(checked);
  npu::sim::Trace trace;
  const NpuSimulation simulation =
      simulate_npu(name, program, options.mhz, options.trace ? &trace : nullptr);
  if (options.trace) {
    std::ostringstream out;
    npu::sim::write_trace(out, trace, simulation.report);
    write_file_atomically(*options.trace, out.str());
  }
  show(options.json ? simulation_json(simulation) : describe_simulation(simulation), console);
  return simulation.report.finished() && simulation.report.findings.empty() ? 0 : 1;
}

}  // namespace

int npu_command(const NpuOptions& options, Console& console) {
  if (options.action == NpuAction::list) return list(console);
  if (options.action == NpuAction::check) return check(options, console);
  NamedDesign named = make_npu_design(options.design, options.shape);
  try {
    const CheckedDesign checked = npu::design::check(std::move(named.design));
    if (options.action == NpuAction::simulate) {
      return simulate(named.name, checked, options, console);
    }
    show(describe_plan(named.name, checked), console);
    return 0;
  } catch (const DesignError& error) {
    console.message(concat(named.name, " is wrong in ", error.findings().size(),
                           " places, so it cannot be placed: sotto npu check ", options.design,
                           " names them"));
    return 1;
  }
}

}  // namespace sotto::apps
