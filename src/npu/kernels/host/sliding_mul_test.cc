#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

template <unsigned Lanes, unsigned Points, typename C, unsigned NC, typename D, unsigned ND>
void expect_filter(unsigned coeff_start, unsigned data_start) {
  const auto coeff = random_vector<C, NC>(41);
  const auto data = random_vector<D, ND>(42);
  using Ops = aie::sliding_mul_xy_ops<Lanes, Points, 1, 1, C, D>;
  const auto once = Ops::mul(coeff, coeff_start, data, data_start);
  const auto twice = Ops::mac(once, coeff, coeff_start, data, data_start);
  const auto negative = Ops::negmul(coeff, coeff_start, data, data_start);
  for (unsigned lane = 0; lane < Lanes; ++lane) {
    double sum = 0;
    for (unsigned p = 0; p < Points; ++p) {
      sum += static_cast<double>(coeff.data()[(coeff_start + p) % NC]) *
             static_cast<double>(data.data()[(data_start + p + lane) % ND]);
    }
    const double tolerance = is_floating_v<C> ? 1e-4 : 0;
    EXPECT_NEAR(static_cast<double>(once.data()[lane]), sum, tolerance);
    EXPECT_NEAR(static_cast<double>(twice.data()[lane]), 2 * sum, tolerance);
    EXPECT_NEAR(static_cast<double>(negative.data()[lane]), -sum, tolerance);
  }
}

TEST(SlidingMul, IntegersAndWrappingWindows) {
  expect_filter<32, 8, int8, 32, uint8, 64>(0, 0);
  expect_filter<32, 8, int8, 32, uint8, 64>(16, 3);
  expect_filter<32, 8, uint8, 32, int8, 64>(28, 60);  // both wrap round
  expect_filter<16, 4, int16, 16, int8, 32>(2, 7);
  expect_filter<16, 5, int8, 32, int8, 32>(0, 31);
}

TEST(SlidingMul, Bfloat16) {
  expect_filter<16, 8, bfloat16, 16, bfloat16, 32>(1, 4);
  expect_filter<16, 3, bfloat16, 16, bfloat16, 32>(15, 31);
}

TEST(SlidingMul, FunctionsAreTheOperations) {
  const auto coeff = ramp<int8, 32>(1);
  const auto data = ramp<int8, 64>();
  const auto acc = aie::sliding_mul<32, 2>(coeff, 0, data, 0);
  EXPECT_EQ(acc.data()[3], 1 * 3 + 2 * 4);
  EXPECT_EQ((aie::sliding_mac<32, 2>(acc, coeff, 2, data, 1).data()[3]), 11 + 3 * 4 + 4 * 5);
}

}  // namespace
}  // namespace sotto::npu::host::testing
