#include "npu/kernels/float_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "npu/kernels/exp2.h"
#include "npu/kernels/gelu.h"
#include "npu/kernels/gelu_inputs_testing.h"
#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

class FloatMathTest : public testing::KernelTest {
 protected:
  FloatMathTest() { round_and_saturate(); }
};

Sum sum_of(const std::vector<double>& x) {
  aie::vector<float, kSum> lanes;
  for (unsigned i = 0; i < kSum; ++i) lanes[i] = static_cast<float>(x[i]);
  return Sum(lanes);
}

/// Sixteen numbers spread over all of a range of exponents.
std::vector<double> spread(std::uint32_t seed, double low_exponent, double high_exponent) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(low_exponent, high_exponent);
  std::vector<double> x(kSum);
  for (double& value : x) value = static_cast<float>(std::exp2(exponent(random)));
  return x;
}

TEST_F(FloatMathTest, ProductsRootsAndReciprocalsKeepTheirAccuracy) {
  double product = 0, full = 0, inverse = 0, root = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    const auto a = spread(seed, -48, 48), b = spread(seed + 5000, -48, 48);
    const Sum x = sum_of(a), y = sum_of(b);
    const auto p = multiply(x, y).to_vector<float>(), f = multiply_full(x, y).to_vector<float>();
    const auto r = reciprocal(x).to_vector<float>(), q = reciprocal_root(x).to_vector<float>();
    for (unsigned i = 0; i < kSum; ++i) {
      product = std::max(product, std::abs(p.get(i) / (a[i] * b[i]) - 1));
      full = std::max(full, std::abs(f.get(i) / (a[i] * b[i]) - 1));
      inverse = std::max(inverse, std::abs(r.get(i) * a[i] - 1));
      root = std::max(root, std::abs(q.get(i) * std::sqrt(a[i]) - 1));
    }
  }
  testing::record("product", product);
  testing::record("full_product", full);
  testing::record("reciprocal", inverse);
  testing::record("reciprocal_root", root);
  EXPECT_LT(product, 0x1p-15);
  EXPECT_LT(full, 0x1p-21);
  EXPECT_LT(inverse, 0x1p-21);
  EXPECT_LT(root, 0x1p-15);
}

TEST_F(FloatMathTest, ReciprocalsOfPowersOfTwoAreExact) {
  for (int exponent = -60; exponent < 60; ++exponent) {
    const float x = std::ldexp(1.0f, exponent);
    EXPECT_EQ(reciprocal(constant(x)).to_vector<float>().get(0), 1 / x) << exponent;
  }
}

TEST_F(FloatMathTest, CountsBecomeFloats) {
  for (const int n : {0, 1, 384, 1280, 1500, 8388607}) {
    EXPECT_EQ(count_to_float(n).to_vector<float>().get(7), static_cast<float>(n));
  }
}

TEST_F(FloatMathTest, GeluIsWithinTheBarBeforeTheStore) {
  round_and_wrap();
  double worst = 0;
  testing::sweep_gelu_inputs([&](const aie::vector<float, 32>& x) {
    const auto y = gelu(x, x).to_vector<float>();
    for (unsigned lane = 0; lane < 32; ++lane) {
      worst = std::max(worst, std::abs(y.get(lane) - testing::exact_gelu(x.get(lane))));
      if (std::abs(x.get(lane)) >= 4) {
        ASSERT_EQ(y.get(lane), std::max(x.get(lane), 0.0f));
      }
    }
  });
  testing::record("absolute", worst);
  EXPECT_LT(worst, 1.05e-3);  // the bar is 2e-3
}

TEST_F(FloatMathTest, GeluOfHugeNumbersAndOfZero) {
  round_and_wrap();
  const std::vector<float> xs = {0.0f, -0.0f, 1e30f, -1e30f, 257.9f, -258.1f, 3e38f, -3e38f};
  aie::vector<float, 32> x = aie::zeros<float, 32>();
  for (unsigned i = 0; i < xs.size(); ++i) x[i] = xs[i];
  const auto y = gelu(x, x).to_vector<float>();
  for (unsigned i = 0; i < xs.size(); ++i) EXPECT_EQ(y.get(i), std::max(xs[i], 0.0f)) << xs[i];
}

TEST_F(FloatMathTest, Exp2IsAccurateAndMonotonicOverAllArguments) {
  double worst = 0, squares = 0;
  float before = 0;
  for (int y = -32768; y < 32768; y += 32) {
    aie::vector<int16, 32> arguments;
    for (int i = 0; i < 32; ++i) {
      arguments[static_cast<unsigned>(i)] = static_cast<int16>(y + i);
    }
    const auto powers = exp2(arguments);
    for (unsigned i = 0; i < 32; ++i) {
      const float power = powers.get(i);
      const double error = power / std::exp2((y + static_cast<int>(i)) / 1024.0) - 1;
      worst = std::max(worst, std::abs(error));
      squares += error * error;
      ASSERT_GE(power, before);
      before = power;
    }
  }
  testing::record("relative_max", worst);
  testing::record("relative_rms", std::sqrt(squares / 65536));
  EXPECT_LT(worst, 5.7e-3);
  EXPECT_LT(std::sqrt(squares / 65536), 2.6e-3);
}

TEST_F(FloatMathTest, Exp2ArgumentsAreClampedAtBothEnds) {
  const std::vector<std::pair<float, int>> cases = {
      {0.0f, 0},        {1.0f, 1024},        {-1.0f, -1024},      {31.99f, 32758},
      {32.0f, 32767},   {12000.0f, 32767},   {-31.5f, -32256},    {-32.0f, -32768},
      {-33.0f, -32768}, {-4097.0f, -32768},  {-12289.0f, -32768}, {-20000.0f, -32768},
      {-1e30f, -32768}, {-INFINITY, -32768}, {0.0004f, 0},        {0.0006f, 1}};
  for (const auto& [x, expected] : cases) {
    EXPECT_EQ(exp2_argument(SumPair(aie::broadcast<float, 32>(x))).get(3), expected) << x;
  }
}

/// The mean relative error of exp2 over its range.
double exp2_bias() {
  double bias = 0;
  for (int y = -32768; y < 32768; y += 37) {
    const float power = exp2(aie::broadcast<int16, 32>(static_cast<int16>(y))).get(0);
    bias += power / std::exp2(y / 1024.0) - 1;
  }
  return std::abs(bias) / (65536 / 37);
}

TEST_F(FloatMathTest, WithTheRoundingModeOfResetExp2IsBiased) {
  const double nearest = exp2_bias();
  aie::set_rounding(aie::rounding_mode::floor);
  EXPECT_GT(exp2_bias(), 2.5 * nearest);
}

}  // namespace
}  // namespace sotto::npu::kernels
