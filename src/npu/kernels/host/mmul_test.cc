#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

class MmulTest : public CoreTest {};

/// C = A B + A B, by mul and mac, against three loops.
template <unsigned M, unsigned K, unsigned N, typename A, typename B>
void expect_product() {
  using Mmul = aie::mmul<M, K, N, A, B>;
  const auto a = random_vector<A, Mmul::size_A>(31);
  const auto b = random_vector<B, Mmul::size_B>(32);
  Mmul c;
  c.mac(a, b);
  Mmul again;
  again.mul(a, b);
  const auto once = c.to_accum();
  EXPECT_EQ(lanes(again.to_accum()), lanes(once));
  c.mac(a, b);
  const auto twice = c.to_accum();
  for (unsigned row = 0; row < M; ++row) {
    for (unsigned column = 0; column < N; ++column) {
      const unsigned at = row * N + column;
      if constexpr (is_floating_v<A>) {
        double sum = 0;
        double magnitude = 0;
        for (unsigned k = 0; k < K; ++k) {
          const double product = double{static_cast<float>(a.data()[row * K + k])} *
                                 double{static_cast<float>(b.data()[k * N + column])};
          sum += product;
          magnitude += std::abs(product);
        }
        // Of 4x8x4 float products one small part is wrong on the core: see below.
        const double error = std::is_same_v<A, float> && K == 8 ? 0x1p-14 : 1e-6;
        EXPECT_NEAR(once.data()[at], sum, error * magnitude);
        EXPECT_NEAR(twice.data()[at], 2 * sum, 2 * error * magnitude);
      } else {
        uint64 sum = 0;
        for (unsigned k = 0; k < K; ++k) {
          sum += static_cast<uint64>(static_cast<int64>(a.data()[row * K + k])) *
                 static_cast<uint64>(static_cast<int64>(b.data()[k * N + column]));
        }
        using Lane = typename Mmul::accum_type::lane_type;
        EXPECT_EQ(once.data()[at], static_cast<Lane>(sum));
        EXPECT_EQ(twice.data()[at], static_cast<Lane>(2 * sum));
      }
    }
  }
}

/// Both operands signed or not.
template <unsigned M, unsigned K, unsigned N, typename A, typename B>
void expect_product_of_all_signs() {
  expect_product<M, K, N, A, B>();
  expect_product<M, K, N, std::make_unsigned_t<A>, B>();
  expect_product<M, K, N, A, std::make_unsigned_t<B>>();
  expect_product<M, K, N, std::make_unsigned_t<A>, std::make_unsigned_t<B>>();
}

TEST_F(MmulTest, EveryShapeOf8x8Bits) {
  expect_product_of_all_signs<4, 8, 8, int8, int8>();
  expect_product_of_all_signs<4, 8, 4, int8, int8>();
  expect_product_of_all_signs<4, 16, 4, int8, int8>();
  expect_product_of_all_signs<8, 8, 4, int8, int8>();
  expect_product_of_all_signs<2, 8, 8, int8, int8>();
  expect_product_of_all_signs<8, 8, 8, int8, int8>();
  expect_product_of_all_signs<1, 16, 8, int8, int8>();
  expect_product_of_all_signs<2, 16, 8, int8, int8>();
  expect_product_of_all_signs<4, 16, 8, int8, int8>();
}

TEST_F(MmulTest, EveryShapeOf16x8And8x16Bits) {
  expect_product_of_all_signs<4, 4, 4, int16, int8>();
  expect_product_of_all_signs<8, 4, 4, int16, int8>();
  expect_product_of_all_signs<4, 8, 4, int16, int8>();
  expect_product_of_all_signs<4, 4, 8, int16, int8>();
  expect_product_of_all_signs<8, 4, 8, int16, int8>();
  expect_product_of_all_signs<2, 8, 8, int16, int8>();
  expect_product_of_all_signs<4, 4, 8, int8, int16>();
  expect_product_of_all_signs<4, 4, 4, int8, int16>();
}

