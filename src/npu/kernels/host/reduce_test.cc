#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

class ReduceTest : public CoreTest {};

template <typename T, unsigned Elems>
void expect_reductions() {
  const auto v = random_vector<T, Elems>(21);
  int64 sum = 0;
  T highest = v[0];
  T lowest = v[0];
  for (unsigned i = 0; i < Elems; ++i) {
    sum += static_cast<int64>(v[i]);
    highest = std::max(highest, T(v[i]));
    lowest = std::min(lowest, T(v[i]));
  }
  EXPECT_EQ(aie::reduce_add(v), static_cast<T>(sum));
  EXPECT_EQ(aie::reduce_max(v), highest);
  EXPECT_EQ(aie::reduce_min(v), lowest);
}

TEST_F(ReduceTest, IntegersWrap) {
  expect_reductions<int8, 64>();
  expect_reductions<uint8, 16>();
  expect_reductions<int16, 32>();
  expect_reductions<uint16, 8>();
  expect_reductions<int32, 16>();
  expect_reductions<uint32, 32>();
}

TEST_F(ReduceTest, NarrowSumsSaturateAtTheEnd) {
  const auto v = aie::broadcast<int8, 16>(100);
  EXPECT_EQ(aie::reduce_add(v), static_cast<int8>(1600));
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(aie::reduce_add(v), 127);
  // 32 lanes first fold to 16, which wraps: 200 becomes -56.
  EXPECT_EQ((aie::reduce_add(aie::broadcast<int8, 32>(100))), -128);
}

TEST_F(ReduceTest, FloatsFoldHalvesOntoHalves) {
  // 2^24 and ones: the order decides which ones are lost.
  aie::vector<float, 16> v = aie::broadcast<float, 16>(1.0f);
  v[0] = 0x1p24f;
  float folded[16];
  for (unsigned i = 0; i < 16; ++i) folded[i] = v[i];
  for (unsigned n = 8; n > 0; n /= 2) {
    for (unsigned i = 0; i < n; ++i) folded[i] += folded[i + n];
  }
  EXPECT_EQ(aie::reduce_add(v), folded[0]);
  EXPECT_EQ(aie::reduce_max(v), 0x1p24f);
  EXPECT_EQ(aie::reduce_min(v), 1.0f);
}

TEST_F(ReduceTest, LargeVectorsJoinTheirRegistersFirst) {
  // Of four registers, (first + second) + (third + fourth): 2^24 and three ones. The second is lost
  // as a tie to even; the other two make 2 before they meet it. Any other order loses more or less.
  aie::vector<float, 64> v = aie::zeros<float, 64>();
  v[0] = 0x1p24f;
  v[16] = v[32] = v[48] = 1.0f;
  EXPECT_EQ(aie::reduce_add(v), 0x1p24f + 2);
  // The largest: one register after another. 1 - 2^-24 and 1 count as equal, and the first stays.
  v = aie::broadcast<float, 64>(-1.0f);
  v[16] = 1.0f - 0x1p-24f;
  v[32] = 1.0f;
  EXPECT_EQ(aie::reduce_max(v), 1.0f - 0x1p-24f);
}

TEST_F(ReduceTest, ProductsAreStoredAtEveryFold) {
  aie::vector<int16, 16> v = aie::broadcast<int16, 16>(1);
  v[0] = 3;
  v[8] = -5;
  v[15] = 7;
  EXPECT_EQ(aie::reduce_mul(v), -105);
  v[0] = v[8] = 300;
  v[4] = 0;
  EXPECT_EQ(aie::reduce_mul(v), 0);
  v[4] = 1;
  EXPECT_EQ(aie::reduce_mul(v), static_cast<int16>(90000 * 7));
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(aie::reduce_mul(v), 32767);
  aie::vector<int8, 128> wide = aie::broadcast<int8, 128>(1);
  wide[3] = 5;
  wide[100] = -2;
  EXPECT_EQ(aie::reduce_mul(wide), -10);
  EXPECT_EQ(static_cast<float>(aie::reduce_mul(aie::broadcast<bfloat16, 8>(2.0f))), 256.0f);
}

TEST_F(ReduceTest, Bfloat16SumsAreFloatUntilTheStore) {
  for (const auto& [value, count] : {std::pair{1.0f, 32}, {3.0f, 32}, {0.25f, 32}}) {
    EXPECT_EQ(static_cast<float>(aie::reduce_add(aie::broadcast<bfloat16, 32>(value))),
              value * static_cast<float>(count));
  }
  // 15 · 1 + 2^-6 needs ten bits: cut off under floor.
  aie::vector<bfloat16, 16> v = aie::broadcast<bfloat16, 16>(1.0f);
  v[15] = 0x1p-6f;
  EXPECT_EQ(static_cast<float>(aie::reduce_add(v)), 15.0f);
  state_.rounding = Rounding::ceil;
  EXPECT_EQ(static_cast<float>(aie::reduce_add(v)), 15.0625f);
  EXPECT_EQ(static_cast<float>(aie::reduce_add(v.extract<8>(0))), 8.0f);
  EXPECT_EQ(static_cast<float>(aie::reduce_max(v)), 1.0f);
}

TEST_F(ReduceTest, SeveralVectorsAtOnce) {
  const auto sums =
      aie::reduce_add_v(ramp<int32, 8>(), ramp<int32, 8>(1), aie::broadcast<int32, 8>(-2));
  EXPECT_EQ(sums[0], 28);
  EXPECT_EQ(sums[1], 36);
  EXPECT_EQ(sums[2], -16);
}

}  // namespace
}  // namespace sotto::npu::host::testing
