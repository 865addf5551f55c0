#include "engine/search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/interrupt.h"
#include "engine/text.h"

namespace sotto::engine {
namespace {

struct Choice {
  int token = 0;
  float logprob = 0;
};

/// log Σ exp(logits) is finite for every working model.
double checked(double log_sum) {
  if (!std::isfinite(log_sum)) {
    fail(ErrorKind::model, "the decoder's output is not a finite number (", log_sum,
         "): the model's weights are damaged or do not belong together");
  }
  return log_sum;
}

float probability(std::span<const float> logits, int token) {
  const float logit = logits[static_cast<std::size_t>(token)];
  return static_cast<float>(std::exp(logit - checked(model::log_sum_exp(logits))));
}

/// The likelier of the two ranges' likeliest, or the timestamp when one is due.
Choice likeliest(const model::LikeliestOfRanges& found, bool timestamp_is_due) {
  const auto& [text, times] = found;
  const bool takes_text = !timestamp_is_due && text.logit >= times.logit;
  const model::Likeliest& best = takes_text ? text : times;
  const double log_sum = timestamp_is_due ? times.log_sum_exp
                                          : model::log_add_exp(text.log_sum_exp, times.log_sum_exp);
  if (log_sum == -std::numeric_limits<double>::infinity()) {
    fail(ErrorKind::model,
         "no token is left to choose from: the suppressed tokens (--suppress-tokens, or "
         "suppress_tokens in generation_config.json) are all that the timestamp rules allow");
  }
  return {.token = best.token, .logprob = static_cast<float>(best.logit - checked(log_sum))};
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

WindowSearch::WindowSearch(model::Decoder& decoder, const model::Tokenizer& tokenizer,
                           const TokenRules& rules, const InitialTokens& initial)
    : decoder_(decoder), tokenizer_(tokenizer), rules_(rules), n_initial_(initial.tokens.size()) {
  const model::SpecialTokens& special = tokenizer.special();
  const auto n_vocab = static_cast<std::size_t>(decoder.dims().n_vocab);
  const auto n_tokens = static_cast<std::size_t>(special.n_tokens());  // what follows is padding
  decoder.rewind();
  const std::span<const float> rows =
      decoder.append(initial.tokens, static_cast<int>(n_initial_) - initial.sot_index);
  no_speech_prob_ = probability(rows.first(n_tokens), special.no_speech);
  take(model::find_likeliest(rows.last(n_vocab).first(n_tokens), rules.allowed({})));
}

model::Step WindowSearch::next_step() const {
  SOTTO_CHECK(!done_);
  return {.sequence = &decoder_, .token = tokens_.back(), .allowed = rules_.allowed(tokens_)};
}

void WindowSearch::take(const model::LikeliestOfRanges& found) {
  const int n_text_ctx = decoder_.dims().n_text_ctx;
  const Choice next = likeliest(found, rules_.timestamp_is_due(found));
  sum_logprob_ += next.logprob;
  done_ = next.token == tokenizer_.special().eot;
  if (done_) return;
  tokens_.push_back(next.token);
  const int n_tokens = static_cast<int>(tokens_.size());
  done_ = n_tokens >= rules_.sample_len().value_or(n_text_ctx / 2) ||
          static_cast<int>(n_initial_) + n_tokens > n_text_ctx;
}

DecodingResult WindowSearch::result() const {
  const double n_logprobs = static_cast<double>(tokens_.size()) + 1;
  const std::string text = decode_with_specials(tokenizer_, tokens_);
  return {.tokens = tokens_,
          .avg_logprob = sum_logprob_ / n_logprobs,
          .no_speech_prob = no_speech_prob_,
          .temperature = 0,
          .compression_ratio = compression_ratio(strip(text))};
}

DecodingResult decode_window(model::Decoder& decoder, const model::Tokenizer& tokenizer,
                             const TokenRules& rules, const InitialTokens& initial) {
  WindowSearch search(decoder, tokenizer, rules, initial);
  while (!search.done()) {
    check_interrupted();
    model::Step step = search.next_step();
    decoder.step({&step, 1});
    search.take(step.found);
  }
  return search.result();
}

}  // namespace sotto::engine
