// The seam to the decoder: tokens and audio features in, logits out.
#pragma once

#include <memory>
#include <span>

#include "model/config.h"
#include "model/likelihood.h"

namespace sotto::model {

class Decoder;

/// One token more for one sequence of several, and what comes after it.
struct Step {
  Decoder* sequence;
  int token;
  AllowedTokens allowed;
  LikeliestOfRanges found{};  ///< the result
};

/// The decoder of one sequence, with its key/value cache.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// One more sequence of the same model, not started. Sequences of a model share its weights and
  /// its memory for a step: one of them works at a time. They may outlive each other.
  virtual std::unique_ptr<Decoder> new_sequence() const = 0;

  /// Takes the features of a window (n_audio_ctx × n_audio_state, row-major), computes the
  /// cross-attention keys and values, and empties the cache.
  virtual void start(std::span<const float> features) = 0;

  /// Goes on from where `other` is, a sequence of this model that has started: with its window and
  /// its tokens, as the beams of a window do. Keys and values of the window are shared until one of
  /// the two starts again, those of the tokens copied. Nothing happens to `other`, which may be
  /// this one.
  virtual void continue_from(const Decoder& other) = 0;

  /// Forgets the tokens; keeps the window.
  virtual void rewind() = 0;

  /// Appends `tokens` (at least one) to the sequence and computes their logits: n × n_vocab
  /// numbers, row-major, for the last `n_rows` of them; valid until a sequence of this model works
  /// again. The sequence must not grow beyond n_text_ctx.
  virtual std::span<const float> append(std::span<const int> tokens, int n_rows) = 0;

  /// Appends one token to each of several sequences of this model, no sequence twice, and says what
  /// is likeliest after it. What it finds for a sequence does not depend on the others, to the bit.
  /// This one appends them one by one; an engine that reads its weights once for all overrides it.
  virtual void step(std::span<Step> steps);

  /// Tokens in the sequence.
  virtual int size() const = 0;

  virtual const Dims& dims() const = 0;
};

}  // namespace sotto::model
