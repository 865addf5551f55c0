// The two products that were predicted before the comparison was made: those of "Striking the
// Balance" (arXiv 2512.13282), 4 x 4 cores at about 1 GHz. Nothing was ever fitted to them; but the
// published totals were known when the prediction was written.
#pragma once

#include <span>

#include "npu/calibrate/product.h"

namespace sotto::npu::calibrate {

struct Prediction {
  const char* name;
  Product product;
  ProductCost cost;
  double predicted_tops;  ///< simulated when the prediction was committed
};
/// What is known of the design: C has one buffer in a core and one in a memory tile, B lies by
/// columns, K is read in long runs, results are as wide as operands. Its tiles are not published in
/// what could be read: these are the fastest, simulated, of all that leave less than a tenth of a
/// core's memory free. A kernel call takes what multiplies, 30 cycles for each 16 x 16 block of C
/// (2,535 - 2,048 cycles for the 16 blocks of a bfloat16 tile of 64^3, mlir-aie's guide, compiled
/// by chess) and 20 for the call; int8 is taken to need as many.
std::span<const Prediction> predictions();
inline constexpr int kPredictedMhz = 1000;

}  // namespace sotto::npu::calibrate
