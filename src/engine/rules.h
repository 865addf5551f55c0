// Which tokens the decoder may not emit next: openai/whisper's logit filters (decoding.py).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/config.h"
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
};

/// Forbids tokens by setting their logits to −infinity. Immutable; one object serves all windows.
class TokenRules {
 public:
  /// Throws Error{usage} when options.suppress_tokens names a token that the model does not have.
  TokenRules(const model::Tokenizer& tokenizer, const model::GenerationConfig& generation,
             const RuleOptions& options = {});

  /// `logits`: a number for each token to come next, without padding; `sampled`: the tokens already
  /// sampled in this window, the prompt left out.
  void apply(std::span<float> logits, std::span<const int> sampled) const;

  /// Ids that are never sampled, sorted.
  const std::vector<int>& suppressed() const { return suppressed_; }

 private:
  void apply_timestamp_rules(std::span<float> logits, std::span<const int> sampled) const;
  void keep_timestamps_paired(std::span<float> logits, std::span<const int> sampled) const;
  void keep_timestamps_growing(std::span<float> logits, std::span<const int> sampled) const;
  void begin_with_a_timestamp(std::span<float> logits) const;
  void prefer_likely_timestamps(std::span<float> logits) const;
  bool is_timestamp(int token) const { return token >= timestamp_begin_; }

  bool without_timestamps_;
  int eot_;
  int no_timestamps_;
  int timestamp_begin_;
  int max_initial_timestamp_index_;
  std::vector<int> begin_suppressed_;
  std::vector<int> suppressed_;
};

/// log Σ exp(logits), with the maximum taken out; −infinity when all are.
double log_sum_exp(std::span<const float> logits);

}  // namespace sotto::engine
