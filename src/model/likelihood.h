// What a search asks of the logits of one position: the likeliest of the tokens that are allowed.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace sotto::model {

/// Tokens [begin, end); none when begin ≥ end.
struct TokenRange {
  int begin = 0;
  int end = 0;
};

/// The tokens that may come next: those of two ranges that do not overlap, text and timestamps,
/// without the forbidden ones.
struct AllowedTokens {
  std::array<TokenRange, 2> ranges{};
  std::span<const int> forbidden{};  ///< sorted
};

/// Of one range of tokens: the likeliest (the first of equals), its logit, and log Σ exp(logit)
/// over all. Where none is allowed both numbers are −infinity; a logit that is not finite makes
/// log_sum_exp a number that is not finite either.
struct Likeliest {
  int token = 0;
  float logit = 0;
  double log_sum_exp = 0;
};

using LikeliestOfRanges = std::array<Likeliest, 2>;

/// log Σ exp(logits), with the maximum taken out; −infinity when all are.
double log_sum_exp(std::span<const float> logits);

/// log(exp(a) + exp(b))
double log_add_exp(double a, double b);

/// The plain definition of what Decoder::step finds in a row of logits, one for each token.
LikeliestOfRanges find_likeliest(std::span<const float> logits, const AllowedTokens& allowed);

}  // namespace sotto::model
