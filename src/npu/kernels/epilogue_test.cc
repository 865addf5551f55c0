// Row statistics, the folded LayerNorm, and all epilogues against float64.
#include <gtest/gtest.h>

#include <algorithm>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"
#include "npu/kernels/runner_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::kNaN;
using testing::Matrix;
using testing::normal_matrix;

constexpr std::size_t kRowBlocks = kTileBlocks * kOperand;

/// What a core holds for LayerNorm.
struct Norm {
  Buffer<float> sums{kTileBlocks * kSum}, squares{kTileBlocks * kSum};
  Buffer<bfloat16> rows{kRowBlocks}, inverse_sigmas{kRowBlocks};
};

/// The statistics of `x`, taken tile by tile.
Norm norm_of(const Matrix& x) {
  Norm norm;
  std::fill(norm.sums.begin(), norm.sums.end(), kNaN);
  std::fill(norm.squares.begin(), norm.squares.end(), kNaN);
  zero_blocks(norm.sums.data(), kTileBlocks);
  zero_blocks(norm.squares.data(), kTileBlocks);
  for (int k = 0; k < x.columns; k += 64) {
    Matrix slice(kTile, kTile);  // zeros add nothing
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < std::min(kTile, x.columns - k); ++j) slice.at(i, j) = x.at(i, k + j);
    }
    row_statistics(norm.sums.data(), norm.squares.data(), testing::pack_a(slice).data());
  }
  finish_statistics(norm.rows.data(), norm.inverse_sigmas.data(), norm.sums.data(),
                    norm.squares.data(), 1.0f / static_cast<float>(x.columns));
  return norm;
}

struct Moments {
  double mean = 0, sigma = 0;
};
Moments moments(const Matrix& x, int row) {
  Moments m;
  double variance = 0;
  for (int i = 0; i < x.columns; ++i) m.mean += x.at(row, i) / x.columns;
  for (int i = 0; i < x.columns; ++i) variance += std::pow(x.at(row, i) - m.mean, 2) / x.columns;
  m.sigma = std::sqrt(variance + 1e-5);
  return m;
}

/// A LayerNorm with its product, in float64, and as the kernels do it.
struct Layer {
  Matrix x, w;                      // 64 x width, width x 64 (times gamma already)
  std::vector<double> s, c, gamma;  // of the 64 columns
  explicit Layer(const Matrix& x_in, std::uint32_t seed = 100)
      : x(x_in), w(normal_matrix(x_in.columns, kTile, seed, 0.05)), s(kTile), c(kTile) {
    const Matrix bias = normal_matrix(1, kTile, seed + 1, 0.3);
    for (int n = 0; n < kTile; ++n) {
      const auto i = static_cast<std::size_t>(n);
      c[i] = bias.at(0, n) + 0.001 * n;  // not a bfloat16
      for (int k = 0; k < x.columns; ++k) s[i] += w.at(k, n);
    }
  }

  Matrix exact() const {
    Matrix y = testing::product(x, w);
    for (int i = 0; i < kTile; ++i) {
      const Moments m = moments(x, i);
      for (int n = 0; n < kTile; ++n) {
        const auto j = static_cast<std::size_t>(n);
        y.at(i, n) = (y.at(i, n) - m.mean * s[j]) / m.sigma + c[j];
      }
    }
    return y;
  }

  Buffer<float> sums() const {
    Buffer<float> sums(kTile * kTile);
    gemm_bf16(sums.data(), testing::pack_a(x).data(), testing::pack_v(w).data(), x.columns / 8);
    return sums;
  }
};

/// 64 x 64 outputs from a tile in layout A, K or V.
Matrix unpack(const Buffer<bfloat16>& tile, Layout layout = Layout::a) {
  Matrix m(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      const std::size_t at = layout == Layout::a   ? testing::index_a(i, j, kTile)
                             : layout == Layout::k ? testing::index_k(j, i, kTile)
                                                   : testing::index_v(i, j, kTile);
      m.at(i, j) = tile[at];
    }
  }
  return m;
}

