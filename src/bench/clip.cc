#include "bench/clip.h"

#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

#include "audio/mel.h"
#include "base/error.h"
#include "bench/pipeline.h"
#include "bench/sound.h"
#include "model/model.h"

namespace sotto::bench {
namespace {

/// The most memory that this process held, in bytes. Not from getrusage(), which begins with what
/// the process held that started this one.
long long resident_bytes() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    long long kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %lld kB", &kilobytes) == 1) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::string hear_clip(const std::filesystem::path& path, std::optional<model::ComputeType> wanted,
                      int threads, Pinning pinning, std::optional<engine::CacheSettings> cache) {
  const model::Model model = model::load(path);
  ThreadPool pool(threads, pinning);
  const Isa isa = active_isa();
  Subject subject = make_subject(model, wanted, isa, pool, std::move(cache));
  const std::vector<float> samples = made_up_sound(kClipSeconds);
  Pipeline(subject, isa, pool, 1).run(samples, audio::kWindowSamples, kClipTokens);
  const std::vector<int> tokens(kClipTokens, kForcedToken);
  return concat(model.tokenizer.decode(tokens), "\n", resident_bytes());
}

}  // namespace sotto::bench
