// What a transcription is: openai/whisper's result dictionary as plain structs.
#pragma once

#include <span>
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

  /// A segment without a word or without length keeps its place and its times, and nothing else.
  bool cleared() const { return text.empty(); }
};

struct Result {
  std::string text;
  std::vector<Segment> segments;
  std::string language;  ///< code, for example "en"
  /// Pieces that were cut beforehand and do not see each other's text (TranscribeOptions).
  bool cut_at_pauses = false;

  /// The segments without the cleared ones before the first text.
  std::span<const Segment> from_first_text() const {
    std::span<const Segment> rest(segments);
    while (!rest.empty() && rest.front().cleared()) rest = rest.subspan(1);
    return rest;
  }
};

}  // namespace sotto::engine