class EpilogueTest : public testing::KernelTest {
 protected:
  static Matrix rounded(const Buffer<float>& sums, Layout layout = Layout::a) {
    Buffer<bfloat16> out(kTile * kTile);
    for (int strip = 0; strip < kStrips; ++strip) {
      testing::round_strip(out.data() + strip * kStrip, sums.data() + strip * kStripSums, layout);
    }
    return unpack(out, layout);
  }
  static Buffer<float> normalised(const Layer& layer) {
    const Norm norm = norm_of(layer.x);
    Buffer<float> sums = layer.sums();
    normalise_sums(sums.data(), norm.rows.data(), testing::fold_columns(layer.s, layer.c).data(),
                   norm.inverse_sigmas.data());
    return sums;
  }
  static Matrix run(const Layer& layer, Layout layout = Layout::a, int rows = kTile) {
    Buffer<float> sums = normalised(layer);
    clear_sums(sums.data(), 0, rows);
    return rounded(sums, layout);
  }
};

/// The sums of a product that begins with this bias.
Buffer<float> with_bias(const Matrix& sums, const std::vector<double>& bias) {
  Buffer<float> c(kTile * kTile);
  bias_sums(c.data(), testing::bias_columns(bias).data());
  const Buffer<float> products = testing::pack_c(sums);
  for (std::size_t i = 0; i < c.size(); ++i) c[i] += products[i];
  return c;
}

TEST_F(EpilogueTest, StatisticsAreThoseOfFloat64) {
  for (const int width : {64, 80, 384, 512, 1280}) {
    Matrix x = normal_matrix(kTile, width, 1);
    for (int i = 0; i < width; ++i) x.at(3, i) += 8;  // a mean of eight deviations
    x.at(5, 7) = 500;                                 // an outlier
    const Norm norm = norm_of(testing::rounded(x));
    x = testing::rounded(x);
    for (int row = 0; row < kTile; ++row) {
      const Moments m = moments(x, row);
      const auto at = static_cast<std::size_t>(row / 4 * kOperand + row % 4 * 8);
      const auto sigma_at = static_cast<std::size_t>(row / 4 * kOperand + row % 4 * 4);
      const auto part = [&](std::size_t i) { return double{norm.rows[at + i]}; };
      EXPECT_NEAR(-part(0) - part(1), m.mean, 2e-5 * std::abs(m.mean) + 1e-7) << row;
      EXPECT_NEAR(part(3) + part(4), m.sigma, 1e-4 * m.sigma) << row;
      EXPECT_EQ(part(2), part(0));
      EXPECT_EQ(part(5), part(3));
      EXPECT_EQ(part(6), part(0));
      EXPECT_EQ(part(7), part(1));
      const double inverse = double{norm.inverse_sigmas[sigma_at + 3]} +
                             double{norm.inverse_sigmas[sigma_at + 3 + kSum]};
      EXPECT_NEAR(inverse * m.sigma, 1, 1e-4) << row;
    }
  }
}

TEST_F(EpilogueTest, ConstantRowsHaveNoVarianceBelowZero) {
  // The mean square less the square of the mean rounds below zero for some of these.
  std::mt19937 random(12);
  for (const int width : {16, 80, 384, 512, 1280}) {
    Matrix x(kTile, width);
    for (int row = 0; row < kTile; ++row) {
      const double value =
          float{testing::to_bf16(std::uniform_real_distribution<double>(-600, 600)(random))};
      for (int i = 0; i < width; ++i) x.at(row, i) = value;
    }
    const Norm norm = norm_of(x);
    for (int row = 0; row < kTile; ++row) {
      const auto at = static_cast<std::size_t>(row / 4 * kOperand + row % 4 * 4);
      const double inverse = norm.inverse_sigmas[at] + norm.inverse_sigmas[at + kSum];
      EXPECT_GT(inverse, 1) << x.at(row, 0);
      EXPECT_LT(inverse, 316.3) << x.at(row, 0);  // 1 / sqrt(1e-5)
    }
  }
}

