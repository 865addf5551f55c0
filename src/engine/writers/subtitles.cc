#include "engine/writers/subtitles.h"

#include "engine/text.h"

namespace sotto::engine {

std::vector<Cue> subtitles(const Result& result) {
  std::vector<Cue> cues;
  for (const Segment& segment : result.from_first_text()) {
    cues.push_back({.start = segment.start,
                    .end = segment.end,
                    .text = replace_all(strip(segment.text), "-->", "->")});
  }
  return cues;
}

}  // namespace sotto::engine