TEST_F(MmulTest, EveryShapeOf16x16Bits) {
  expect_product_of_all_signs<4, 4, 4, int16, int16>();
  expect_product_of_all_signs<2, 4, 8, int16, int16>();
  expect_product_of_all_signs<4, 4, 8, int16, int16>();
  expect_product_of_all_signs<4, 2, 8, int16, int16>();
  expect_product_of_all_signs<8, 2, 8, int16, int16>();
  expect_product_of_all_signs<8, 1, 8, int16, int16>();
}

TEST_F(MmulTest, EveryShapeWith32Bits) {
  expect_product_of_all_signs<2, 4, 8, int16, int32>();
  expect_product_of_all_signs<4, 4, 4, int16, int32>();
  expect_product_of_all_signs<2, 4, 8, int32, int16>();
  expect_product_of_all_signs<4, 4, 4, int32, int16>();
  expect_product_of_all_signs<4, 1, 8, int32, int16>();
  expect_product_of_all_signs<4, 2, 4, int32, int16>();
  expect_product_of_all_signs<4, 4, 8, int32, int16>();
  expect_product_of_all_signs<4, 2, 4, int32, int32>();
  expect_product_of_all_signs<4, 4, 4, int32, int32>();
  expect_product_of_all_signs<8, 2, 4, int32, int32>();
  expect_product_of_all_signs<4, 1, 8, int32, int32>();
}

TEST_F(MmulTest, EveryShapeOfFloats) {
  for (const MacModel model : {MacModel::exact, MacModel::plain_f32}) {
    state_.mac_model = model;
    expect_product<4, 8, 4, bfloat16, bfloat16>();
    expect_product<8, 8, 4, bfloat16, bfloat16>();
    expect_product<4, 8, 8, bfloat16, bfloat16>();
    expect_product<8, 8, 8, bfloat16, bfloat16>();
    expect_product<8, 1, 8, bfloat16, bfloat16>();
    expect_product<4, 8, 4, float, float>();
    expect_product<4, 1, 4, float, float>();
    expect_product<4, 1, 8, float, float>();
  }
}

TEST_F(MmulTest, ShapesThatTheCoreLacksDoNotCompile) {
  static_assert(!has_mmul<bfloat16, bfloat16>({8, 8, 16}));
  static_assert(!has_mmul<int8, int8>({3, 8, 8}));
  static_assert(!has_mmul<bfloat16, float>({4, 8, 4}));
  static_assert(!has_mmul<int8, int32>({4, 4, 4}));
  // Those of aie_api's table that take a sparse B only, or that no header implements.
  static_assert(!has_mmul<bfloat16, bfloat16>({4, 16, 8}));
  static_assert(!has_mmul<int16, int16>({4, 8, 8}));
  static_assert(!has_mmul<int16, int16>({2, 8, 8}));
  static_assert(!has_mmul<int32, int32>({8, 1, 8}));
  static_assert(!has_mmul<int16, int32>({4, 2, 4}));
  static_assert(!has_mmul<float, float>({4, 4, 4}));
  static_assert(has_mmul<uint8, int8>({4, 8, 8}));
  // For a sparse B only.
  static_assert(!has_mmul<bfloat16, bfloat16>({4, 16, 8}));
  static_assert(!has_mmul<int16, int16>({2, 8, 8}));
}

/// Two multiplications of the lowest 16-bit integers, in `Lane`.
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename Lane>
void expect_sums_of_lowest() {
  using Mmul = aie::mmul<M, K, N, A, B>;
  static_assert(std::is_same_v<typename Mmul::accum_type::lane_type, Lane>);
  constexpr A kA = std::numeric_limits<A>::lowest();
  constexpr B kB = std::numeric_limits<B>::lowest();
  Mmul c;
  for (int i = 0; i < 2; ++i) {
    c.mac(aie::broadcast<A, Mmul::size_A>(kA), aie::broadcast<B, Mmul::size_B>(kB));
  }
  EXPECT_EQ(c.to_accum().data()[0], static_cast<Lane>(int64{2} * K * kA * kB));
}

