#include "npu/calibrate/s2.h"

#include <gtest/gtest.h>

#include "npu/calibrate/timing.h"

namespace sotto::npu::calibrate {
namespace {

TEST(S2, IsStillWhatWasPredicted) {
  for (const Prediction& row : predictions()) {
    const double cycles = product_cycles(row.product, row.cost, sim::Costs{}, kPredictedMhz);
    const double tops = row.product.operations() / cycles * kPredictedMhz * 1e-6;
    EXPECT_NEAR(tops / row.predicted_tops, 1, 1e-3) << row.name;
  }
}

}  // namespace
}  // namespace sotto::npu::calibrate
