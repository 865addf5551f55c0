#include <gtest/gtest.h>

#include <algorithm>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::Matrix;
using testing::normal_matrix;

class GemmTest : public testing::KernelTest {};

Matrix gemm(const Matrix& a, const Matrix& b, const Matrix& c) {
  Buffer<float> sums = testing::pack_c(c);
  gemm_bf16(sums.data(), testing::pack_a(a).data(), testing::pack_v(b).data(), a.columns / 8);
  return testing::unpack_c(sums);
}

Matrix zero_tile() {
  return Matrix(kTile, kTile);
}

TEST_F(GemmTest, ProductsOfEveryDepthAreThoseOfFloat64) {
  double worst = 0;
  for (const int k : {8, 32, 40, 64, 72, 120, 128, 136, 512}) {
    const Matrix a = normal_matrix(kTile, k, 1), b = normal_matrix(k, kTile, 2);
    const double error = testing::relative_l1(gemm(a, b, zero_tile()), testing::product(a, b));
    EXPECT_LT(error, 1e-6) << k;
    worst = std::max(worst, error);
  }
  testing::record("relative_l1", worst);
}

TEST_F(GemmTest, StoredAsBfloat16IsWithinTheBar) {
  const Matrix a = normal_matrix(kTile, 512, 3), b = normal_matrix(512, kTile, 4);
  const double error =
      testing::relative_l1(testing::rounded(gemm(a, b, zero_tile())), testing::product(a, b));
  testing::record("relative_l1", error);
  EXPECT_LT(error, 3e-3);
}

TEST_F(GemmTest, AddsToTheSumsThatAreThere) {
  const Matrix a = normal_matrix(kTile, 64, 5), b = normal_matrix(64, kTile, 6);
  Matrix c = normal_matrix(kTile, kTile, 7, 100);
  const Matrix sum = gemm(a, b, c);
  const Matrix expected = testing::product(a, b);
  for (std::size_t i = 0; i < c.values.size(); ++i) c.values[i] += expected.values[i];
  EXPECT_LT(testing::relative_l1(sum, c), 1e-6);
}

TEST_F(GemmTest, EightSlicesAreOneProductBitForBit) {
  const Matrix a = normal_matrix(kTile, 512, 8), b = normal_matrix(512, kTile, 9);
  Matrix sliced = zero_tile();
  for (int k = 0; k < 512; k += 64) {
    Matrix a_slice(kTile, 64), b_slice(64, kTile);
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < 64; ++j) {
        a_slice.at(i, j) = a.at(i, k + j);
        b_slice.at(j, i) = b.at(k + j, i);
      }
    }
    sliced = gemm(a_slice, b_slice, sliced);
  }
  EXPECT_EQ(sliced.values, gemm(a, b, zero_tile()).values);
}

TEST_F(GemmTest, TheUnitMatrixShowsTheLayouts) {
  Matrix unit(kTile, kTile), numbered(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    unit.at(i, i) = 1;
    for (int j = 0; j < kTile; ++j) numbered.at(i, j) = (i * 3 + j) % 251;
  }
  EXPECT_EQ(gemm(unit, numbered, zero_tile()).values, numbered.values);
  EXPECT_EQ(gemm(numbered, unit, zero_tile()).values, numbered.values);
}

TEST_F(GemmTest, ANaNStaysInItsRowAndItsColumn) {
  Matrix a = normal_matrix(kTile, 64, 10), b = normal_matrix(64, kTile, 11);
  a.at(61, 3) = testing::kNaN;
  b.at(5, 2) = testing::kNaN;
  const Matrix c = gemm(a, b, zero_tile());
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      EXPECT_EQ(std::isnan(c.at(i, j)), i == 61 || j == 2) << i << ' ' << j;
    }
  }
}

TEST_F(GemmTest, LargeAndSmallNumbersDoNotDrownEachOther) {
  Matrix a = normal_matrix(kTile, 64, 12), b = normal_matrix(64, kTile, 13);
  for (int i = 0; i < kTile; ++i) a.at(i, i) *= 1024;  // an outlier in every row
  EXPECT_LT(testing::relative_l1(gemm(a, b, zero_tile()), testing::product(a, b)), 1e-6);
}

TEST_F(GemmTest, ZeroSumsForgetsWhatWasThere) {
  Buffer<float> c(kTile * kTile);
  std::fill(c.begin(), c.end(), testing::kNaN);
  zero_sums(c.data());
  EXPECT_EQ(std::count(c.begin(), c.end(), 0.0f), kTile * kTile);
}

TEST_F(GemmTest, Int8IsExact) {
  std::mt19937 random(14);
  for (const int k : {32, 40, 64, 104, 128}) {
    const int kb = k / 8;
    Buffer<int8> a(static_cast<std::size_t>(kTile * k)), b(static_cast<std::size_t>(k * kTile));
    Buffer<int32> c(kTile * kTile), expected(kTile * kTile);
    for (int8& x : a) x = static_cast<int8>(random());
    for (int8& x : b) x = static_cast<int8>(random());
    a[0] = b[0] = -128;
    for (int row = 0; row < kTile; ++row) {
      for (int column = 0; column < kTile; ++column) {
        const auto at =
            static_cast<std::size_t>((row / 4 * 8 + column / 8) * 32 + row % 4 * 8 + column % 8);
        c[at] = expected[at] = row * 1000000 - column;
        for (int i = 0; i < k; ++i) {
          const int left =
              a[static_cast<std::size_t>((row / 4 * kb + i / 8) * 32 + row % 4 * 8 + i % 8)];
          const int right =
              b[static_cast<std::size_t>((i / 8 * 8 + column / 8) * 64 + i % 8 * 8 + column % 8)];
          expected[at] += left * right;
        }
      }
    }
    gemm_int8(c.data(), a.data(), b.data(), kb);
    EXPECT_TRUE(std::equal(c.begin(), c.end(), expected.begin())) << k;
  }
}

TEST_F(GemmTest, PassthroughCopiesAndScaleRoundsToNearest) {
  Buffer<int32> words(144), copy(144);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<int32>(i * 0x9E3779B1u);
  passthrough(copy.data(), words.data(), 144);
  EXPECT_TRUE(std::equal(copy.begin(), copy.end(), words.begin()));

  const Matrix in = normal_matrix(1, 96, 15);
  const Buffer<bfloat16> packed = testing::pack(in, [](int, int i) { return std::size_t(i); });
  Buffer<bfloat16> scaled(96);
  const bfloat16 factor = testing::to_bf16(-1.37);
  scale_bf16(scaled.data(), packed.data(), factor, 96);
  for (std::size_t i = 0; i < 96; ++i) {
    EXPECT_EQ(scaled[i].bits(), testing::to_bf16(in.values[i] * float{factor}).bits()) << i;
  }
}

}  // namespace
}  // namespace sotto::npu::kernels
