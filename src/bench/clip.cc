#include "bench/clip.h"

#include <cstdio>
#include <fstream>
#include <utility>

#include "audio/decoded_beside.h"
#include "base/error.h"
#include "engine/engine.h"

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

std::string hear_clip(const std::filesystem::path& recording, const std::filesystem::path& model,
                      std::optional<model::ComputeType> wanted, int threads, Pinning pinning,
                      std::optional<engine::CacheSettings> cache) {
  audio::DecodedBeside decoded(recording);
  engine::Engine engine(model, engine::Device::cpu, threads, wanted, std::move(cache), pinning);
  const audio::Audio audio = [&] {
    const auto unpinned = engine.pool().unpin_caller();  // FFmpeg starts threads of its own
    return decoded.get();
  }();
  constexpr int kNonSpeech = -1, kEnglish = 0;
  const int eot = engine.model().tokenizer.special().eot;
  const engine::TranscribeOptions options = {.language = kEnglish,
                                             .no_speech_threshold = std::nullopt,
                                             .rules = {.suppress_tokens = {{kNonSpeech, eot}},
                                                       .without_timestamps = true,
                                                       .sample_len = kClipTokens}};
  const engine::Result result = engine.transcribe(audio.samples, options);
  return concat(result.text, "\n", resident_bytes());
}

}  // namespace sotto::bench
