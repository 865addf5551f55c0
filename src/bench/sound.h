// Made-up sound: a tone that comes and goes in noise.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace sotto::bench {

/// 16 kHz mono.
std::vector<float> made_up_sound(double seconds);

/// The bytes of a WAV file of 16 bits a sample, 16 kHz mono.
std::string wav_of(std::span<const float> samples);

}  // namespace sotto::bench
