// What the two subtitle formats have in common.
#pragma once

#include <string>
#include <vector>

#include "engine/result.h"

namespace sotto::engine {

struct Cue {
  double start = 0;  ///< seconds
  double end = 0;
  std::string text;
};

/// A cue for each segment from the first text on, with "-->" in its text written as "->". Cleared
/// segments after that are cues without text, as upstream has it.
std::vector<Cue> subtitles(const Result& result);

}  // namespace sotto::engine
