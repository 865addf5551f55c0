// What a report lacks.
#pragma once

#include <string>

namespace sotto::bench {

struct Missing {
  std::string what;  ///< "encoder", "decoder from decoder.batch_5 on"
  std::string why;   ///< "interrupted", or the error
};

}  // namespace sotto::bench
