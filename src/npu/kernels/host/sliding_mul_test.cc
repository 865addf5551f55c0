#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

/// Against the sum in aie_api's documentation of sliding_mul_ops, by mul, mac and negmul.
template <unsigned Lanes, unsigned Points, typename C, unsigned NC, typename D, unsigned ND,
          int kCoeffStep = 1, int kStepX = 1, int kStepY = kStepX, typename Tag = accauto>
void expect_filter(unsigned coeff_start, unsigned data_start) {
  const auto coeff = random_vector<C, NC>(41);
  const auto data = random_vector<D, ND>(42);
  using Ops = aie::sliding_mul_ops<Lanes, Points, kCoeffStep, kStepX, kStepY, C, D, Tag>;
  const auto once = Ops::mul(coeff, coeff_start, data, data_start);
  const auto twice = Ops::mac(once, coeff, coeff_start, data, data_start);
  const auto negative = Ops::negmul(coeff, coeff_start, data, data_start);
  for (unsigned lane = 0; lane < Lanes; ++lane) {
    double sum = 0;
    for (unsigned p = 0; p < Points; ++p) {
      sum += static_cast<double>(coeff.data()[(coeff_start + p * kCoeffStep) % NC]) *
             static_cast<double>(data.data()[(data_start + p * kStepX + lane * kStepY) % ND]);
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

TEST(SlidingMul, StepsOfTwoAndOfSixteen) {
  expect_filter<32, 8, int8, 32, uint8, 128, 1, 2>(0, 5);
  expect_filter<16, 8, int8, 64, int8, 64, 2>(3, 60);
  expect_filter<16, 4, int16, 16, int16, 64, 2, 2, 2, acc64>(1, 50);
  expect_filter<16, 4, int16, 16, int16, 64, 1, 16, 1, acc64>(2, 7);
  EXPECT_FALSE(has_sliding_steps(1, 1, 2));
  EXPECT_FALSE(has_sliding_steps(3, 1, 1));
}

TEST(SlidingMul, Floats) {
  expect_filter<16, 8, bfloat16, 16, bfloat16, 32>(1, 4);
  expect_filter<16, 3, bfloat16, 16, bfloat16, 32>(15, 31);
  expect_filter<16, 4, float, 16, float, 32>(3, 30);
}

TEST(SlidingMul, Bfloat16TakesOnePointAnInstruction) {
  // 2^24 - 1 steps by one, so 1.5 counts as 2. One after another: 2^24 + 1 is stored as 2^24, which
  // steps by two and loses the second 1. In one instruction both add up to 2^24 + 2.
  const aie::vector<bfloat16, 16> coeff(1.5f, 1.0f);
  const auto ones = aie::broadcast<bfloat16, 16>(1.0f);
  const aie::accum<accfloat, 16> start(aie::broadcast<float, 16>(0x1p24f - 1));
  EXPECT_EQ((aie::sliding_mac<16, 2>(start, coeff, 0, ones, 0).data()[0]), 0x1p24f);
  EXPECT_EQ((aie::accumulate<16>(start, coeff, 0, ones, ones).data()[0]), 0x1p24f + 2);
}

TEST(SlidingMul, ChannelsAlternate) {
  const auto coeff = random_vector<int8, 64>(43);
  const auto data = random_vector<uint8, 64>(44);
  const auto four = aie::sliding_mul_ch<8, 4, 8>(coeff, 1, data, 3);
  const auto eight = aie::sliding_mul_ch<4, 8, 4>(coeff, 1, data, 3);
  const auto more = aie::sliding_mac_ch<4, 8, 4>(eight, coeff, 1, data, 3);
  for (unsigned lane = 0; lane < 32; ++lane) {
    int sum_of_four = 0, sum_of_eight = 0;
    for (unsigned p = 0; p < 8; ++p) {
      sum_of_four += int{coeff[((1 + p) * 4 + lane % 4) % 64]} *
                     int{data[((3 + lane / 4 + p) * 4 + lane % 4) % 64]};
      if (p < 4) {
        sum_of_eight += int{coeff[((1 + p) * 8 + lane % 8) % 64]} *
                        int{data[((3 + lane / 8 + p) * 8 + lane % 8) % 64]};
      }
    }
    EXPECT_EQ(four.data()[lane], sum_of_four);
    EXPECT_EQ(eight.data()[lane], sum_of_eight);
    EXPECT_EQ(more.data()[lane], 2 * sum_of_eight);
  }
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
