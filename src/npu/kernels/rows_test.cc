// The kernels that take rows as they are: GELU, Softmax and LayerNorm.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::kNaN;
using testing::Matrix;
using testing::normal_matrix;
using testing::to_bf16;

class RowsTest : public testing::KernelTest {};

Buffer<bfloat16> row_of(const std::vector<double>& values, std::size_t size, double behind) {
  Buffer<bfloat16> row(size);
  std::fill(row.begin(), row.end(), to_bf16(behind));
  for (std::size_t i = 0; i < values.size(); ++i) row[i] = to_bf16(values[i]);
  return row;
}

std::size_t padded(std::size_t count) {
  return (count + 31) / 32 * 32;
}

TEST_F(RowsTest, GeluOfAnyLengthRoundsOnceAndLeavesTheRestAlone) {
  for (const std::size_t count : {1u, 15u, 16u, 31u, 32u, 48u, 77u, 2048u}) {
    std::vector<double> x = normal_matrix(1, static_cast<int>(count), 1, 3).values;
    x[0] = 194;
    x[count / 2] = -112;
    const Buffer<bfloat16> in = row_of(x, padded(count), kNaN);
    Buffer<bfloat16> out = row_of({}, padded(count), 7);
    gelu_bf16(out.data(), in.data(), static_cast<int>(count));
    for (std::size_t i = 0; i < count; ++i) {
      const double expected = testing::exact_gelu(x[i]);
      // The bar before the store, and half a step of bfloat16 for it.
      EXPECT_LE(std::abs(out[i] - expected), 1.05e-3 + std::abs(expected) * 0x1p-8) << x[i];
    }
    for (std::size_t i = count; i < padded(count); ++i) EXPECT_EQ(out[i], 7.0f);
  }
}

TEST_F(RowsTest, GeluOfNaNIsNaNOrZero) {
  Buffer<bfloat16> in(32), out(32);
  for (std::size_t i = 0; i < 32; ++i) {
    in[i] = bfloat16::from_bits(static_cast<std::uint16_t>((i % 2 == 0 ? 0x7F81 : 0xFF81) + 2 * i));
  }
  gelu_bf16(out.data(), in.data(), 32);
  for (const bfloat16 y : out) EXPECT_TRUE(std::isnan(float{y}) || float{y} == 0) << float{y};
}

TEST_F(RowsTest, GeluOfLargeNumbersIsTheNumberOrZero) {
  const Buffer<bfloat16> in = row_of({5, 100, 194, 3e38, -5, -100, -112, -3e38}, 32, 0);
  Buffer<bfloat16> out(32);
  gelu_bf16(out.data(), in.data(), 32);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(out[i], std::max(float{in[i]}, 0.0f));
}

/// Softmax of x, with `behind` behind it.
Buffer<bfloat16> softmax(const std::vector<double>& x, double behind) {
  const Buffer<bfloat16> in = row_of(x, padded(x.size()), behind);
  Buffer<bfloat16> out = row_of({}, padded(x.size()), kNaN);
  softmax_bf16(out.data(), in.data(), static_cast<int>(x.size()));
  return out;
}

double softmax_error(const std::vector<double>& x) {
  const Buffer<bfloat16> out = softmax(x, kNaN);
  const std::vector<double> expected = testing::exact_softmax(x);
  double error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) error += std::abs(out[i] - expected[i]);
  for (std::size_t i = x.size(); i < out.size(); ++i) EXPECT_EQ(out[i].bits(), 0) << i;
  return error;  // the sum of `expected` is 1
}

TEST_F(RowsTest, SoftmaxOfAnyLengthIsCloseToFloat64) {
  double worst = 0;
  for (const int count : {1, 2, 31, 32, 33, 64, 1000, 1500}) {
    for (const double deviation : {0.1, 1.0, 6.0, 30.0}) {
      const double error = softmax_error(normal_matrix(1, count, 2, deviation).values);
      EXPECT_LT(error, 5e-3) << count << ' ' << deviation;
      worst = std::max(worst, error);
    }
  }
  testing::record("relative_l1", worst);
}

