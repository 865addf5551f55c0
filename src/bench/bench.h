// What "sotto bench" measures: the machine's peaks, then each part of a model beside them.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/comparison.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "bench/missing.h"
#include "bench/part.h"
#include "bench/peaks.h"
#include "bench/scaling.h"
#include "engine/encoders.h"
#include "engine/packed_cache.h"
#include "model/compute_type.h"
#include "model/config.h"

namespace sotto::bench {

struct Settings {
  std::optional<std::filesystem::path> model{};  ///< absent: made-up weights of `size`
  std::string size{};                            ///< a name of model::released_dims()
  std::optional<model::ComputeType> compute_type;
  int threads = 0;  ///< 0: as many as cores may be used
  Pinning pinning = Pinning::none;
  Budget budget{};
  std::vector<std::string> only{};               ///< of group_names(); empty: all
  std::optional<engine::CacheSettings> cache{};  ///< of packed weights of a model from a file
  /// A command that hears the recording whose path follows it (hear_clip()); without it a whole
  /// process is not measured.
  std::vector<std::string> clip_command{};
  /// Commands of other engines (peer.h) to compare with.
  std::vector<std::vector<std::string>> peers{};
  /// Called before each part, of which there are `all`; may be empty.
  std::function<void(int index, int all, const std::string& name)> on_part{};
};

struct Report {
  Machine machine;
  Isa isa{};
  int threads = 0;
  bool pinned = false;  ///< each thread to a CPU
  std::string model{};  ///< its name
  bool made_up = false;
  model::Dims dims{};
  engine::ComputeTypes types{};
  std::vector<MultiplyPeak> multiply_peaks{};
  std::vector<ReadPeak> read_peaks{};
  std::vector<Part> parts{};
  std::optional<Scaling> encoder_scaling{};  ///< with more than one thread
  std::vector<Comparison> comparisons{};
  std::optional<double> resident_bytes{};  ///< the most that the whole process held
  std::vector<Missing> missing{};          ///< what was wanted and is not here
  bool interrupted = false;                ///< by Ctrl-C, which is why something is missing
};

/// What can be asked for alone: parts by the first word of their names, comparisons by their tasks
/// ("compare.token_8").
std::vector<std::string> group_names();

/// Throws as engine::Engine does, when another engine does not start, and Error{interrupted} before
/// the first part. What fails or is interrupted after that is missing in the report.
Report run(const Settings& settings);

}  // namespace sotto::bench
