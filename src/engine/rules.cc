#include "engine/rules.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace sotto::engine {
namespace {

constexpr int kNonSpeech = -1;                 // in a list of ids: openai's set
constexpr int kMaxInitialTimestampIndex = 50;  // 1.00 s

std::vector<int> sorted_unique(std::vector<int> tokens) {
  std::ranges::sort(tokens);
  const auto repeated = std::ranges::unique(tokens);
  tokens.erase(repeated.begin(), repeated.end());
  return tokens;
}

std::vector<int> suppressed_tokens(const model::Tokenizer& tokenizer, std::vector<int> tokens) {
  if (tokens.empty()) return tokens;
  if (std::erase(tokens, kNonSpeech) != 0) {
    const std::vector<int> non_speech = tokenizer.non_speech_tokens();
    tokens.insert(tokens.end(), non_speech.begin(), non_speech.end());
  }
  const model::SpecialTokens& special = tokenizer.special();
  tokens.insert(tokens.end(), {special.transcribe, special.translate, special.sot, special.sot_prev,
                               special.sot_lm, special.no_speech});
  return sorted_unique(std::move(tokens));
}

void check_tokens(const std::vector<int>& tokens, const model::Tokenizer& tokenizer) {
  const int n_tokens = tokenizer.special().n_tokens();
  for (const int token : tokens) {
    if (token < kNonSpeech || token >= n_tokens) {
      fail(ErrorKind::usage, "cannot suppress token ", token, ": the model's tokens are 0 to ",
           n_tokens - 1);
    }
  }
}

/// A window must not begin with a blank or end at once.
std::vector<int> blank_tokens(const model::Tokenizer& tokenizer) {
  std::vector<int> tokens = tokenizer.encode(" ");
  tokens.push_back(tokenizer.special().eot);
  return tokens;
}

}  // namespace

TokenRules::TokenRules(const model::Tokenizer& tokenizer, const model::GenerationConfig& generation,
                       const RuleOptions& options)
    : without_timestamps_(options.without_timestamps),
      sample_len_(options.sample_len),
      eot_(tokenizer.special().eot),
      timestamp_begin_(tokenizer.special().timestamp_begin),
      n_tokens_(tokenizer.special().n_tokens()),
      max_initial_timestamp_index_(
          generation.max_initial_timestamp_index.value_or(kMaxInitialTimestampIndex)) {
  if (options.suppress_tokens) check_tokens(*options.suppress_tokens, tokenizer);
  const std::vector<int> by_default = generation.suppress_tokens.value_or(std::vector{kNonSpeech});
  suppressed_ = suppressed_tokens(tokenizer, options.suppress_tokens.value_or(by_default));
  forbidden_ = suppressed_;
  if (!without_timestamps_) forbidden_.push_back(tokenizer.special().no_timestamps);
  forbidden_first_ = generation.begin_suppress_tokens ? *generation.begin_suppress_tokens
                                                      : blank_tokens(tokenizer);
  forbidden_first_.insert(forbidden_first_.end(), forbidden_.begin(), forbidden_.end());
  forbidden_ = sorted_unique(std::move(forbidden_));
  forbidden_first_ = sorted_unique(std::move(forbidden_first_));
}

model::AllowedTokens TokenRules::allowed(std::span<const int> sampled) const {
  model::AllowedTokens allowed{
      .ranges = {{{0, timestamp_begin_}, {timestamp_begin_, n_tokens_}}},
      .forbidden = sampled.empty() ? forbidden_first_ : forbidden_,
  };
  if (without_timestamps_) return allowed;
  if (sampled.empty()) {
    // A window begins with a timestamp.
    allowed.ranges[0] = {};
    allowed.ranges[1].end =
        std::min(n_tokens_, timestamp_begin_ + max_initial_timestamp_index_ + 1);
  }
  keep_timestamps_paired(allowed, sampled);
  keep_timestamps_growing(allowed, sampled);
  return allowed;
}

// A segment is <|start|> text <|end|>, and the next one follows at once: after a timestamp that
// ends a segment comes another one or the end; after one that begins a segment comes text.
void TokenRules::keep_timestamps_paired(model::AllowedTokens& allowed,
                                        std::span<const int> sampled) const {
  if (sampled.empty() || !is_timestamp(sampled.back())) return;
  const bool begins_a_segment = sampled.size() < 2 || is_timestamp(sampled[sampled.size() - 2]);
  if (begins_a_segment) {
    allowed.ranges[1] = {};
  } else {
    allowed.ranges[0].begin = eot_;
  }
}

// Times never decrease. Only a segment's start may equal the end before it; anything else must be
// later, so that every segment has a length and the transcription always moves on.
void TokenRules::keep_timestamps_growing(model::AllowedTokens& allowed,
                                         std::span<const int> sampled) const {
  const auto last = std::find_if(sampled.rbegin(), sampled.rend(),
                                 [this](int token) { return is_timestamp(token); });
  if (last == sampled.rend()) return;
  const bool ends_a_segment =
      last == sampled.rbegin() && sampled.size() >= 2 && !is_timestamp(sampled[sampled.size() - 2]);
  int& begin = allowed.ranges[1].begin;
  begin = std::max(begin, ends_a_segment ? *last : *last + 1);
}

bool TokenRules::timestamp_is_due(const model::LikeliestOfRanges& found) const {
  const auto& [text, times] = found;
  return !without_timestamps_ && times.log_sum_exp > text.logit;
}

}  // namespace sotto::engine