TEST_F(EpilogueTest, FoldedLayerNormIsCloseToFloat64InEveryLayout) {
  for (const int width : {16, 24, 80, 384, 512}) {
    const Layer layer(normal_matrix(kTile, width, 2, 3));
    const Matrix exact = layer.exact();
    const Matrix a = run(layer, Layout::a);
    const double error = testing::relative_l1(a, exact);
    testing::record("relative_l1_" + std::to_string(width), error);
    EXPECT_LT(error, 2e-3) << width;  // the bar is 5e-3; rounding alone gives 1.4e-3
    EXPECT_EQ(run(layer, Layout::k).values, a.values);
    EXPECT_EQ(run(layer, Layout::v).values, a.values);
  }
}

TEST_F(EpilogueTest, FoldedLayerNormStandsOutliersMeansAndConstantRows) {
  Matrix x = normal_matrix(kTile, 512, 3);
  for (int row = 0; row < kTile; ++row) {
    for (const int channel : {10, 200, 511}) x.at(row, channel) *= 200;
    if (row % 3 == 0) {
      for (int i = 0; i < 512; ++i) x.at(row, i) += 4;
    }
  }
  const Layer outliers(testing::rounded(x));
  const double error = testing::relative_l1(run(outliers), outliers.exact());
  testing::record("relative_l1_outliers", error);
  EXPECT_LT(error, 5e-3);

  Matrix constant(kTile, 512);  // row 0 is zero
  for (int i = 0; i < 512; ++i) {
    for (int row = 1; row < kTile; ++row) constant.at(row, i) = row % 2 == 0 ? 3 : -540;
  }
  const Layer flat(constant);
  const Matrix y = run(flat);
  double small = 0, large = 0;
  for (int row = 0; row < kTile; ++row) {
    for (int n = 0; n < kTile; ++n) {
      double& worst = row % 2 == 0 ? small : large;
      worst = std::max(worst, std::abs(y.at(row, n) - flat.c[static_cast<std::size_t>(n)]));
    }
  }
  // Deviations of zero divide by sqrt(1e-5): what is left of float32 sums of 540 w grows by 316.
  testing::record("absolute_constant_rows_of_3", small);
  testing::record("absolute_constant_rows_of_540", large);
  EXPECT_LT(small, 0.01);
  EXPECT_LT(large, 0.2);
}

TEST_F(EpilogueTest, RowsThatDoNotCountBecomeZeroAndLeakNothing) {
  Layer layer(normal_matrix(kTile, 512, 4));
  const Matrix clean = run(layer, Layout::v);
  for (int row = 29; row < kTile; ++row) layer.x.at(row, 17) = kNaN;
  const Matrix y = run(layer, Layout::v, 29);
  for (int row = 0; row < kTile; ++row) {
    for (int n = 0; n < kTile; ++n) {
      EXPECT_EQ(y.at(row, n), row < 29 ? clean.at(row, n) : 0) << row;
    }
  }
}

TEST_F(EpilogueTest, LayerNormAndGelu) {
  const Layer layer(normal_matrix(kTile, 512, 5, 2), 300);
  Matrix exact = layer.exact();
  for (double& value : exact.values) value = testing::exact_gelu(value);
  Buffer<float> sums = normalised(layer);
  gelu_sums(sums.data());
  const Matrix y = rounded(sums);
  testing::record("relative_l1", testing::relative_l1(y, exact));
  EXPECT_LT(testing::relative_l1(y, exact), 5e-3);
}

/// Sums that are no bfloat16, some of them as large as Whisper's.
Matrix wide_sums() {
  Matrix sums = normal_matrix(kTile, kTile, 6, 3);
  for (double& value : sums.values) value = static_cast<float>(value * 1.2345678);
  sums.at(0, 0) = 193.7;
  sums.at(63, 63) = -111.9;
  return sums;
}

