// How long a product takes, simulated.
#pragma once

#include "npu/calibrate/product.h"
#include "npu/sim/simulate.h"

namespace sotto::npu::calibrate {

/// One design for timing at a clock. Throws Error if it deadlocks: then the design is wrong.
sim::Report timed(const design::Design& design, const sim::KernelLibrary& library,
                  const sim::Costs& costs, int mhz);

/// In cycles, without a dispatch. Of a product with many tiles, three small ones are simulated,
/// with two and three bands of two and four tiles of columns: every further band, and every further
/// tile in it, takes as long as the last one (timing_test.cc compares).
double product_cycles(const Product& product, const ProductCost& cost, const sim::Costs& costs,
                      int mhz);

}  // namespace sotto::npu::calibrate
