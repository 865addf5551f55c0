#include "bench/whole_process.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "bench/child.h"
#include "bench/clip.h"
#include "bench/sound.h"
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

/// A folder for one file, away with it in the end.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content) {
    std::error_code none;
    std::string folder = std::filesystem::temp_directory_path(none) / "sotto-bench-XXXXXX";
    if (none) fail(ErrorKind::io, "there is no folder for temporary files: ", none.message());
    if (::mkdtemp(folder.data()) == nullptr) {
      fail(ErrorKind::io, "cannot make the folder ", folder, ": ", std::strerror(errno));
    }
    folder_ = folder;
    write_file_atomically(path_ = folder_ / name, content);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;
};

}  // namespace

double measure_process(Session& session, std::vector<std::string> command) {
  const TemporaryFile clip("clip.wav", wav_of(made_up_sound(kClipSeconds)));
  command.push_back(clip.path().string());
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
