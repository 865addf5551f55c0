// Made-up sound: a tone that comes and goes in noise.
#pragma once

#include <vector>

namespace sotto::bench {

/// 16 kHz mono.
std::vector<float> made_up_sound(double seconds);

}  // namespace sotto::bench
