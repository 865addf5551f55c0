// One window: from the encoder's features to tokens, and how sure the model was (decoding.py).
#pragma once

#include <span>
#include <vector>

#include "engine/rules.h"
#include "model/decoder.h"
#include "model/tokenizer.h"

namespace sotto::engine {

/// The tokens that stand before the first sampled one.
struct InitialTokens {
  std::vector<int> tokens;  ///< [<|startofprev|> prompt…] <|startoftranscript|> [language task]
  int sot_index = 0;        ///< position of <|startoftranscript|>
};

/// `prompt` is cut to its last n_text_ctx / 2 − 1 tokens (223); an empty one leaves no trace.
/// `sot_sequence` begins with <|startoftranscript|>.
InitialTokens make_initial_tokens(const model::SpecialTokens& special, std::span<const int> prompt,
                                  std::span<const int> sot_sequence, int n_text_ctx);

struct DecodingResult {
  std::vector<int> tokens;       ///< text and timestamps, without <|endoftext|>
  double avg_logprob = 0;        ///< sum over the tokens and <|endoftext|> ÷ (tokens + 1)
  double no_speech_prob = 0;     ///< of <|nospeech|> right after <|startoftranscript|>
  double temperature = 0;        ///< 0: the likeliest token at each step
  double compression_ratio = 0;  ///< of the text
};

/// Takes the likeliest token at each step, as many as the rules' sample_len() at most, in the
/// window that `decoder` was started with. Borrows all that it is made of. What it finds does not
/// depend on the searches that take their steps with it.
class WindowSearch {
 public:
  /// Begins the sequence again and takes the first token. Throws as take() does.
  WindowSearch(model::Decoder& decoder, const model::Tokenizer& tokenizer, const TokenRules& rules,
               const InitialTokens& initial);

  bool done() const { return done_; }
  /// The step to come, unless done().
  model::Step next_step() const;
  /// Takes a token from what was found at that step. Throws Error{model} when the model's output is
  /// not a number or no token is left.
  void take(const model::LikeliestOfRanges& found);

  DecodingResult result() const;

 private:
  model::Decoder& decoder_;
  const model::Tokenizer& tokenizer_;
  const TokenRules& rules_;
  std::size_t n_initial_;
  std::vector<int> tokens_;
  float sum_logprob_ = 0;
  float no_speech_prob_ = 0;
  bool done_ = false;
};

/// Searches the window that `decoder` was started with. Throws Error{interrupted}, and as
/// WindowSearch does.
DecodingResult decode_window(model::Decoder& decoder, const model::Tokenizer& tokenizer,
                             const TokenRules& rules, const InitialTokens& initial);

}  // namespace sotto::engine
