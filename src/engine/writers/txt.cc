#include "engine/text.h"
#include "engine/writers/writers.h"

namespace sotto::engine {

std::string write_txt(const Result& result) {
  std::string file;
  for (const Segment& segment : result.from_first_text()) {
    file.append(strip(segment.text)).append("\n");
  }
  return file;
}

}  // namespace sotto::engine
