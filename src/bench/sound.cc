#include "bench/sound.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "audio/decode.h"

namespace sotto::bench {

std::vector<float> made_up_sound(double seconds) {
  std::vector<float> samples(static_cast<std::size_t>(std::lround(seconds * audio::kSampleRate)));
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    samples[i] = 0.3f * std::sin(0.05f * static_cast<float>(i % 100000)) +
                 static_cast<float>(state >> 16) / 0x1p20f;
  }
  return samples;
}

std::string wav_of(std::span<const float> samples) {
  std::string wav;
  const auto put = [&wav](std::size_t value, int n_bytes) {
    for (int i = 0; i < n_bytes; ++i) wav += static_cast<char>(value >> 8 * i & 0xFF);
  };
  constexpr std::size_t kRate = audio::kSampleRate, kPcm = 1, kChannels = 1, kBytes = 2;
  const std::size_t size = kBytes * samples.size();
  wav += "RIFF";
  put(36 + size, 4);
  wav += "WAVEfmt ";
  put(16, 4);
  put(kPcm, 2);
  put(kChannels, 2);
  put(kRate, 4);
  put(kRate * kBytes, 4);
  put(kBytes, 2);
  put(8 * kBytes, 2);
  wav += "data";
  put(size, 4);
  for (const float sample : samples) {
    put(static_cast<std::uint16_t>(std::lround(std::clamp(sample, -1.0f, 1.0f) * 32767)), 2);
  }
  return wav;
}

}  // namespace sotto::bench
