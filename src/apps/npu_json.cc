#include <nlohmann/json.hpp>

#include "apps/npu_calibrate.h"
#include "apps/npu_kernels.h"
#include "apps/npu_simulate.h"
#include "npu/cycles/compilers.h"

namespace sotto::apps {
namespace {

using namespace npu;
using Json = nlohmann::ordered_json;

Json tile_json(TileId tile) {
  return Json::array({tile.column, tile.row});
}

Json cores_json(const NpuSimulation& simulation) {
  Json cores = Json::array();
  for (const sim::CoreReport& core : simulation.report.cores) {
    cores.push_back({{"tile", tile_json(core.tile)},
                     {"calls", core.calls},
                     {"busy", core.busy()},
                     {"kernels", core.kernels},
                     {"locks", core.locks},
                     {"control", core.control},
                     {"bank_stalls", core.bank_stalls},
                     {"wait_input", core.wait_input},
                     {"wait_output", core.wait_output},
                     {"wait_lock", core.wait_lock},
                     {"idle", simulation.idle(core)}});
  }
  return cores;
}

Json channels_json(const sim::Report& report) {
  Json channels = Json::array();
  for (const sim::ChannelReport& channel : report.channels) {
    channels.push_back({{"tile", tile_json(channel.tile)},
                        {"direction", channel.direction == Direction::s2mm ? "s2mm" : "mm2s"},
                        {"number", channel.number},
                        {"name", channel.name},
                        {"descriptors", channel.descriptors},
                        {"words", channel.words},
                        {"stalled_since_load", channel.stalled()},
                        {"wait_lock", channel.wait_lock},
                        {"memory", channel.memory}});
  }
  return channels;
}

Json kernel_json(const NpuKernelReport& report) {
  const cycles::KernelCost& cost = report.cost;
  Json loops = Json::array();
  for (const cycles::LoopCost& loop : cost.loops) {
    loops.push_back({{"name", loop.name},
                     {"iterations", loop.trips},
                     {"entered", loop.runs},
                     {"interval", loop.interval},
                     {"least_interval", loop.bound},
                     {"binding", loop.binding},
                     {"stages", loop.stages},
                     {"unrolled", loop.unroll},
                     {"spills", loop.spills},
                     {"guarded", loop.is_guarded},
                     {"plain_twin_bytes", loop.plain_bytes},
                     {"cycles", loop.cycles * loop.runs}});
  }
  const cycles::LoopCost* const hot = cycles::hot_loop(cost);
  return {{"name", cost.name},
          {"call", report.size},
          {"macs", cost.macs},
          {"scheduled_cycles", cost.cycles},
          {"compiled_cycles", cycles::compiled_cycles(cost.cycles, cycles::kPeano)},
          {"share_of_peak", share_of_peak(cost)},
          {"hot_loop", hot == nullptr ? Json(nullptr) : Json(hot->name)},
          {"loops", std::move(loops)},
          {"program_bytes", cost.program_bytes},
          {"bank_bytes", cost.bank_bytes},
          {"bank_conflicts", cost.bank_stalls},
          {"stack_bytes", cost.stack_bytes}};
}

}  // namespace

std::string kernels_json(const std::vector<NpuKernelReport>& reports) {
  Json kernels = Json::array();
  for (const NpuKernelReport& report : reports) kernels.push_back(kernel_json(report));
  const cycles::Compiler& compiler = cycles::kPeano;
  const Json all = {
      {"measured", false},
      {"compiler",
       {{"name", compiler.name},
        {"factor", compiler.factor},
        {"least", compiler.least},
        {"most", compiler.most},
        {"source", compiler.source},
        {"date", compiler.date}}},
      {"assumed_of_guards", {{"cycles", cycles::kGuardCycles}, {"bytes", cycles::kGuardBytes}}},
      {"kernels", std::move(kernels)}};
  return all.dump(2);
}

std::string simulation_json(const NpuSimulation& simulation) {
  const sim::Report& report = simulation.report;
  Json kernels = Json::array();
  for (const NpuKernelCalls& kernel : simulation.kernels) {
    kernels.push_back({{"name", kernel.symbol},
                       {"numbers", kernel.numbers},
                       {"calls", kernel.calls},
                       {"cycles", kernel.cycles}});
  }
  Json findings = Json::array();
  for (const sim::Finding& finding : report.findings) {
    findings.push_back({{"kind", name(finding.kind)}, {"text", finding.text}});
  }
  const sim::Report::Binding binding = report.binding();
  const Json simulated = {{"cycles", report.cycles()},
                          {"array_ms", static_cast<double>(report.cycles()) / (report.mhz * 1e3)},
                          {"ms", report.milliseconds()},
                          {"dispatch_us", static_cast<double>(report.dispatch_overhead) * 1e-6},
                          {"bottleneck", {{"resource", binding.resource}, {"busy", binding.part}}},
                          {"host_memory",
                           {{"read_bytes", report.read_bytes},
                            {"read_gb_per_s", report.read_gb_per_s()},
                            {"written_bytes", report.written_bytes},
                            {"written_gb_per_s", report.written_gb_per_s()},
                            {"requests", report.requests}}},
                          {"cores", cores_json(simulation)},
                          {"channels", channels_json(report)},
                          {"findings", std::move(findings)},
                          {"deadlock", report.deadlock}};
  const Json all = {
      {"design", simulation.name},
      {"mhz", report.mhz},
      {"kernel_costs", {{"source", simulation.cost_source}, {"kernels", std::move(kernels)}}},
      {"simulated", simulated}};
  return all.dump(2);
}

std::string calibration_json(const calibrate::Calibration& calibration) {
  Json rows = Json::array();
  for (const calibrate::Result& result : calibration.results) {
    Json row = {{"name", result.row.name},
                {"what", result.row.what},
                {"published", result.row.published},
                {"simulated", nullptr},
                {"error", nullptr},
                {"unit", result.row.unit},
                {"mhz", result.row.mhz},
                {"source", result.row.source},
                {"gating", result.row.gating},
                {"passes", result.passes()},
                {"worse", result.is_worse()},
                {"needed_mhz", nullptr},
                {"note", result.row.note}};
    if (result.simulated) {
      row["simulated"] = *result.simulated;
      row["error"] = result.error;
    }
    if (result.clock) row["needed_mhz"] = *result.clock;
    rows.push_back(std::move(row));
  }
  Json free = Json::array(), left_out = Json::array();
  for (const calibrate::Parameter& parameter : calibrate::free_parameters()) {
    free.push_back(parameter.name);
  }
  for (const calibrate::LeftOut& left : calibration.left_out) {
    left_out.push_back({{"source", left.source},
                        {"rows", left.rows},
                        {"undetermined", left.undetermined},
                        {"error", left.rows > 0 ? Json(left.error) : Json(nullptr)}});
  }
  const Json all = {{"gating", calibration.gating},       {"passing", calibration.passing},
                    {"worse", calibration.is_worse()},    {"rows", std::move(rows)},
                    {"free_parameters", std::move(free)}, {"left_out", std::move(left_out)}};
  return all.dump(2);
}

}  // namespace sotto::apps
