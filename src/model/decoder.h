// The seam to the decoder: tokens and audio features in, logits out.
#pragma once

#include <span>

#include "model/config.h"

namespace sotto::model {

/// The decoder of one sequence, with its key/value cache.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Takes the features of a window (n_audio_ctx × n_audio_state, row-major), computes the
  /// cross-attention keys and values, and empties the cache.
  virtual void start(std::span<const float> features) = 0;

  /// Forgets the tokens; keeps the window.
  virtual void rewind() = 0;

  /// Appends `tokens` (at least one) to the sequence and computes their logits: n × n_vocab
  /// numbers, row-major, for the last `n_rows` of them; valid until the next call. The sequence
  /// must not grow beyond n_text_ctx.
  virtual std::span<const float> append(std::span<const int> tokens, int n_rows) = 0;

  /// Tokens in the sequence.
  virtual int size() const = 0;

  virtual const Dims& dims() const = 0;
};

}  // namespace sotto::model
