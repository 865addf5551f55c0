// The command "sotto bench": how fast the machine is, and how near each part of a model comes to
// what it can do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/picture_files.h"
#include "bench/bench.h"
#include "bench/goals.h"

namespace sotto::apps {

struct Options;

/// An engine to compare with.
struct ComparedEngine {
  std::string name;               ///< "whisper.cpp", "ctranslate2", "openvino"
  std::filesystem::path program;  ///< whisper-bench, or a Python that has the engine
  std::filesystem::path model;    ///< in the engine's format
};

struct BenchOptions {
  std::string size;               ///< of made-up weights; empty: a model from a file
  std::vector<std::string> only;  ///< of bench::group_names(); empty: all
  double seconds = 1.5;           ///< that each part is measured
  std::vector<ComparedEngine> compare;
  bool json = false;  ///< instead of a table
  PictureFiles plot;  ///< where to draw the report; empty: nowhere
  /// Only hear this recording, as the part "end_to_end.process" does; empty: measure.
  std::filesystem::path clip;
};

/// Returns the exit code. Throws Error.
int bench_command(const Options& options, Console& console);

/// "80%: met", "1.3: missed", "80 ms more than load and clip: met".
std::string goal_text(const bench::Verdict& verdict);

/// The report for people.
std::string bench_table(const bench::Report& report);

/// The report as JSON, every number with its unit in its name; `date` is when it was measured, in
/// ISO 8601.
std::string bench_json(const bench::Report& report, const std::string& date);

/// The parts that are compared with a peak as bars, with their goals; below them what has a goal
/// of another kind.
picture::Picture bench_plot(const bench::Report& report, const std::string& date);

}  // namespace sotto::apps
