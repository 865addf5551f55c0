// What a transcription is: openai/whisper's result dictionary as plain structs.
#pragma once

#include <string>
#include <vector>

namespace sotto::engine {

/// One line of text with its times.
struct Segment {
  int id = 0;
  int seek = 0;      ///< frame (10 ms) at which the window began
  double start = 0;  ///< seconds from the beginning of the file
  double end = 0;    ///< seconds
  std::string text;  ///< usually begins with a space; empty for a cleared segment
  std::vector<int> tokens;
  double temperature = 0;
  double avg_logprob = 0;
  double compression_ratio = 0;
  double no_speech_prob = 0;
};

struct Result {
  std::string text;
  std::vector<Segment> segments;
  std::string language;  ///< code, for example "en"
};

}  // namespace sotto::engine
