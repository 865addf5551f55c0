#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

class ElementwiseTest : public CoreTest {};

template <typename T, unsigned Elems>
void expect_integer_arithmetic() {
  const auto a = random_vector<T, Elems>(3);
  const auto b = random_vector<T, Elems>(4);
  for (unsigned i = 0; i < Elems; ++i) {
    const auto x = static_cast<int64>(a[i]);
    const auto y = static_cast<int64>(b[i]);
    EXPECT_EQ(aie::add(a, b)[i], static_cast<T>(x + y));
    EXPECT_EQ(aie::sub(a, b)[i], static_cast<T>(x - y));
    EXPECT_EQ(aie::sub(T(5), b)[i], static_cast<T>(5 - y));
    EXPECT_EQ(aie::neg(a)[i], static_cast<T>(-x));
    EXPECT_EQ(aie::abs(a)[i], static_cast<T>(x < 0 ? -x : x));
    for (const Saturation saturation :
         {Saturation::none, Saturation::saturate, Saturation::symmetric}) {
      core().saturation = saturation;
      EXPECT_EQ(aie::saturating_add(a, b)[i], saturate<T>(x + y, saturation));
      EXPECT_EQ(aie::saturating_sub(a, b)[i], saturate<T>(x - y, saturation));
    }
    EXPECT_EQ(aie::maxdiff(a, b)[i], static_cast<T>(x > y ? x - y : 0));
    EXPECT_EQ(aie::bit_and(a, b)[i], static_cast<T>(x & y));
    EXPECT_EQ(aie::bit_or(a, b)[i], static_cast<T>(x | y));
    EXPECT_EQ(aie::bit_xor(a, T(0x55))[i], static_cast<T>(x ^ 0x55));
    EXPECT_EQ(aie::bit_not(a)[i], static_cast<T>(~x));
  }
}

TEST_F(ElementwiseTest, IntegersAgainstScalars) {
  expect_integer_arithmetic<int8, 64>();
  expect_integer_arithmetic<uint8, 32>();
  expect_integer_arithmetic<int16, 32>();
  expect_integer_arithmetic<uint16, 16>();
  expect_integer_arithmetic<int32, 16>();
  expect_integer_arithmetic<uint32, 8>();
}

TEST_F(ElementwiseTest, LowestIntegerHasNoAbsolute) {
  EXPECT_EQ((aie::abs(aie::broadcast<int8, 64>(-128))[0]), -128);
}

TEST_F(ElementwiseTest, Bfloat16SumsRoundByTheRegister) {
  const auto one = aie::broadcast<bfloat16, 16>(1.0f);
  const auto tiny = aie::broadcast<bfloat16, 16>(0x1.8p-8f);  // one and a half times half a place
  EXPECT_EQ(static_cast<float>(aie::add(one, tiny)[0]), 1.0f);
  state_.rounding = Rounding::conv_even;
  EXPECT_EQ(static_cast<float>(aie::add(one, tiny)[0]), 1.0078125f);
  state_.rounding = Rounding::floor;
  EXPECT_EQ(static_cast<float>(aie::sub(aie::neg(one), tiny)[0]), -1.0078125f);
}

TEST_F(ElementwiseTest, FloatSignsAreBits) {
  const aie::vector<float, 16> v(0.0f, -1.5f, -0.0f);
  EXPECT_TRUE(std::signbit(aie::neg(v)[0]));
  EXPECT_EQ(aie::neg(v)[1], 1.5f);
  EXPECT_FALSE(std::signbit(aie::abs(v)[2]));
  EXPECT_EQ(static_cast<float>(aie::abs(aie::broadcast<bfloat16, 32>(-3.0f))[31]), 3.0f);
}

