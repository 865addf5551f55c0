// The parts of a model that are measured, each in a file of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/limits.h"
#include "bench/part.h"
#include "bench/scaling.h"
#include "bench/subject.h"

namespace sotto::bench {

/// What parts are measured with, and where they are put.
struct Session {
  Subject& subject;
  Isa isa;
  ThreadPool& pool;
  Limits& limits;
  Budget budget;
  std::function<void(const std::string& name)> on_part;  ///< before each; may be empty
  std::vector<Part> parts{};

  /// Tells of a part and measures it as a whole.
  void measure(Part part, const std::function<void()>& body);
};

/// The spectrogram of a window, on one thread.
void measure_mel(Session& session);
/// A window, and the stages of the encoder.
void measure_encoder(Session& session);
/// A window by one thread and by all, with the same packed weights; after a round that does not
/// count, as many as the budget has.
Scaling measure_encoder_scaling(Session& session);
/// Keys and values of a window.
void measure_cross_kv(Session& session);
/// A token, for each of 1, 5, 8 and 16 windows that are decoded together, and of the beams of one.
void measure_decoder(Session& session);
/// Sound to tokens: a window with 100 tokens, alone and eight together; a clip of 11 s with 30.
void measure_end_to_end(Session& session);

}  // namespace sotto::bench
