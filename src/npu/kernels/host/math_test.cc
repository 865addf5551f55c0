#include <cmath>

#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

class MathTest : public CoreTest {};

TEST_F(MathTest, ReciprocalsOfFloats) {
  for (const Rounding rounding : {Rounding::floor, Rounding::conv_even}) {
    state_.rounding = rounding;
    for (float x = 1e-30f; x < 1e30f; x *= 1.37f) {
      const auto v = aie::broadcast<float, 16>(x);
      EXPECT_NEAR(aie::inv(v)[15] * x, 1.0, 4e-4) << x;
      EXPECT_NEAR(aie::inv(aie::neg(v))[15] * x, -1.0, 4e-4) << x;
      EXPECT_NEAR(aie::invsqrt(v)[15] * std::sqrt(x), 1.0, 1e-3) << x;
    }
  }
}

TEST_F(MathTest, ReciprocalsBitForBit) {
  // From a model of the sequences in exact fractions, written apart from this one.
  const struct {
    uint32 x, inverse, inverse_root;
  } floats[] = {{0x40490FDB, 0x3EA2F983, 0x3F1065AE},
                {0x3E99999A, 0x40555554, 0x3FE9CA4A},
                {0x447A1234, 0x3A8308E5, 0x3D01877D}};
  // bfloat16 stores at every step: under floor, then to nearest even.
  const struct {
    uint16 x, inverse, inverse_root, nearest_inverse, nearest_root;
  } halves[] = {{0x4049, 0x3EA2, 0x3F10, 0x3EA3, 0x3F11},
                {0x3E9A, 0x4054, 0x3FE8, 0x4054, 0x3FEA},
                {0x447A, 0x3A83, 0x3D01, 0x3A83, 0x3D01}};
  for (const bool nearest : {false, true}) {
    state_.rounding = nearest ? Rounding::conv_even : Rounding::floor;
    for (const auto& c : floats) {
      const auto x = aie::broadcast<float, 16>(std::bit_cast<float>(c.x));
      EXPECT_EQ(std::bit_cast<uint32>(float{aie::inv(x)[9]}), c.inverse);
      EXPECT_EQ(std::bit_cast<uint32>(float{aie::invsqrt(x)[9]}), c.inverse_root);
    }
    for (const auto& c : halves) {
      const auto x = aie::broadcast<bfloat16, 16>(bfloat16::from_bits(c.x));
      EXPECT_EQ(aie::inv(x)[9].bits(), nearest ? c.nearest_inverse : c.inverse);
      EXPECT_EQ(aie::invsqrt(x)[9].bits(), nearest ? c.nearest_root : c.inverse_root);
    }
  }
}

TEST_F(MathTest, ReciprocalsOfBfloat16) {
  state_.rounding = Rounding::conv_even;
  for (float x = 1e-6f; x < 1e6f; x *= 1.21f) {
    const bfloat16 narrow = x;
    EXPECT_NEAR(static_cast<float>(aie::inv(narrow)) * static_cast<float>(narrow), 1.0, 0.02);
    EXPECT_NEAR(static_cast<float>(aie::invsqrt(narrow)) * std::sqrt(static_cast<float>(narrow)),
                1.0, 0.02);
  }
}

TEST_F(MathTest, ScalarFloatsAreExact) {
  // Soft-float on the core, unlike the vectors, which are 2e-4 off.
  for (const float x : {3.0f, -7.0f, 0.1f, 1e-30f}) EXPECT_EQ(aie::inv(x), 1.0f / x);
  EXPECT_EQ(aie::invsqrt(3.0f), 1.0f / std::sqrt(3.0f));
  EXPECT_EQ(aie::sqrt(2.0f), std::sqrt(2.0f));
  EXPECT_NE(aie::inv(aie::broadcast<float, 16>(3.0f))[0], 1.0f / 3.0f);
  EXPECT_EQ(aie::sqrt(aie::broadcast<float, 8>(9.0f))[7], 3.0f);
  EXPECT_EQ(static_cast<float>(aie::sqrt(bfloat16(16.0f))), 4.0f);
  EXPECT_EQ(aie::div(aie::broadcast<float, 16>(3.0f), 0.5f).data()[0], 6.0f);
}

