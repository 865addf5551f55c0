#include "apps/bench.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "apps/cache_folder.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/shipped.h"
#include "apps/slow_choices.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/thread_pool.h"
#include "bench/clip.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

/// "2026-11-27T02:45:13Z"
std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

/// Whether a part is measured whose share of the peak is known.
bool measures_of_peak(const std::vector<std::string>& only) {
  constexpr std::array<std::string_view, 3> kOfPeak = {"encoder", "cross_kv", "decoder"};
  return only.empty() || std::ranges::any_of(only, [&](const std::string& name) {
           return std::ranges::find(kOfPeak, name) != kOfPeak.end();
         });
}

int n_threads(const Options& options) {
  return options.threads > 0 ? options.threads : ThreadPool::default_size();
}

/// Of a command that measures nothing.
void check_clip_options(const BenchOptions& bench) {
  if (!bench.size.empty()) {
    fail(ErrorKind::usage, "--clip hears with a model from a file: --size cannot be given");
  }
  if (bench.json || bench.plot.any() || !bench.only.empty() || !bench.compare.empty()) {
    fail(ErrorKind::usage,
         "--clip measures nothing: --json, --plot, --only and --compare cannot be given");
  }
}

void check_options(const Options& options) {
  if (options.model && !options.bench.size.empty()) {
    fail(ErrorKind::usage,
         "--model and --size exclude each other: the one measures a model from a file, the other "
         "made-up weights");
  }
  if (!options.bench.clip.empty()) check_clip_options(options.bench);
  if (options.bench.plot.any() && !measures_of_peak(options.bench.only)) {
    fail(ErrorKind::usage,
         "--plot draws what is compared with the machine's peak, and --only names none of it: "
         "encoder, cross_kv, decoder");
  }
  check_picture_folders(options.bench.plot);
  for (const std::string& name : options.bench.only) {
    if ((name == "load" || name == "process") && !options.bench.size.empty()) {
      fail(ErrorKind::usage, "--only ", name, " needs a model from a file: --size makes one up");
    }
    if (name == "encoder.scaling" && n_threads(options) == 1) {
      fail(ErrorKind::usage, "--only ", name, " compares one thread with several: there is one");
    }
    if (name.starts_with("compare.") && options.bench.compare.empty()) {
      fail(ErrorKind::usage, "--only ", name,
           " runs in turn with other engines, and --compare names none");
    }
  }
  engine::check_compute_type(engine::Device::cpu, options.compute_type, active_isa());
}

/// How this program is asked to hear the recording that follows in the same way.
std::vector<std::string> clip_command(const Options& options, const fs::path& model) {
  std::vector<std::string> command = {fs::read_symlink("/proc/self/exe").string(),
                                      "bench",
                                      "--model",
                                      model.string(),
                                      "--threads",
                                      std::to_string(options.threads)};
  if (options.compute_type) {
    command.insert(command.end(), {"--compute-type", std::string(name_of(*options.compute_type))});
  }
  if (options.pinning != Pinning::none) command.push_back("--pin-threads");
  if (!options.cache) command.push_back("--no-cache");
  command.push_back("--clip");
  return command;
}

/// What other engines compute in: the type that was asked for, else int8. They have no two bytes.
model::ComputeType peer_type(const Options& options) {
  const auto type = options.compute_type.value_or(model::ComputeType::int8);
  return type == model::ComputeType::int8_two_bytes ? model::ComputeType::int8 : type;
}

/// The script of the engine.
std::vector<std::string> peer_command(const ComparedEngine& engine, const Options& options) {
  const fs::path scripts = shipped_comparison();
  const std::string threads = std::to_string(n_threads(options));
  if (engine.name == "whisper.cpp") {
    return {"python3", (scripts / "peer_whisper_cpp.py").string(), engine.program.string(),
            engine.model.string(), threads};
  }
  return {engine.program.string(), (scripts / ("peer_" + engine.name + ".py")).string(),
          engine.model.string(), threads, std::string(name_of(peer_type(options)))};
}

/// Other engines are started before it is measured what Sotto is fastest in. whisper.cpp's type is
/// its file's.
void warn_other_types(const Options& options, const bench::Report& report, Console& console) {
  if (options.compute_type) return;
  const model::ComputeType theirs = peer_type(options);
  if (report.types.encoder == theirs && report.types.decoder == theirs) return;
  for (const ComparedEngine& engine : options.bench.compare) {
    if (engine.name == "whisper.cpp") continue;
    console.message(concat("warning: Sotto computed in ", name_of(report.types), ", ", engine.name,
                           " in ", name_of(theirs), ": --compute-type sets one type for all"));
  }
}

/// What is wrong with the packed weights, of which each loading would tell.
std::function<void(const std::string&)> tell_once(Console& console) {
  // The function is copied, what it has told is not.
  return [&console, told = std::make_shared<std::set<std::string>>()](const std::string& problem) {
    if (told->insert(problem).second) console.message(problem);
  };
}

bench::Settings settings_of(const Options& options, Console& console) {
  bench::Settings settings{.size = options.bench.size,
                           .compute_type = options.compute_type,
                           .threads = options.threads,
                           .pinning = options.pinning};
  settings.budget.seconds = options.bench.seconds;
  settings.only = options.bench.only;
  if (options.bench.size.empty()) {
    settings.model = options.model ? *options.model : shipped_model();
    settings.cache = cache_settings(options.cache, tell_once(console));
    settings.clip_command = clip_command(options, *settings.model);
  }
  for (const ComparedEngine& engine : options.bench.compare) {
    settings.peers.push_back(peer_command(engine, options));
  }
  settings.on_part = [&console](int index, int all, const std::string& name) {
    console.progress(concat(progress_bar(static_cast<double>(index) / all), " ", name));
  };
  return settings;
}

/// Whether there is something to draw: Ctrl-C may have come before.
bool has_shares(const bench::Report& report) {
  return std::ranges::any_of(
      report.parts, [](const bench::Part& part) { return part.timing.of_limit.has_value(); });
}

}  // namespace

int bench_command(const Options& options, Console& console) {
  check_options(options);
  catch_interrupts();
  if (!options.bench.clip.empty()) {
    const fs::path model = options.model ? *options.model : shipped_model();
    console.text(bench::hear_clip(options.bench.clip, model, options.compute_type, options.threads,
                                  options.pinning, cache_settings(options.cache)));
    return 0;
  }
  for (const std::string& warning : slow_choices(options)) console.message(warning);
  console.progress("loading the model");
  const bench::Settings settings = settings_of(options, console);
  const bench::Report report = bench::run(settings);
  console.progress("");
  warn_other_types(options, report, console);
  const std::string date = now();
  // First, lest a picture that cannot be written takes the report away.
  console.lines(options.bench.json ? bench_json(report, date) : bench_table(report));
  if (options.bench.plot.any() && has_shares(report)) {
    write_picture(options.bench.plot, bench_plot(report, date));
  }
  if (report.missing.empty()) return 0;
  for (const bench::Missing& missing : report.missing) {
    console.message(concat("not measured: ", missing.what, ": ", missing.why));
  }
  if (report.interrupted) fail(ErrorKind::interrupted, "interrupted");
  fail(ErrorKind::io, "not all that was wanted could be measured");
}

}  // namespace sotto::apps