std::vector<double> some_bias() {
  std::vector<double> bias(kTile);
  for (std::size_t n = 0; n < bias.size(); ++n) bias[n] = 0.01 * static_cast<double>(n) - 0.3;
  return bias;
}

TEST_F(EpilogueTest, BiasAndGeluRoundOnce) {
  const Matrix sums = wide_sums();
  const std::vector<double> bias = some_bias();
  Buffer<float> c = with_bias(sums, bias);
  gelu_sums(c.data());
  clear_sums(c.data(), 1, 64);
  const Matrix y = rounded(c);
  for (int row = 0; row < kTile; ++row) {
    for (int n = 0; n < kTile; ++n) {
      const double exact = testing::exact_gelu(sums.at(row, n) + bias[static_cast<std::size_t>(n)]);
      // Row 0 does not count: the first conv's output before the first frame.
      EXPECT_NEAR(y.at(row, n), row == 0 ? 0 : exact, 1.05e-3 + std::abs(exact) * 0x1p-8);
    }
  }
}

TEST_F(EpilogueTest, ResidualKeepsSixteenBits) {
  const Matrix sums = wide_sums();
  const std::vector<double> bias = some_bias();
  Buffer<float> c = with_bias(sums, bias);
  const Matrix high = normal_matrix(kTile, kTile, 7, 100),
               low = normal_matrix(kTile, kTile, 8, 0.1);
  add_plane(c.data(), testing::pack_a(high).data());
  add_plane(c.data(), testing::pack_a(low).data());
  Buffer<bfloat16> out_high(kTile * kTile), out_low(kTile * kTile);
  for (int strip = 0; strip < kStrips; ++strip) {
    round_parts(out_high.data() + strip * kStrip, out_low.data() + strip * kStrip,
                c.data() + strip * kStripSums);
  }
  const Matrix y_high = unpack(out_high), y_low = unpack(out_low);
  for (int row = 0; row < kTile; ++row) {
    for (int n = 0; n < kTile; ++n) {
      const double exact =
          sums.at(row, n) + high.at(row, n) + low.at(row, n) + bias[static_cast<std::size_t>(n)];
      EXPECT_NEAR(y_high.at(row, n) + y_low.at(row, n), exact, std::abs(exact) * 0x1p-16 + 3e-5);
      EXPECT_NEAR(y_high.at(row, n), exact, std::abs(exact) * 0x1p-8 + 1e-4);
    }
  }
}

TEST_F(EpilogueTest, PositionsAreAddedAfterGelu) {
  const Matrix sums = wide_sums();
  const std::vector<double> bias = some_bias();
  Buffer<float> c = with_bias(sums, bias);
  const Matrix high = normal_matrix(kTile, kTile, 9), low = normal_matrix(kTile, kTile, 10, 1e-3);
  Buffer<bfloat16> out_high(kTile * kTile), out_low(kTile * kTile);
  gelu_sums(c.data());
  add_plane(c.data(), testing::pack_a(high).data());
  add_plane(c.data(), testing::pack_a(low).data());
  clear_sums(c.data(), 0, 63);
  for (int strip = 0; strip < kStrips; ++strip) {
    round_parts(out_high.data() + strip * kStrip, out_low.data() + strip * kStrip,
                c.data() + strip * kStripSums);
  }
  const Matrix y_high = unpack(out_high), y_low = unpack(out_low);
  for (int row = 0; row < kTile; ++row) {
    for (int n = 0; n < kTile; ++n) {
      const double exact =
          testing::exact_gelu(sums.at(row, n) + bias[static_cast<std::size_t>(n)]) +
          high.at(row, n) + low.at(row, n);
      EXPECT_NEAR(y_high.at(row, n) + y_low.at(row, n), row == 63 ? 0 : exact,
                  1.05e-3 + std::abs(exact) * 0x1p-16);
    }
  }
}

}  // namespace
}  // namespace sotto::npu::kernels
