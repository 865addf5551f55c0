// Which tokens the decoder may not emit next: openai/whisper's logit filters (decoding.py).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/config.h"
#include "model/likelihood.h"
#include "model/tokenizer.h"

namespace sotto::engine {

struct RuleOptions {
  /// Ids that are never sampled, −1 standing for openai's set of non-speech marks (brackets,
  /// notes); an empty list suppresses nothing. Absent: the model's own list, and openai's default,
  /// −1, for a model without one. The structural special tokens are added to every list that is
  /// not empty, as openai does.
  std::optional<std::vector<int>> suppress_tokens{};
  /// The window is plain text: <|notimestamps|> stands before it, and no rule asks for times.
  bool without_timestamps = false;
  /// Tokens of a window at most; absent: n_text_ctx / 2.
  std::optional<int> sample_len{};
};

/// Says which tokens may come next. Immutable; one object serves all windows.
class TokenRules {
 public:
  /// Throws Error{usage} when options.suppress_tokens names a token that the model does not have.
  TokenRules(const model::Tokenizer& tokenizer, const model::GenerationConfig& generation,
             const RuleOptions& options = {});

  /// What may follow the tokens already sampled in this window, the prompt left out: text and
  /// timestamps. It refers to this object.
  model::AllowedTokens allowed(std::span<const int> sampled) const;

  /// True when, among the allowed tokens, some timestamp is likelier than the likeliest text: then
  /// only a timestamp may be sampled.
  bool timestamp_is_due(const model::LikeliestOfRanges& found) const;

  const std::optional<int>& sample_len() const { return sample_len_; }

  /// Ids that are never sampled, sorted.
  const std::vector<int>& suppressed() const { return suppressed_; }

 private:
  void keep_timestamps_paired(model::AllowedTokens& allowed, std::span<const int> sampled) const;
  void keep_timestamps_growing(model::AllowedTokens& allowed, std::span<const int> sampled) const;
  bool is_timestamp(int token) const { return token >= timestamp_begin_; }

  bool without_timestamps_;
  std::optional<int> sample_len_;
  int eot_;
  int timestamp_begin_;
  int n_tokens_;
  int max_initial_timestamp_index_;
  std::vector<int> suppressed_;
  std::vector<int> forbidden_;        // sorted, as both are
  std::vector<int> forbidden_first_;  // at the beginning of a window
};

}  // namespace sotto::engine
