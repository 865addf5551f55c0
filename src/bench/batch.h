// Sequences of a decoder that take forced tokens together, as the windows of several recordings do,
// or the beams of one.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/decoder.h"

namespace sotto::bench {

/// Any token will do: time does not depend on it.
inline constexpr int kForcedToken = 1;

class Batch {
 public:
  /// `size` new sequences of `decoder`, not started.
  Batch(const model::Decoder& decoder, int size);

  int size() const { return static_cast<int>(sequences_.size()); }
  /// Tokens of each sequence.
  int n_tokens() const { return sequences_.front()->size(); }
  /// The features of sequence i's window.
  void start(int i, std::span<const float> features);
  /// All become beams of one window.
  void start_beams(std::span<const float> features);
  model::Decoder& sequence(int i) { return *sequences_[static_cast<std::size_t>(i)]; }
  /// Forgets the tokens of all.
  void rewind();
  /// The tokens before the first that is looked for: start of transcript, language, task.
  void prompt();
  /// One token more for each, and what is likeliest after it.
  void step();

 private:
  std::vector<std::unique_ptr<model::Decoder>> sequences_;
  std::vector<model::Step> steps_;
};

}  // namespace sotto::bench
