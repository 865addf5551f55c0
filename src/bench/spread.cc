#include "bench/spread.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace sotto::bench {
namespace {

double quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - std::floor(at));
}

}  // namespace

Spread spread_of(std::vector<double> numbers) {
  SOTTO_CHECK(!numbers.empty());
  std::ranges::sort(numbers);
  return {.median = quantile(numbers, 0.5),
          .low = quantile(numbers, 0.25),
          .high = quantile(numbers, 0.75)};
}

}  // namespace sotto::bench
