// What repeated measurements say: the middle one, and how far they lie apart.
#pragma once

#include <vector>

namespace sotto::bench {

/// The median and the quartiles.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// Of at least one number. Between two of them the quantiles are interpolated.
Spread spread_of(std::vector<double> numbers);

}  // namespace sotto::bench