TEST_F(ElementwiseTest, NoDifferenceIsAboveNan) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  const aie::vector<float, 16> a(kNaN, 1.0f, 3.0f, 1.0f), b(1.0f, kNaN, 1.0f, 3.0f);
  const aie::vector<bfloat16, 16> narrow_a(kNaN, 1.0f, 3.0f, 1.0f),
      narrow_b(1.0f, kNaN, 1.0f, 3.0f);
  const float expected[] = {0, 0, 2, 0};
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(aie::maxdiff(a, b)[i], expected[i]) << i;
    EXPECT_EQ(static_cast<float>(aie::maxdiff(narrow_a, narrow_b)[i]), expected[i]) << i;
  }
}

TEST_F(ElementwiseTest, FloatSumsOfAnyLength) {
  const auto a = random_vector<float, 4>(5);
  const auto b = random_vector<float, 4>(6);
  const auto wide_a = random_vector<float, 32>(5);
  const auto wide_b = random_vector<float, 32>(6);
  for (unsigned i = 0; i < 4; ++i) EXPECT_NEAR(aie::add(a, b)[i], a[i] + b[i], 1e-6);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_NEAR(aie::sub(wide_a, wide_b)[i], wide_a[i] - wide_b[i], 1e-6);
}

TEST_F(ElementwiseTest, Accumulators) {
  const aie::accum<acc32, 16> a(ramp<int16, 16>(-5), 20);
  const aie::accum<acc32, 16> b(ramp<int16, 16>(7), 20);
  EXPECT_EQ(aie::add(a, b).data()[0], 2 << 20);
  EXPECT_EQ(aie::sub(a, b).data()[0], -(12 << 20));
  EXPECT_EQ(aie::neg(a).data()[0], 5 << 20);
  const auto minus = aie::neg(aie::accum<accfloat, 16>(aie::vector<float, 16>(0.0f, 2.5f)));
  EXPECT_EQ(std::bit_cast<uint32>(minus.data()[0]), 0u);  // subtracted from zero, not negated
  EXPECT_EQ(minus.data()[1], -2.5f);
  EXPECT_EQ(aie::add(a, ramp<int16, 16>()).data()[3], (-2 * (1 << 20)) + 3);
  EXPECT_EQ(aie::sub(a, int16(1)).data()[5], -1);
  const auto floats = aie::add(aie::zeros<accfloat, 16>(), aie::broadcast<bfloat16, 16>(2.5f));
  EXPECT_EQ(floats.data()[15], 2.5f);
  EXPECT_EQ(aie::sub(floats, aie::broadcast<float, 16>(1.25f)).data()[7], 1.25f);
}

TEST_F(ElementwiseTest, ShiftsGoThroughTheAccumulator) {
  const auto v = ramp<int16, 16>(-8);
  EXPECT_EQ(aie::upshift(v, 3)[0], -64);
  EXPECT_EQ(aie::downshift(v, 1)[1], -4);  // -7 / 2, floor
  EXPECT_EQ((aie::downshift(aie::broadcast<int32, 16>(-1000), 5)[0]), -32);
  state_.rounding = Rounding::positive_inf;
  EXPECT_EQ(aie::downshift(v, 1)[1], -3);
  EXPECT_EQ((aie::logical_downshift(aie::broadcast<int8, 32>(-2), 1)[0]), 127);
  EXPECT_EQ((aie::logical_downshift(aie::broadcast<int8, 32>(-1), 2)[0]), 64);  // 63.75
  EXPECT_EQ((aie::upshift(aie::broadcast<int16, 16>(20000), 1)[0]), static_cast<int16>(40000));
  state_.saturation = Saturation::saturate;
  EXPECT_EQ((aie::upshift(aie::broadcast<int16, 16>(20000), 1)[0]), 32767);
  EXPECT_EQ((aie::downshift(aie::broadcast<int32, 16>(-7), 1)[0]), -3);
}

