// Where a long recording is cut into pieces that are transcribed apart.
#pragma once

#include <vector>

#include "audio/mel.h"
#include "engine/segments.h"

namespace sotto::engine {

/// Cuts the first n_frames of `mel` into pieces of at most `window_frames`, each in the middle of
/// the quietest fifth of a second of the last third of the longest piece that may be: in a pause
/// where there is one. They follow each other without a gap; the result depends on the sound alone.
std::vector<Window> cut_at_pauses(const audio::LogMel& mel, int n_frames, int window_frames);

}  // namespace sotto::engine
