#include "base/error.h"
#include "engine/text.h"
#include "engine/writers/subtitles.h"
#include "engine/writers/writers.h"

namespace sotto::engine {

std::string write_vtt(const Result& result) {
  std::string file = "WEBVTT\n\n";
  for (const Cue& cue : subtitles(result)) {
    file += concat(format_timestamp(cue.start), " --> ", format_timestamp(cue.end), "\n", cue.text,
                   "\n\n");
  }
  return file;
}

}  // namespace sotto::engine
