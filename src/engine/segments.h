// Cuts what was decoded in one window into segments, and says where the next window begins
// (transcribe.py).
#pragma once

#include <vector>

#include "engine/result.h"
#include "engine/search.h"
#include "model/tokenizer.h"

namespace sotto::engine {

/// The stretch of the recording that is decoded at once, in frames of 10 ms.
struct Window {
  int seek = 0;    ///< first frame
  int frames = 0;  ///< 3000, or fewer at the end of the recording

  bool operator==(const Window&) const = default;
};

struct WindowSegments {
  std::vector<Segment> segments;  ///< ids are not set
  int next_seek = 0;
};

/// Segments end where two timestamps stand together; the next window then begins at the last such
/// place, and what follows it is heard again. A single timestamp at the end means that no speech
/// follows it: the whole window is done. Without two timestamps together the window is one segment.
/// The next window always begins later than this one: a model that writes <|0.00|><|0.00|>, which
/// it may when it is asked for no timestamps, would keep upstream's loop in one place for ever.
WindowSegments cut_into_segments(const Window& window, const DecodingResult& decoded,
                                 const model::Tokenizer& tokenizer);

/// Clears a segment that has no length or no text but white space.
void clear_if_blank(Segment& segment);

}  // namespace sotto::engine
