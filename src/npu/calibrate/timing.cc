#include "npu/calibrate/timing.h"

#include <algorithm>

#include "base/error.h"
#include "npu/design/check/check.h"
#include "npu/design/lower.h"

namespace sotto::npu::calibrate {
namespace {

constexpr std::int64_t kCallsMax = 256;  // simulated one by one

}  // namespace

sim::Report timed(const design::Design& design, const sim::KernelLibrary& library,
                  const sim::Costs& costs, int mhz) {
  sim::Options options;
  options.mhz = mhz;
  options.mode = sim::Mode::timing;
  options.dispatch_overhead = 0;
  options.costs = costs;
  sim::Report report = sim::simulate(design::lower(design::check(design)), library, options);
  if (!report.finished()) {
    fail(ErrorKind::usage, "calibrate: design '", design.name,
         "' stands still: ", report.deadlock.front());
  }
  return report;
}

double product_cycles(const Product& product, const ProductCost& cost, const sim::Costs& costs,
                      int mhz) {
  const auto cycles = [&](const Product& p) {
    return static_cast<double>(timed(draw(p), library_of(p, cost), costs, mhz).cycles());
  };
  const int bands = product.m / (product.rows * product.tile_m);
  const int columns = product.n / (product.columns * product.tile_n);
  const int run = product.run_k == 0 ? product.tile_k : product.run_k;
  // Twice as many steps are simulated, too, and there must be so many.
  const int steps = product.k / run,
            few = std::min(std::max(2, 8 * product.tile_k / run), steps / 2);
  if (product.calls_per_core() <= kCallsMax) return cycles(product);
  const auto small = [&](int b, int c, int s) {
    Product part = product;
    part.m = b * product.rows * product.tile_m;
    part.n = c * product.columns * product.tile_n;
    part.k = s * run;
    part.row_k = product.row_k == 0 ? product.k : product.row_k;
    part.row_n = product.row_n == 0 ? product.n : product.row_n;
    return cycles(part);
  };
  // start + bands (band + columns (column + steps step))
  const double least = small(2, 2, few);
  const double step = (small(2, 2, 2 * few) - least) / (4 * few);
  const double column = (small(2, 4, few) - least) / 4 - few * step;
  const double band = small(3, 2, few) - least - 2 * (column + few * step);
  const double start = least - 2 * (band + 2 * (column + few * step));
  return start + bands * (band + columns * (column + steps * step));
}

}  // namespace sotto::npu::calibrate