TEST_F(RowsTest, SoftmaxIsSafe) {
  EXPECT_LT(softmax_error(std::vector<double>(1500, -3.0)), 4e-3);  // all equal
  EXPECT_LT(softmax_error({-1e38, -1.5e38, -3e38}), 1e-3);          // far below zero
  EXPECT_LT(softmax_error({3e38, -3e38, 0, 1}), 1e-3);              // the difference overflows
  EXPECT_LT(softmax_error({0, -INFINITY, 0, -INFINITY, -88, -20}), 4e-3);
  std::vector<double> outlier(1500, 1.0);
  outlier[1499] = 1e4;
  EXPECT_LT(softmax_error(outlier), 1e-3);
}

TEST_F(RowsTest, WhatLiesBehindASoftmaxChangesNothing) {
  // max passes over NaN: only numbers show that a mask is missing.
  for (const int count : {1, 15, 16, 17, 31, 33, 47, 70}) {
    const std::vector<double> x = normal_matrix(1, count, 9, 3).values;
    const Buffer<bfloat16> expected = softmax(x, 0);
    for (const double behind : {1e3, 3e38, -3e38, HUGE_VAL, -HUGE_VAL, double{kNaN}}) {
      const Buffer<bfloat16> out = softmax(x, behind);
      for (std::size_t i = 0; i < out.size(); ++i) {
        EXPECT_EQ(out[i].bits(), expected[i].bits()) << count << " with " << behind << " at " << i;
      }
    }
  }
}

TEST_F(RowsTest, SoftmaxSumsToOne) {
  // The roundings of many weights cancel each other; a factor that is off does not.
  for (const int count : {1000, 1100, 1200, 1300, 1400, 1500}) {
    double sum = 0;
    for (const bfloat16 weight : softmax(normal_matrix(1, count, 10).values, kNaN)) sum += weight;
    EXPECT_NEAR(sum, 1, 2.5e-4) << count;
  }
}

/// Mean |error| over mean |expected| of rows of `x`.
double layer_norm_error(const Matrix& x) {
  const Matrix gamma = normal_matrix(1, x.columns, 3), beta = normal_matrix(1, x.columns, 4);
  const auto index = [&](int row, int i) { return static_cast<std::size_t>(row * x.columns + i); };
  const Buffer<bfloat16> in = testing::pack(x, index), g = testing::pack(gamma, index),
                         b = testing::pack(beta, index);
  Buffer<bfloat16> out(in.size());
  layer_norm_bf16(out.data(), in.data(), g.data(), b.data(), x.rows, x.columns);
  Matrix actual = x;
  for (int row = 0; row < x.rows; ++row) {
    for (int i = 0; i < x.columns; ++i) actual.at(row, i) = out[index(row, i)];
  }
  return testing::relative_l1(actual, testing::exact_layer_norm(x, gamma, beta));
}

TEST_F(RowsTest, LayerNormOfAnyWidthIsCloseToFloat64) {
  double worst = 0;
  for (const int width : {16, 48, 80, 384, 512, 768, 1280}) {
    const double error = layer_norm_error(normal_matrix(5, width, 5));
    EXPECT_LT(error, 2e-3) << width;
    worst = std::max(worst, error);
  }
  testing::record("relative_l1", worst);
}

TEST_F(RowsTest, LayerNormLosesNothingToALargeMeanOrAnOutlier) {
  Matrix offset = normal_matrix(4, 512, 6);
  for (double& x : offset.values) x = float{to_bf16(x + 500)};  // steps of 2 around 500
  EXPECT_LT(layer_norm_error(offset), 2e-3);
  Matrix outlier = normal_matrix(4, 512, 7);
  for (int row = 0; row < 4; ++row) outlier.at(row, 100) = 30000;
  EXPECT_LT(layer_norm_error(outlier), 2e-3);
  Matrix constant(3, 512);
  for (double& x : constant.values) x = 539;
  EXPECT_LT(layer_norm_error(constant), 2e-3);
  EXPECT_LT(layer_norm_error(Matrix(3, 64)), 2e-3);  // zeros
  EXPECT_LT(layer_norm_error(normal_matrix(3, 512, 8, 1e-4)), 2e-3);
}

