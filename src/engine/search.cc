#include "engine/search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/interrupt.h"
#include "engine/text.h"

namespace sotto::engine {
namespace {

/// What a search over the decoder's outputs finds.
struct Hypothesis {
  std::vector<int> tokens;
  float sum_logprob = 0;
  float no_speech_prob = 0;
};

struct Choice {
  int token = 0;
  float logprob = 0;
};

/// log Σ exp(logits), which is finite for every working model.
double checked_log_sum_exp(std::span<const float> logits) {
  const double log_sum = log_sum_exp(logits);
  if (!std::isfinite(log_sum)) {
    fail(ErrorKind::model, "the decoder's output is not a finite number (", log_sum,
         "): the model's weights are damaged or do not belong together");
  }
  return log_sum;
}

float probability(std::span<const float> logits, int token) {
  const float logit = logits[static_cast<std::size_t>(token)];
  return static_cast<float>(std::exp(logit - checked_log_sum_exp(logits)));
}

Choice likeliest(std::span<const float> logits) {
  const auto best = std::ranges::max_element(logits);
  if (*best == -std::numeric_limits<float>::infinity()) {
    fail(ErrorKind::model,
         "no token is left to choose from: the suppressed tokens (--suppress-tokens, or "
         "suppress_tokens in generation_config.json) are all that the timestamp rules allow");
  }
  return {.token = static_cast<int>(best - logits.begin()),
          .logprob = static_cast<float>(*best - checked_log_sum_exp(logits))};
}

/// Takes the likeliest token at each step.
Hypothesis greedy_search(model::Decoder& decoder, const model::SpecialTokens& special,
                         const TokenRules& rules, const InitialTokens& initial) {
  const auto n_vocab = static_cast<std::size_t>(decoder.dims().n_vocab);
  const auto n_tokens = static_cast<std::size_t>(special.n_tokens());  // what follows is padding
  const auto n_text_ctx = static_cast<std::size_t>(decoder.dims().n_text_ctx);
  const int rows_from_sot = static_cast<int>(initial.tokens.size()) - initial.sot_index;

  Hypothesis found;
  std::span<const float> rows = decoder.append(initial.tokens, rows_from_sot);
  found.no_speech_prob = probability(rows.first(n_tokens), special.no_speech);
  std::vector<float> logits(n_tokens);
  for (;;) {
    check_interrupted();
    std::ranges::copy(rows.last(n_vocab).first(n_tokens), logits.begin());
    rules.apply(logits, found.tokens);
    const Choice next = likeliest(logits);
    found.sum_logprob += next.logprob;
    if (next.token == special.eot) break;
    found.tokens.push_back(next.token);
    if (found.tokens.size() == n_text_ctx / 2) break;
    if (initial.tokens.size() + found.tokens.size() > n_text_ctx) break;
    rows = decoder.append(std::span(&next.token, 1), 1);
  }
  return found;
}

}  // namespace

InitialTokens make_initial_tokens(const model::SpecialTokens& special, std::span<const int> prompt,
                                  std::span<const int> sot_sequence, int n_text_ctx) {
  InitialTokens initial;
  const auto limit = static_cast<std::size_t>(n_text_ctx / 2 - 1);
  const auto kept = prompt.last(std::min(prompt.size(), limit));
  if (!kept.empty()) initial.tokens.push_back(special.sot_prev);
  initial.tokens.insert(initial.tokens.end(), kept.begin(), kept.end());
  initial.sot_index = static_cast<int>(initial.tokens.size());
  initial.tokens.insert(initial.tokens.end(), sot_sequence.begin(), sot_sequence.end());
  return initial;
}

DecodingResult decode_window(model::Decoder& decoder, const model::Tokenizer& tokenizer,
                             const TokenRules& rules, const InitialTokens& initial) {
  decoder.rewind();
  Hypothesis found = greedy_search(decoder, tokenizer.special(), rules, initial);
  const double n_logprobs = static_cast<double>(found.tokens.size()) + 1;
  const std::string text = decode_with_specials(tokenizer, found.tokens);
  return {.tokens = std::move(found.tokens),
          .avg_logprob = found.sum_logprob / n_logprobs,
          .no_speech_prob = found.no_speech_prob,
          .temperature = 0,
          .compression_ratio = compression_ratio(strip(text))};
}

}  // namespace sotto::engine
