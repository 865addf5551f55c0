#include "engine/rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace sotto::engine {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();
constexpr int kNonSpeech = -1;                 // in a list of ids: openai's set
constexpr int kMaxInitialTimestampIndex = 50;  // 1.00 s

/// logits[begin, end), cut to the tokens that there are.
void forbid(std::span<float> logits, int begin, int end) {
  const int size = static_cast<int>(logits.size());
  for (int token = std::max(begin, 0); token < std::min(end, size); ++token) {
    logits[static_cast<std::size_t>(token)] = kForbidden;
  }
}

void forbid(std::span<float> logits, std::span<const int> tokens) {
  for (const int token : tokens) forbid(logits, token, token + 1);
}

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

double log_sum_exp(std::span<const float> logits) {
  float max = kForbidden;
  for (const float logit : logits) max = std::max(max, logit);
  if (max == kForbidden) return kForbidden;
  double sum = 0;
  for (const float logit : logits) {
    const float below = logit - max;
    // e^-40 is lost beside 1 in the sum; a NaN is not below anything and reaches the result.
    if (!(below < -40.0f)) sum += std::exp(below);
  }
  return max + std::log(sum);
}

TokenRules::TokenRules(const model::Tokenizer& tokenizer, const model::GenerationConfig& generation,
                       const RuleOptions& options)
    : without_timestamps_(options.without_timestamps),
      eot_(tokenizer.special().eot),
      no_timestamps_(tokenizer.special().no_timestamps),
      timestamp_begin_(tokenizer.special().timestamp_begin),
      max_initial_timestamp_index_(
          generation.max_initial_timestamp_index.value_or(kMaxInitialTimestampIndex)),
      begin_suppressed_(generation.begin_suppress_tokens ? *generation.begin_suppress_tokens
                                                         : blank_tokens(tokenizer)) {
  if (options.suppress_tokens) check_tokens(*options.suppress_tokens, tokenizer);
  const std::vector<int> by_default = generation.suppress_tokens.value_or(std::vector{kNonSpeech});
  suppressed_ = suppressed_tokens(tokenizer, options.suppress_tokens.value_or(by_default));
}

void TokenRules::apply(std::span<float> logits, std::span<const int> sampled) const {
  if (sampled.empty()) forbid(logits, begin_suppressed_);
  forbid(logits, suppressed_);
  if (!without_timestamps_) apply_timestamp_rules(logits, sampled);
}

void TokenRules::apply_timestamp_rules(std::span<float> logits,
                                       std::span<const int> sampled) const {
  forbid(logits, no_timestamps_, no_timestamps_ + 1);
  keep_timestamps_paired(logits, sampled);
  keep_timestamps_growing(logits, sampled);
  if (sampled.empty()) begin_with_a_timestamp(logits);
  prefer_likely_timestamps(logits);
}

// A segment is <|start|> text <|end|>, and the next one follows at once: after a timestamp that
// ends a segment comes another one or the end; after one that begins a segment comes text.
void TokenRules::keep_timestamps_paired(std::span<float> logits,
                                        std::span<const int> sampled) const {
  if (sampled.empty() || !is_timestamp(sampled.back())) return;
  const bool begins_a_segment = sampled.size() < 2 || is_timestamp(sampled[sampled.size() - 2]);
  if (begins_a_segment) {
    forbid(logits, timestamp_begin_, static_cast<int>(logits.size()));
  } else {
    forbid(logits, 0, eot_);
  }
}

// Times never decrease. Only a segment's start may equal the end before it; anything else must be
// later, so that every segment has a length and the transcription always moves on.
void TokenRules::keep_timestamps_growing(std::span<float> logits,
                                         std::span<const int> sampled) const {
  const auto last = std::find_if(sampled.rbegin(), sampled.rend(),
                                 [this](int token) { return is_timestamp(token); });
  if (last == sampled.rend()) return;
  const bool ends_a_segment =
      last == sampled.rbegin() && sampled.size() >= 2 && !is_timestamp(sampled[sampled.size() - 2]);
  forbid(logits, timestamp_begin_, ends_a_segment ? *last : *last + 1);
}

void TokenRules::begin_with_a_timestamp(std::span<float> logits) const {
  forbid(logits, 0, timestamp_begin_);
  forbid(logits, timestamp_begin_ + max_initial_timestamp_index_ + 1,
         static_cast<int>(logits.size()));
}

// Some time is more likely than the likeliest text: then it is a time.
void TokenRules::prefer_likely_timestamps(std::span<float> logits) const {
  const auto text = logits.first(static_cast<std::size_t>(timestamp_begin_));
  const auto timestamps = logits.subspan(static_cast<std::size_t>(timestamp_begin_));
  if (log_sum_exp(timestamps) > *std::ranges::max_element(text)) {
    forbid(logits, 0, timestamp_begin_);
  }
}

}  // namespace sotto::engine
