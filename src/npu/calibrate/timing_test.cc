#include "npu/calibrate/timing.h"

#include <gtest/gtest.h>

namespace sotto::npu::calibrate {
namespace {

// 3 x 4 tiles of each core: 3 bands of 4 columns; by all its tiles, and from three smaller ones.
TEST(Timing, ManyTilesFollowFromFew) {
  const Product large = {
      .m = 5 * 256, .k = 2048, .n = 6 * 256, .tile_m = 64, .tile_k = 64, .tile_n = 64};
  const ProductCost cost = {5427, 540};
  const double simulated =
      static_cast<double>(timed(draw(large), library_of(large, cost), sim::Costs{}, 1800).cycles());
  EXPECT_NEAR(product_cycles(large, cost, sim::Costs{}, 1800) / simulated, 1, 0.002);
}

TEST(Timing, CallsOfACore) {
  const Product p = {.m = 512, .k = 256, .n = 256, .tile_m = 64, .tile_k = 64, .tile_n = 32};
  EXPECT_EQ(p.calls_per_core(), 2 * 2 * 4);
}

}  // namespace
}  // namespace sotto::npu::calibrate