template <typename A, typename B, unsigned Elems>
void expect_products() {
  const auto a = random_vector<A, Elems>(7);
  const auto b = random_vector<B, Elems>(8);
  const auto product = aie::mul<acc64>(a, b);
  const auto sum = aie::mac(product, a, B(3));
  const auto difference = aie::msc(product, A(2), b);
  const auto narrow = aie::mul(a, b);
  for (unsigned i = 0; i < Elems; ++i) {
    const int64 exact = static_cast<int64>(a[i]) * static_cast<int64>(b[i]);
    EXPECT_EQ(product.data()[i], exact);
    EXPECT_EQ(sum.data()[i], exact + 3 * static_cast<int64>(a[i]));
    EXPECT_EQ(difference.data()[i], exact - 2 * static_cast<int64>(b[i]));
    EXPECT_EQ(static_cast<uint32>(narrow.data()[i]), static_cast<uint32>(exact));
    EXPECT_EQ(aie::negmul<acc64>(a, b).data()[i], -exact);
  }
}

TEST_F(ElementwiseTest, IntegerProductsOfMixedSigns) {
  expect_products<int8, int8, 32>();
  expect_products<uint8, int8, 32>();
  expect_products<uint8, uint8, 32>();
  expect_products<int16, int8, 32>();
  expect_products<int16, int16, 16>();
  expect_products<uint16, int16, 16>();
  expect_products<int32, int16, 16>();
  expect_products<int32, int32, 16>();
}

TEST_F(ElementwiseTest, Bfloat16ProductsAreExact) {
  const auto a = random_vector<bfloat16, 32>(9);
  const auto b = random_vector<bfloat16, 32>(10);
  const auto product = aie::mul(a, b);
  const auto again = aie::mac(product, a, b);
  const auto less = aie::msc(product, a, b);
  for (unsigned i = 0; i < 32; ++i) {
    const float exact = static_cast<float>(a[i]) * static_cast<float>(b[i]);
    EXPECT_EQ(product.data()[i], exact);
    EXPECT_EQ(again.data()[i], 2 * exact);
    EXPECT_EQ(less.data()[i], 0.0f);
    EXPECT_EQ(aie::mul(a, bfloat16(2.0f)).data()[i], 2 * static_cast<float>(a[i]));
  }
  EXPECT_EQ(aie::mul(a.extract<8>(1), b.extract<8>(1)).data()[0], product.data()[8]);
  const auto none = aie::msc(product.extract<8>(1), a.extract<8>(1), b.extract<8>(1));
  const auto negative = aie::negmul(a.extract<8>(1), b.extract<8>(1));
  for (unsigned i = 0; i < 8; ++i) {
    EXPECT_EQ(none.data()[i], 0.0f);
    EXPECT_EQ(negative.data()[i], -product.data()[8 + i]);
  }
  EXPECT_EQ(aie::mul_square(a).data()[1], static_cast<float>(a[1]) * static_cast<float>(a[1]));
}

TEST_F(ElementwiseTest, FloatProductsAreEmulatedToTheLastPlaces) {
  for (const Rounding rounding : {Rounding::floor, Rounding::conv_even}) {
    state_.rounding = rounding;
    const auto a = random_vector<float, 32>(11, 1000.0f);
    const auto b = random_vector<float, 32>(12);
    const auto product = aie::mul(a, b);
    const auto sum = aie::mac(product, a, b);
    const auto none = aie::msc(product, a, b);
    for (unsigned i = 0; i < 32; ++i) {
      const double exact = static_cast<double>(a[i]) * b[i];
      EXPECT_NEAR(product.data()[i], exact, 3e-7 * std::abs(exact));
      EXPECT_NEAR(sum.data()[i], 2 * exact, 6e-7 * std::abs(exact));
      EXPECT_EQ(none.data()[i], 0.0f);
    }
    EXPECT_EQ((aie::mul(aie::broadcast<float, 16>(3.0f), bfloat16(0.5f)).data()[0]), 1.5f);
  }
}

