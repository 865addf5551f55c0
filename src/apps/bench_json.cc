#include <nlohmann/json.hpp>

#include "apps/bench.h"
#include "apps/version.h"

namespace sotto::apps {
namespace {

using Json = nlohmann::ordered_json;

Json spread_json(const bench::Spread& spread) {
  return {{"median", spread.median}, {"q1", spread.low}, {"q3", spread.high}};
}

Json machine_json(const bench::Machine& machine) {
  return {{"cpu", machine.cpu},
          {"cpus", machine.n_cpus},
          {"l2_bytes", machine.l2_bytes},
          {"l3_bytes", machine.l3_bytes},
          {"memory_bytes", machine.memory_bytes},
          {"load_average", machine.load}};
}

Json model_json(const bench::Report& report) {
  const model::Dims& dims = report.dims;
  return {{"name", report.model},
          {"size", model::size_name(dims)},
          {"weights", report.made_up ? "made up" : "file"},
          {"encoder_type", name_of(report.types.encoder)},
          {"decoder_type", name_of(report.types.decoder)},
          {"width", dims.n_audio_state},
          {"encoder_layers", dims.n_audio_layer},
          {"decoder_layers", dims.n_text_layer},
          {"tokens", dims.n_vocab}};
}

Json peaks_json(const bench::Report& report) {
  Json multiply = Json::array(), read = Json::array();
  for (const bench::MultiplyPeak& peak : report.multiply_peaks) {
    multiply.push_back({{"isa", name_of(peak.isa)},
                        {"type", name_of(peak.numbers)},
                        {"mac_per_s", spread_json(peak.per_second)},
                        {"best_mac_per_s", peak.best}});
  }
  for (const bench::ReadPeak& peak : report.read_peaks) {
    read.push_back({{"name", peak.name},
                    {"bytes", peak.bytes},
                    {"bytes_per_s", spread_json(peak.per_second)},
                    {"best_bytes_per_s", peak.best}});
  }
  return {{"multiply", std::move(multiply)}, {"read", std::move(read)}};
}

/// "goal" of what has one.
void add_goal(Json& json, const std::optional<bench::Verdict>& verdict) {
  if (!verdict) return;
  json["goal"] = {{"quantity", name_of(verdict->quantity)},
                  {verdict->at_most() ? "at_most" : "at_least", verdict->goal},
                  {"reached", verdict->reached},
                  {"met", verdict->met()}};
}

Json part_json(const bench::Report& report, const bench::Part& part) {
  Json json = {{"name", part.name},
               {"unit", part.unit},
               {"runs", part.timing.runs},
               {"seconds", spread_json(part.timing.seconds)},
               {"best_seconds", part.timing.best}};
  if (part.work.products() > 0) {
    json["gmac"] = part.gmac();
    json["gmac_per_s"] = part.gmac_per_second();
  }
  if (part.gigabytes() > 0) {
    json["gb"] = part.gigabytes();
    json["gb_per_s"] = part.gigabytes_per_second();
  }
  if (part.timing.of_limit) {
    json["bound"] = part.bound;
    json["of_peak"] = spread_json(*part.timing.of_limit);
  }
  if (part.audio_seconds > 0) json["x_realtime"] = part.times_realtime();
  add_goal(json, verdict_on(report, part));
  return json;
}

Json comparison_json(const bench::Report& report, const bench::Comparison& comparison) {
  const auto add_realtime = [&](Json& json, const bench::Spread& seconds) {
    if (const auto realtime = comparison.times_realtime(seconds)) json["x_realtime"] = *realtime;
  };
  Json peers = Json::array();
  for (const bench::PeerTiming& peer : comparison.peers) {
    peers.push_back({{"name", peer.name},
                     {"seconds", spread_json(peer.seconds)},
                     {"ratio", spread_json(peer.ratio)}});
    add_realtime(peers.back(), peer.seconds);
    add_goal(peers.back(), verdict_on(report, comparison, peer));
  }
  Json json = {{"task", comparison.task},
               {"rounds", comparison.rounds},
               {"seconds", spread_json(comparison.seconds)}};
  add_realtime(json, comparison.seconds);
  json["peers"] = std::move(peers);
  return json;
}

Json scaling_json(const bench::Report& report) {
  const bench::Scaling& scaling = *report.encoder_scaling;
  Json json = {{"threads", scaling.threads},
               {"rounds", scaling.rounds},
               {"one_thread_seconds", spread_json(scaling.one_thread_seconds)},
               {"seconds", spread_json(scaling.seconds)},
               {"ratio", spread_json(scaling.ratio)}};
  add_goal(json, verdict_on_scaling(report));
  return json;
}

Json missing_json(const bench::Report& report) {
  Json all = Json::array();
  for (const bench::Missing& missing : report.missing) {
    all.push_back({{"what", missing.what}, {"why", missing.why}});
  }
  return all;
}

}  // namespace

std::string bench_json(const bench::Report& report, const std::string& date) {
  Json parts = Json::array();
  for (const bench::Part& part : report.parts) {
    parts.push_back(part_json(report, part));
  }
  Json all = {{"version", version()},
              {"commit", commit()},
              {"date", date},
              {"machine", machine_json(report.machine)},
              {"isa", name_of(report.isa)},
              {"threads", report.threads},
              {"threads_pinned", report.pinned},
              {"model", model_json(report)},
              {"peaks", peaks_json(report)},
              {"parts", std::move(parts)}};
  if (report.encoder_scaling) all["encoder_scaling"] = scaling_json(report);
  if (report.resident_bytes) all["process_resident_bytes"] = *report.resident_bytes;
  if (!report.comparisons.empty()) {
    Json& comparisons = all["comparisons"] = Json::array();
    for (const bench::Comparison& comparison : report.comparisons) {
      comparisons.push_back(comparison_json(report, comparison));
    }
  }
  if (!report.missing.empty()) all["missing"] = missing_json(report);
  return all.dump(2);
}

}  // namespace sotto::apps
