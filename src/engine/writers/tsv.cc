#include <cmath>

#include "base/error.h"
#include "engine/text.h"
#include "engine/writers/writers.h"

namespace sotto::engine {

std::string write_tsv(const Result& result) {
  std::string file = "start\tend\ttext\n";
  for (const Segment& segment : result.segments) {
    file += concat(std::llrint(1000 * segment.start), "\t", std::llrint(1000 * segment.end), "\t",
                   replace_all(strip(segment.text), "\t", " "), "\n");
  }
  return file;
}

}  // namespace sotto::engine