TEST_F(ElementwiseTest, FloatProductsBitForBit) {
  // From a model of the splits and products in exact fractions, written apart from this one.
  const auto product = [](uint32 x, uint32 y) {
    return std::bit_cast<uint32>(
        float{aie::mul(aie::broadcast<float, 16>(std::bit_cast<float>(x)), std::bit_cast<float>(y))
                  .data()[2]});
  };
  EXPECT_EQ(product(0x40490FDB, 0x402DF854), 0x4108A2C0u);
  EXPECT_EQ(product(0x3F899DB5, 0x3FC67DC1), 0x3FD56728u);  // one less without the smallest product
  EXPECT_EQ(product(0x3FEC78B5, 0x3FE6B09F), 0x40551798u);  // one more if the largest came first
  const auto pi = aie::broadcast<float, 16>(std::bit_cast<float>(0x40490FDB));
  const auto minus_e = aie::broadcast<float, 16>(std::bit_cast<float>(0xC02DF854));
  const aie::accum<accfloat, 16> eight(aie::broadcast<float, 16>(std::bit_cast<float>(0x41000001)));
  EXPECT_EQ(std::bit_cast<uint32>(aie::mac(eight, pi, minus_e).data()[2]), 0xBF0A2BF0u);
}

TEST_F(ElementwiseTest, AFloatMacAddsItsAccumulatorInOneGo) {
  // 1.5 (1.5 + 2^-22) = 2.25 + 3 · 2^-23. By itself it is stored in steps of 2^-22, less 1 in steps
  // of 2^-23.
  const auto x = aie::broadcast<float, 16>(1.5f + 0x1p-22f);
  const auto y = aie::broadcast<float, 16>(1.5f);
  const aie::accum<accfloat, 16> minus_one(aie::broadcast<float, 16>(-1.0f));
  EXPECT_EQ(aie::mul(x, y).data()[0], 2.25f + 0x1p-21f);
  EXPECT_EQ(aie::mac(minus_one, x, y).data()[0], 1.25f + 3 * 0x1p-23f);
  EXPECT_EQ(aie::msc(minus_one, x, y).data()[0], -3.25f - 0x1p-21f);
  state_.mac_model = MacModel::plain_f32;
  EXPECT_EQ(aie::mac(minus_one, x, y).data()[0], 1.25f + 0x1p-21f);
}

TEST_F(ElementwiseTest, AccumulateWeighsVectors) {
  const aie::vector<int16, 16> coeff(2, -3, 5, 7);
  const auto x = ramp<uint8, 32>();
  const auto y = ramp<uint8, 32>(100);
  const auto z = aie::broadcast<uint8, 32>(1);
  const auto acc = aie::accumulate<32>(coeff, 1, x, y, z);
  const auto more = aie::accumulate<32>(acc, coeff, 0, x);
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(acc.data()[i], -3 * int(x[i]) + 5 * int(y[i]) + 7);
    EXPECT_EQ(more.data()[i], acc.data()[i] + 2 * int(x[i]));
  }
  const aie::vector<bfloat16, 8> weights(0.5f, 2.0f, -1.0f);
  const auto a = random_vector<bfloat16, 16>(13);
  const auto b = random_vector<bfloat16, 16>(14);
  const auto floats = aie::accumulate<16>(weights, 0, a, b, a);
  EXPECT_EQ(lanes(aie::accumulate<16>(weights, 0, std::array{a, b, a})), lanes(floats));
  // Eight lanes take the same instructions as sixteen: two products at a time (sliding_mul_test).
  const aie::accum<accfloat, 8> start(aie::broadcast<float, 8>(0x1p24f - 1));
  const aie::vector<bfloat16, 8> coefficients(1.5f, 1.0f);
  const auto ones = aie::broadcast<bfloat16, 8>(1.0f);
  EXPECT_EQ((aie::accumulate<8>(start, coefficients, 0, ones, ones).data()[7]), 0x1p24f + 2);
  for (unsigned i = 0; i < 16; ++i) {
    EXPECT_NEAR(floats.data()[i], 2 * static_cast<float>(b[i]) - 0.5f * static_cast<float>(a[i]),
                1e-5);
  }
}

}  // namespace
}  // namespace sotto::npu::host::testing
