#include "bench/bench.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "bench/compare.h"
#include "bench/parts.h"
#include "bench/whole_process.h"

namespace sotto::bench {
namespace {

/// What can be asked for alone.
struct Group {
  std::string name;
  int n_parts;  ///< of which it tells
  std::function<void(Session&, Report&)> measure;
};

template <void (*Measure)(Session&)>
void only_parts(Session& session, Report&) {
  Measure(session);
}

std::vector<Group> part_groups(const Settings& settings, int threads) {
  std::vector<Group> groups = {{"log_mel", 1, only_parts<measure_mel>},
                               {"encoder", 1, only_parts<measure_encoder>}};
  if (threads > 1) {
    groups.push_back({"encoder.scaling", 1, [](Session& session, Report& report) {
                        report.encoder_scaling = measure_encoder_scaling(session);
                      }});
  }
  groups.insert(groups.end(), {{"cross_kv", 1, only_parts<measure_cross_kv>},
                               {"decoder", 5, only_parts<measure_decoder>},
                               {"end_to_end", 4, only_parts<measure_end_to_end>}});
  if (!settings.model) return groups;
  groups.push_back({"load", settings.cache ? 2 : 1, [&settings](Session& session, Report&) {
                      measure_load(session, settings.compute_type, settings.cache);
                    }});
  if (settings.clip_command.empty()) return groups;
  groups.push_back({"process", 1, [&settings](Session& session, Report& report) {
                      report.resident_bytes = measure_process(session, settings.clip_command);
                    }});
  return groups;
}

std::vector<Group> wanted_groups(const Settings& settings, int threads) {
  std::vector<Group> groups = part_groups(settings, threads);
  if (!settings.only.empty()) {
    std::erase_if(groups, [&](const Group& group) {
      return std::ranges::find(settings.only, group.name) == settings.only.end();
    });
  }
  return groups;
}

std::vector<Task> wanted_tasks(const Settings& settings) {
  if (settings.peers.empty()) return {};
  std::vector<Task> tasks = all_tasks();
  if (!settings.only.empty()) {
    std::erase_if(tasks, [&](const Task& task) {
      return std::ranges::find(settings.only, group_of(task)) == settings.only.end();
    });
  }
  return tasks;
}

Subject make_subject(const Settings& settings, Isa isa, ThreadPool& pool) {
  if (settings.model)
    return load_subject(*settings.model, settings.compute_type, isa, pool, settings.cache);
  return make_up_subject(settings.size, model::released_dims(settings.size).value(),
                         settings.compute_type, isa, pool);
}

void measure_peaks(Report& report, Session& session) {
  const int rounds = std::clamp(static_cast<int>(session.budget.seconds * 20), 3, 30);
  session.on_part("peaks");
  report.multiply_peaks = measure_multiply_peaks(session.pool, rounds);
  session.on_part("memory");
  const Subject& subject = session.subject;
  const Work step = step_work(subject.dims, subject.types.decoder, 1, 1, 0);
  const auto step_bytes = static_cast<std::size_t>(step[Resource::memory]);
  report.read_peaks = {measure_read_peak("decoder", step_bytes, session.limits, rounds)};
  Limits of_dram(report.isa, session.pool);  // its memory is given back at once
  report.read_peaks.push_back(
      measure_read_peak("dram", dram_bytes(report.machine), of_dram, rounds));
}

/// Before anything is measured: an engine that does not start must not cost minutes.
std::vector<Peer> start_peers(const Settings& settings, const std::vector<Task>& tasks,
                              const ThreadPool& pool) {
  std::vector<Peer> peers;
  if (tasks.empty()) return peers;
  const auto unpinned = pool.unpin_caller();
  for (const auto& command : settings.peers) peers.emplace_back(command);
  return peers;
}

/// Measures one thing after the other, and goes on when one fails.
class Attempts {
 public:
  explicit Attempts(Report& report) : report_(report) {}

  /// A part is going to be measured.
  void on_part(const std::string& name) {
    part_ = name;
    ++n_parts_;
  }

  /// What cannot be measured of `name` is noted; after Ctrl-C nothing is tried.
  void attempt(const std::string& name, const std::function<void()>& measure) {
    constexpr const char* kInterrupted = "interrupted";
    if (report_.interrupted) {
      report_.missing.push_back({name, kInterrupted});
      return;
    }
    n_parts_ = 0;
    try {
      measure();
    } catch (const Error& error) {
      // Ctrl-C in a terminal ends programs that were started as well, which then seem to fail.
      report_.interrupted = interrupted();
      report_.missing.push_back({n_parts_ > 1 ? concat(name, " from ", part_, " on") : name,
                                 report_.interrupted ? kInterrupted : error.what()});
    }
  }

 private:
  Report& report_;
  std::string part_;  // the last that began
  int n_parts_ = 0;   // of this attempt, that began
};

}  // namespace

std::vector<std::string> group_names() {
  std::vector<std::string> names = {"log_mel",  "encoder", "encoder.scaling",
                                    "cross_kv", "decoder", "end_to_end",
                                    "load",     "process"};
  for (const Task& task : all_tasks()) names.push_back(group_of(task));
  return names;
}

Report run(const Settings& settings) {
  Report report{.machine = this_machine(), .isa = active_isa()};
  ThreadPool pool(settings.threads, settings.pinning);
  report.threads = pool.size();
  report.pinned = pool.pinned();
  Subject subject = make_subject(settings, report.isa, pool);
  report.model = subject.name;
  report.made_up = !subject.path;
  report.dims = subject.dims;
  report.types = subject.types;

  const std::vector<Group> groups = wanted_groups(settings, pool.size());
  const std::vector<Task> tasks = wanted_tasks(settings);
  int index = 0, all = 2 + static_cast<int>(tasks.size());
  for (const Group& group : groups) all += group.n_parts;
  Limits limits(report.isa, pool);
  Attempts attempts(report);
  Session session{.subject = subject,
                  .isa = report.isa,
                  .pool = pool,
                  .limits = limits,
                  .budget = settings.budget,
                  .on_part = [&](const std::string& name) {
                    SOTTO_CHECK(index < all);  // else a group tells of more than it says
                    if (settings.on_part) settings.on_part(index, all, name);
                    ++index;
                    attempts.on_part(name);
                  }};
  std::vector<Peer> peers = start_peers(settings, tasks, pool);
  attempts.attempt("peaks", [&] { measure_peaks(report, session); });
  for (const Group& group : groups) {
    attempts.attempt(group.name, [&] { group.measure(session, report); });
  }
  Contest contest(session, std::move(peers), report.missing);
  for (const Task& task : tasks) {
    attempts.attempt(group_of(task), [&] {
      if (auto comparison = contest.run(task)) report.comparisons.push_back(*std::move(comparison));
    });
  }
  report.parts = std::move(session.parts);
  return report;
}

}  // namespace sotto::bench
