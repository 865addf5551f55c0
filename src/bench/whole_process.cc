#include "bench/whole_process.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "bench/child.h"
#include "bench/clip.h"
#include "engine/engine.h"

namespace sotto::bench {
namespace {

/// The number in the last line.
double last_number(const std::string& output) {
  const std::string text = output.substr(0, output.find_last_not_of('\n') + 1);
  const std::string line = text.substr(text.find_last_of('\n') + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  SOTTO_CHECK(error == std::errc() && end == line.data() + line.size());
  return number;
}

}  // namespace

double measure_process(Session& session, const std::vector<std::string>& command) {
  double most = 0;
  session.measure({.name = "end_to_end.process", .unit = "process", .audio_seconds = kClipSeconds},
                  [&] {
                    const auto unpinned = session.pool.unpin_caller();
                    most = std::max(most, last_number(Child(command).finish()));
                  });
  return most;
}

void measure_load(Session& session, std::optional<model::ComputeType> wanted,
                  const std::optional<engine::CacheSettings>& cache) {
  const std::filesystem::path path = *session.subject.path;
  const auto load = [&](const std::optional<engine::CacheSettings>& settings) {
    const auto unpinned = session.pool.unpin_caller();
    const Pinning pinning = session.pool.pinned() ? Pinning::one_cpu_each : Pinning::none;
    const engine::Engine engine(path, engine::Device::cpu, session.pool.size(), wanted, settings,
                                pinning);
  };
  session.measure({.name = "load", .unit = "model"}, [&] { load(cache); });
  if (!cache) return;
  session.measure({.name = "load.uncached", .unit = "model"}, [&] { load(std::nullopt); });
}

}  // namespace sotto::bench
