#include "bench/bench.h"

#include "bench/compare.h"
#include "bench/parts.h"
#include "bench/whole_process.h"

namespace sotto::bench {
namespace {

/// Calls of Settings::on_part: two for peaks, ten for parts, two for models from a file, and one
/// for each task of a comparison.
int count_parts(const Settings& settings) {
  return 12 + (settings.model ? 2 : 0) + (settings.peers.empty() ? 0 : kTasksCompared);
}

class Progress {
 public:
  Progress(const Settings& settings) : settings_(settings), all_(count_parts(settings)) {}
  void operator()(const std::string& name) {
    if (settings_.on_part) settings_.on_part(index_++, all_, name);
  }

 private:
  const Settings& settings_;
  int all_;
  int index_ = 0;
};

Subject make_subject(const Settings& settings, Isa isa, ThreadPool& pool) {
  if (settings.model) return load_subject(*settings.model, settings.compute_type, isa, pool);
  return make_up_subject(settings.size, model::released_dims(settings.size).value(),
                         settings.compute_type, isa, pool);
}

void measure_peaks(Report& report, const Subject& subject, ThreadPool& pool, Limits& limits,
                   Progress& progress) {
  progress("peaks");
  report.multiply_peaks = measure_multiply_peaks(pool);
  progress("memory");
  const Work step = step_work(subject.dims, subject.types.decoder, 1, 0);
  const auto step_bytes = static_cast<std::size_t>(step[Resource::memory]);
  report.read_peaks = {measure_read_peak("decoder", step_bytes, limits)};
  Limits of_dram(report.isa, pool);  // its memory is given back at once
  report.read_peaks.push_back(measure_read_peak("dram", dram_bytes(report.machine), of_dram));
}

std::vector<Comparison> compare_with(const std::vector<std::vector<std::string>>& commands,
                                     Session& session) {
  std::vector<Peer> peers;
  for (const auto& command : commands) peers.emplace_back(command);
  return compare(session, peers);
}

}  // namespace

Report run(const Settings& settings) {
  Report report{.machine = this_machine(), .isa = active_isa()};
  ThreadPool pool(settings.threads);
  report.threads = pool.size();
  Subject subject = make_subject(settings, report.isa, pool);
  report.model = subject.name;
  report.made_up = !subject.path;
  report.dims = subject.dims;
  report.types = subject.types;

  Limits limits(report.isa, pool);
  Progress progress(settings);
  measure_peaks(report, subject, pool, limits, progress);
  Session session{.subject = subject,
                  .isa = report.isa,
                  .pool = pool,
                  .limits = limits,
                  .budget = settings.budget,
                  .on_part = [&](const std::string& name) { progress(name); }};
  measure_mel(session);
  measure_encoder(session);
  measure_cross_kv(session);
  measure_decoder(session);
  measure_end_to_end(session);
  if (subject.path) {
    measure_load(session, settings.compute_type, settings.threads);
    if (!settings.clip_command.empty()) {
      report.resident_bytes = measure_process(session, settings.clip_command);
    }
  }
  if (!settings.peers.empty()) report.comparisons = compare_with(settings.peers, session);
  report.parts = std::move(session.parts);
  return report;
}

}  // namespace sotto::bench