TEST_F(RowsTest, LayerNormOfTheLargestNumbers) {
  Matrix largest(2, 48);
  for (int i = 0; i < 96; ++i) largest.values[static_cast<std::size_t>(i)] = 0x1.FEp29;
  for (int i = 0; i < 96; i += 2) largest.values[static_cast<std::size_t>(i)] = -0x1.FEp29;
  EXPECT_LT(layer_norm_error(largest), 2e-3);
}

TEST_F(RowsTest, LayerNormSquaresAllBitsOfTheDeviations) {
  // 642 of 1280 elements are 1, the others -1: 1 - mean and -1 - mean need more bits than bfloat16
  // has, and what it drops has the same sign as they have. Less beta, an error of the deviation
  // shows.
  constexpr int kWidth = 1280;
  std::vector<double> x(kWidth, -1.0);
  std::fill(x.begin(), x.begin() + 642, 1.0);
  const Buffer<bfloat16> in = row_of(x, kWidth, 0);
  const Buffer<bfloat16> gamma = row_of(std::vector<double>(kWidth, 1.0), kWidth, 0);
  const Buffer<bfloat16> beta = row_of(std::vector<double>(kWidth, -1.0), kWidth, 0);
  Buffer<bfloat16> out(kWidth);
  layer_norm_bf16(out.data(), in.data(), gamma.data(), beta.data(), 1, kWidth);
  const double mean = 4.0 / kWidth;
  const double expected = (1 - mean) / std::sqrt(1 - mean * mean + 1e-5) - 1;
  EXPECT_NEAR(out[0], expected, 6e-5);
  EXPECT_NEAR(out[641], expected, 6e-5);
}

/// What finish_statistics makes of rows with this mean and deviation: -mean and sigma of one.
std::array<double, 2> finished(double mean, double deviation, int width) {
  Buffer<float> sums(kTileBlocks * kSum), squares(kTileBlocks * kSum);
  std::fill(sums.begin(), sums.end(), static_cast<float>(mean * width));
  std::fill(squares.begin(), squares.end(),
            static_cast<float>((mean * mean + deviation * deviation) * width));
  Buffer<bfloat16> rows(kTileBlocks * kOperand), inverse_sigmas(kTileBlocks * kOperand);
  finish_statistics(rows.data(), inverse_sigmas.data(), sums.data(), squares.data(),
                    1.0f / static_cast<float>(width));
  return {double{rows[0]} + rows[1], double{rows[3]} + rows[4]};
}

TEST_F(RowsTest, StatisticsOfTheNarrowestAndTheWidestRows) {
  for (const int width : {1, 7, 8, 1280, (1 << 23) - 1}) {
    const auto [minus_mean, sigma] = finished(3, 2, width);
    EXPECT_NEAR(minus_mean, -3, 1e-4) << width;
    EXPECT_NEAR(sigma, 2, 1e-3) << width;
  }
}

TEST_F(RowsTest, StatisticsOfLargeNumbers) {
  Buffer<bfloat16> a(kTile * kTile), rows(kTileBlocks * kOperand), inverse_sigmas(rows.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = to_bf16(i % 2 == 0 ? 0x1.FEp29 : -0x1.FEp29);
  Buffer<float> sums(kTileBlocks * kSum), squares(kTileBlocks * kSum);
  zero_blocks(sums.data(), kTileBlocks);
  zero_blocks(squares.data(), kTileBlocks);
  row_statistics(sums.data(), squares.data(), a.data());
  finish_statistics(rows.data(), inverse_sigmas.data(), sums.data(), squares.data(), 0x1p-6f);
  for (std::size_t i = 0; i < inverse_sigmas.size(); i += 32) {
    EXPECT_NEAR(double{inverse_sigmas[i]} + inverse_sigmas[i + 16], 0x1p-29 / 1.9921875, 0x1p-43);
  }
}

}  // namespace
}  // namespace sotto::npu::kernels
