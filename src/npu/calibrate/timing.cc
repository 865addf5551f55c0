#include "npu/calibrate/timing.h"

#include "base/error.h"
#include "npu/design/check/check.h"
#include "npu/design/lower.h"

namespace sotto::npu::calibrate {
namespace {

constexpr std::int64_t kCallsMax = 512;  // simulated one by one

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
  const int steps = product.n / (product.columns * product.tile_n);
  if (product.calls_per_core() <= kCallsMax || bands < 3 || steps < 4) return cycles(product);
  const auto small = [&](int b, int s) {
    Product part = product;
    part.m = b * product.rows * product.tile_m;
    part.n = s * product.columns * product.tile_n;
    return cycles(part);
  };
  const double least = small(2, 2);
  const double step = (small(2, 4) - least) / 4;
  const double band = small(3, 2) - least;
  return least + (bands - 2) * band + bands * (steps - 2) * step;
}

}  // namespace sotto::npu::calibrate