TEST_F(MathTest, AccumulatorsGoInAndOut) {
  const aie::accum<accfloat, 16> four(aie::broadcast<float, 16>(4.0f));
  EXPECT_EQ(lanes(aie::inv(four)), lanes(aie::inv(four.to_vector())));
  EXPECT_EQ(lanes(aie::invsqrt(four)), lanes(aie::invsqrt(four.to_vector())));
  EXPECT_EQ(aie::sqrt(four).data()[3], 2.0f);
  const aie::accum<acc32, 32> words(ramp<int16, 32>(-3), 4);
  EXPECT_EQ(aie::to_float(words, 2)[0], -12.0f);
  aie::accum<acc64, 16> wide;
  wide.from_vector(aie::broadcast<int32, 16>(-123456789), 20);
  EXPECT_EQ(aie::to_float(wide, 20)[5], -123456789.0f);
  // 2^40 + 2^17 + 1: the pieces are 2^40, 2^17 and 1, and float keeps 24 bits of their sum.
  wide.data()[0] = (int64{1} << 40) + (1 << 17) + 1;
  EXPECT_EQ(aie::to_float(wide)[0], 0x1p40f + 0x1p17f);
  // 2^16 is half a place beside 2^40 and is gone before 2^15 comes; together they would round up.
  wide.data()[0] = (int64{1} << 40) + (1 << 16) + (1 << 15);
  EXPECT_EQ(aie::to_float(wide)[0], 0x1p40f);
}

TEST_F(MathTest, VectorsOfAnyLength) {
  const aie::vector<float, 8> v = aie::broadcast<float, 8>(4.0f);
  EXPECT_NEAR(aie::inv(v)[7], 0.25f, 1e-4);
  EXPECT_NEAR((aie::invsqrt(aie::broadcast<float, 32>(4.0f))[31]), 0.5f, 1e-3);
  EXPECT_NEAR(aie::div(v, v).data()[3], 1.0f, 4e-4);
  EXPECT_NEAR(aie::div(v, 8.0f).data()[3], 0.5f, 4e-4);
}

TEST_F(MathTest, FloatsToIntegersRoundToNearestEven) {
  for (const float value : {0.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 1000.49f, -32768.0f,
                            32767.0f, 123456.5f, -8388607.0f}) {
    EXPECT_EQ(aie::to_fixed<int32>(value), static_cast<int32>(std::nearbyint(value))) << value;
  }
  EXPECT_EQ(aie::to_fixed<int32>(3.14159f, 8), static_cast<int32>(std::nearbyint(3.14159f * 256)));
  EXPECT_EQ(aie::to_fixed<int16>(-2.5f), -2);
  EXPECT_EQ(aie::to_fixed<int16>(1e5f), 32767);
  EXPECT_EQ(aie::to_fixed<int16>(-1e5f), -32768);
  EXPECT_EQ(aie::to_fixed<int8>(200.0f), 127);
  EXPECT_EQ(aie::to_fixed<int32>(1e9f), 1000000000);
  EXPECT_EQ(state_.saturation, Saturation::none);  // as it was
}

TEST_F(MathTest, Bfloat16ToIntegersRoundsDown) {
  EXPECT_EQ((aie::to_fixed<int32>(aie::broadcast<bfloat16, 16>(-1.5f), 0)[0]), -2);
  EXPECT_EQ((aie::to_fixed<int16>(aie::broadcast<bfloat16, 32>(1.0078125f), 8)[31]), 258);
  // 39936 under floor, less 2^16: it wraps.
  EXPECT_EQ((aie::to_fixed<int16>(aie::broadcast<bfloat16, 8>(40000.0f))[0]), -25600);
}

TEST_F(MathTest, IntegersToFloatsAreExactUpTo24Bits) {
  for (const int value : {0, 1, -1, 255, -32768, 32767, 65536, -65537, 16777215}) {
    EXPECT_EQ(aie::to_float(value), static_cast<float>(value));
    EXPECT_EQ(aie::to_float(value, 4), static_cast<float>(value) / 16);
  }
  EXPECT_EQ(aie::to_float(2147483647), 2147483648.0f);
  // The halves are -2^24 and 1, and the core's addition drops the 1 before it adds.
  EXPECT_EQ(aie::to_float(-16777215), -16777216.0f);
  EXPECT_EQ((aie::to_float(aie::broadcast<int16, 16>(-300), 2)[3]), -75.0f);
  EXPECT_EQ((aie::to_float(aie::broadcast<uint16, 16>(65535))[3]), 65535.0f);
  EXPECT_EQ((aie::to_float(aie::broadcast<int8, 32>(-128))[31]), -128.0f);
  EXPECT_EQ((aie::to_float(aie::broadcast<uint32, 16>(4000000000u))[0]), 4e9f);
  EXPECT_EQ(static_cast<float>(aie::to_float<bfloat16>(aie::broadcast<int16, 16>(257))[0]), 256.0f);
}

}  // namespace
}  // namespace sotto::npu::host::testing
