#include "bench/sound.h"

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

}  // namespace sotto::bench