TEST_F(MmulTest, TheInstructionDecidesHowWideItSums) {
  expect_sums_of_lowest<4, 4, 4, int16, int16, int64>();
  expect_sums_of_lowest<2, 4, 8, int16, int16, int64>();
  expect_sums_of_lowest<4, 4, 8, int16, int16, int64>();
  expect_sums_of_lowest<4, 2, 8, int16, int16, int32>();
  expect_sums_of_lowest<8, 2, 8, int16, int16, int32>();
  expect_sums_of_lowest<8, 1, 8, int16, int16, int32>();
  expect_sums_of_lowest<4, 8, 4, int16, int8, int64>();
  expect_sums_of_lowest<2, 8, 8, int16, int8, int64>();
  expect_sums_of_lowest<4, 4, 8, int16, int8, int32>();
  expect_sums_of_lowest<4, 4, 4, int16, int8, int32>();
  expect_sums_of_lowest<4, 4, 8, int8, int16, int64>();
  expect_sums_of_lowest<4, 4, 4, int8, int16, int64>();
  expect_sums_of_lowest<4, 8, 4, int8, int8, int32>();
  expect_sums_of_lowest<2, 4, 8, int32, int16, int64>();
  // So a shift on the way to 32 bits is possible, and acc32 changes nothing.
  aie::mmul<4, 4, 4, int16, int16, acc32> c;
  c.mac(aie::broadcast<int16, 16>(-32768), aie::broadcast<int16, 16>(-32768));
  EXPECT_EQ(c.to_vector<int32>(4)[0], 1 << 28);
}

TEST_F(MmulTest, NativeBfloat16IsOneInstructionPerStep) {
  // 4x8x8 is two 4x8x4 side by side: the same bits.
  const auto a = random_vector<bfloat16, 32>(33);
  const auto b = random_vector<bfloat16, 64>(34);
  aie::mmul<4, 8, 8, bfloat16> wide;
  wide.mac(a, b);
  const auto [left, right] = aie::interleave_unzip(b.extract<32>(0), b.extract<32>(1), 4);
  const auto c_left = mul_4x8_8x4(a, left);
  const auto c_right = mul_4x8_8x4(a, right);
  for (unsigned row = 0; row < 4; ++row) {
    for (unsigned column = 0; column < 4; ++column) {
      EXPECT_EQ(wide.to_accum().data()[row * 8 + column], c_left.data()[row * 4 + column]);
      EXPECT_EQ(wide.to_accum().data()[row * 8 + 4 + column], c_right.data()[row * 4 + column]);
    }
  }
}

TEST_F(MmulTest, FloatMatricesLoseTheProductThatPeanoTurnsRound) {
  // 1 + 2^-9 + 2^-18 in three parts, each of them one bit. Its product with 1 lacks the last part,
  // which is multiplied by another element of b and lands elsewhere: in (0, 2), for the 1 of b is
  // the ninth of its 32 elements, (1, 0) of a 4 x 8 matrix, and meets (0, 0) of an 8 x 4 one.
  aie::vector<float, 32> a = aie::zeros<float, 32>();
  aie::vector<float, 32> b = aie::zeros<float, 32>();
  a[2] = 1.0f + 0x1p-9f + 0x1p-18f;  // row 0, k = 2
  b[8] = 1.0f;                       // k = 2, column 0
  aie::mmul<4, 8, 4, float> c;
  c.mac(a, b);
  std::vector<float> expected(16, 0.0f);
  expected[0] = 1.0f + 0x1p-9f;
  expected[4 + 2] = 0x1p-18f;  // row 1, column 2
  EXPECT_EQ(lanes(c.to_accum()), expected);
}

TEST_F(MmulTest, StartsFromVectorsAndStoresThroughTheRegisters) {
  aie::mmul<4, 8, 8, int8> c(aie::broadcast<int16, 32>(-100), 1);
  EXPECT_EQ(c.to_vector<int16>()[0], -200);
  EXPECT_EQ(c.to_vector<int8>()[0], 56);
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(c.to_vector<int8>()[0], -128);
  EXPECT_EQ(c.to_vector<uint8>()[0], 0);
  EXPECT_EQ(c.to_vector<int16>(4)[0], -13);  // -12.5, floor
  c = aie::zeros<acc32, 32>();
  EXPECT_EQ(c.to_vector<int32>()[31], 0);
}

}  // namespace
}  // namespace sotto::npu::host::testing
