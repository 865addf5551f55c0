#include "model/likelihood.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace sotto::model {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  float max = kForbidden;
  for (const float logit : logits) max = std::max(max, logit);
  double sum = 0;
  for (const float logit : logits) {
    const float below = logit - max;
    // e^-40 is lost beside 1 in the sum; a NaN is not below anything and reaches the result.
    if (logit != kForbidden && !(below < -40.0f)) sum += std::exp(below);
  }
  return sum == 0 ? kForbidden : max + std::log(sum);
}

double log_add_exp(double a, double b) {
  const double top = std::max(a, b);
  return top == kForbidden ? a + b : top + std::log(std::exp(a - top) + std::exp(b - top));
}

LikeliestOfRanges find_likeliest(std::span<const float> logits, const AllowedTokens& allowed) {
  LikeliestOfRanges found;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const TokenRange range = allowed.ranges[i];
    found[i] = {.token = range.begin, .logit = kForbidden, .log_sum_exp = kForbidden};
    if (range.begin >= range.end) continue;
    SOTTO_CHECK(range.begin >= 0 && static_cast<std::size_t>(range.end) <= logits.size());
    std::vector<float> kept(logits.begin() + range.begin, logits.begin() + range.end);
    for (const int token : allowed.forbidden) {
      if (token >= range.begin && token < range.end) {
        kept[static_cast<std::size_t>(token - range.begin)] = kForbidden;
      }
    }
    const auto top = std::max_element(kept.begin(), kept.end());
    found[i] = {.token = range.begin + static_cast<int>(top - kept.begin()),
                .logit = *top,
                .log_sum_exp = log_sum_exp(kept)};
  }
  return found;
}

}  // namespace sotto::model
