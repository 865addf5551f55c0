#include "base/error.h"
#include "engine/text.h"
#include "engine/writers/subtitles.h"
#include "engine/writers/writers.h"

namespace sotto::engine {

std::string write_srt(const Result& result) {
  std::string file;
  int number = 0;
  for (const Cue& cue : subtitles(result)) {
    file += concat(++number, "\n", format_timestamp(cue.start, true, ','), " --> ",
                   format_timestamp(cue.end, true, ','), "\n", cue.text, "\n\n");
  }
  return file;
}

}  // namespace sotto::engine
