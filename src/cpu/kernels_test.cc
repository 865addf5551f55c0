#include "cpu/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "cpu/blocks.h"
#include "cpu/cpu_testing.h"
#include "cpu/rows.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

using Matrix = std::vector<float>;
using Truth = std::vector<double>;

std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

double gelu(double x) {
  return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// act(x Wᵀ + b) + residual in double; bias and residual may be empty.
Truth linear(const Matrix& x, const Matrix& w, const Matrix& bias, const Matrix& residual, int m,
             int n, int k, Activation activation) {
  Truth y(area(m, n));
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(j)];
      for (int l = 0; l < k; ++l) sum += double{x[area(i, k) + l]} * w[area(j, k) + l];
      const std::size_t at = area(i, n) + static_cast<std::size_t>(j);
      y[at] = (activation == Activation::gelu ? gelu(sum) : sum) +
              (residual.empty() ? 0 : residual[at]);
    }
  }
  return y;
}

/// softmax(scale · q kᵀ) v in double, d numbers a row.
Truth attention(const Matrix& q, const Matrix& k, const Matrix& v, int n_queries, int n_keys, int d,
                double scale) {
  Truth out(area(n_queries, d));
  for (int i = 0; i < n_queries; ++i) {
    Truth weights(static_cast<std::size_t>(n_keys));
    for (int j = 0; j < n_keys; ++j) {
      double score = 0;
      for (int l = 0; l < d; ++l) score += double{q[area(i, d) + l]} * k[area(j, d) + l];
      weights[static_cast<std::size_t>(j)] = score * scale;
    }
    const double top = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - top);
    for (int j = 0; j < n_keys; ++j) {
      for (int l = 0; l < d; ++l) {
        out[area(i, d) + l] += weights[static_cast<std::size_t>(j)] / total * v[area(j, d) + l];
      }
    }
  }
  return out;
}

class KernelsTest : public ::testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels_ = kernels_for(GetParam());
  ThreadPool pool_{3};
  PackedWeights weights_;
  Runtime runtime_{kernels_, pool_, weights_};

  Buffer<float> blocks(const Matrix& matrix, int rows, int columns) {
    Buffer<float> result(area(blocks_of(rows, kernels_.block) * kernels_.block, columns));
    to_blocks(runtime_, result.data(), matrix.data(), columns, rows, columns);
    return result;
  }

  Matrix rows(const Buffer<float>& blocks, int rows, int columns) {
    Matrix result(area(rows, columns));
    from_blocks(runtime_, result.data(), columns, blocks.data(), rows, columns);
    return result;
  }

  /// gelu of each number, by a layer with the weight 1.
  Matrix gelu_of(const Matrix& x) {
    const RowsLinear layer(runtime_, Matrix{1}, {}, 1, 1);
    Matrix y(x.size());
    layer(y.data(), x.data(), static_cast<int>(x.size()), Activation::gelu);
    return y;
  }

  /// softmax of each row of scores by both kernels: d = n_keys, values are the unit vectors.
  std::pair<Matrix, Matrix> softmax_of(const Matrix& scores) {
    const int n = static_cast<int>(scores.size());
    Matrix unit(area(n, n));
    for (int i = 0; i < n; ++i) unit[area(i, n) + static_cast<std::size_t>(i)] = 1;
    return attend(scores, unit, unit, 1, n, n, 1);
  }

  /// attention_block and attention_row on the same queries.
  std::pair<Matrix, Matrix> attend(const Matrix& q, const Matrix& k, const Matrix& v, int n_queries,
                                   int n_keys, int d, float scale) {
    const Buffer<float> kb = blocks(k, n_keys, d), vb = blocks(v, n_keys, d);
    const Buffer<float> qb = blocks(q, n_queries, d);
    Buffer<float> out(qb.size());
    Buffer<float> scratch(attention_scratch(kernels_.block, d) + area(n_keys, 1) +
                          static_cast<std::size_t>(kernels_.block));
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(d) * kernels_.block;
    AttentionTask task = {.out = nullptr,
                          .q = nullptr,
                          .k = kb.data(),
                          .v = vb.data(),
                          .kv_block = stride,
                          .n_keys = n_keys,
                          .d = d,
                          .scale = scale,
                          .scratch = scratch.data()};
    for (int block = 0; block < blocks_of(n_queries, kernels_.block); ++block) {
      task.out = out.data() + block * stride;
      task.q = qb.data() + block * stride;
      kernels_.attention_block(task);
    }
    Matrix one_by_one(area(n_queries, d));
    for (int i = 0; i < n_queries; ++i) {
      task.out = one_by_one.data() + area(i, d);
      task.q = q.data() + area(i, d);
      kernels_.attention_row(task);
    }
    return {rows(out, n_queries, d), one_by_one};
  }
};

// rows, outputs, inputs: no multiple of any tile, single ones, and exact fits
constexpr std::tuple<int, int, int> kSizes[] = {{1, 1, 1},    {1, 257, 3},   {37, 29, 1},
                                                {33, 15, 64}, {64, 128, 32}, {5, 70, 131},
                                                {70, 14, 17}, {15, 31, 300}, {1, 33, 512}};

TEST_P(KernelsTest, LinearLayersOfOddSizes) {
  for (const auto& [m, n, k] : kSizes) {
    SCOPED_TRACE(::testing::Message() << m << " rows, " << n << " outputs, " << k << " inputs");
    const Matrix x = normal_numbers(area(m, k), 1), w = normal_numbers(area(n, k), 2);
    const Matrix bias = normal_numbers(area(n, 1), 3), residual = normal_numbers(area(m, n), 4);
    const int n_blocks = blocks_of(m, kernels_.block);
    for (const bool extras : {false, true}) {
      const Matrix b = extras ? bias : Matrix{}, r = extras ? residual : Matrix{};
      const Activation activation = extras ? Activation::gelu : Activation::none;
      const Truth truth = linear(x, w, b, r, m, n, k, activation);

      const RowsLinear by_rows(runtime_, w, b, n, k);
      Matrix y = extras ? r : Matrix(area(m, n), -1.0f);
      by_rows(y.data(), x.data(), m, activation, extras ? y.data() : nullptr);
      EXPECT_LT(relative_l2(y, truth), 1e-6);

      const BlocksLinear by_blocks(runtime_, w, b, n, k);
      Buffer<float> z = blocks(extras ? r : Matrix(area(m, n)), m, n);
      by_blocks(z.data(), blocks(x, m, k).data(), n_blocks, activation,
                extras ? z.data() : nullptr);
      EXPECT_LT(relative_l2(rows(z, m, n), truth), 1e-6);
    }
  }
}

TEST_P(KernelsTest, OneRowGivesTheBitsOfMany) {
  const int m = 5, n = 211, k = 77;
  const Matrix x = normal_numbers(area(m, k), 1), w = normal_numbers(area(n, k), 2);
  const RowsLinear layer(runtime_, w, {}, n, k);
  Matrix together(area(m, n)), alone(area(m, n));
  layer(together.data(), x.data(), m);
  for (int i = 0; i < m; ++i) layer(alone.data() + area(i, n), x.data() + area(i, k), 1);
  EXPECT_EQ(together, alone);
}

TEST_P(KernelsTest, WeightRowIsTheRowThatWasPacked) {
  const int n = 71, k = 9;
  const Matrix w = normal_numbers(area(n, k), 2);
  const RowsLinear layer(runtime_, w, {}, n, k);
  for (int i = 0; i < n; ++i) {
    Matrix row(static_cast<std::size_t>(k));
    layer.weight_row(row.data(), i);
    EXPECT_TRUE(std::equal(row.begin(), row.end(), w.begin() + i * k)) << i;
  }
}

TEST_P(KernelsTest, LayerNormOfOddSizes) {
  for (const auto& [n_rows, d] : {std::tuple{1, 1}, {3, 2}, {37, 13}, {33, 64}, {5, 515}}) {
    SCOPED_TRACE(::testing::Message() << n_rows << " rows of " << d);
    Matrix x = normal_numbers(area(n_rows, d), 1, 100);
    for (float& value : x) value += 50;
    const Matrix gamma = normal_numbers(area(d, 1), 2), beta = normal_numbers(area(d, 1), 3);
    Truth truth(x.size());
    for (int i = 0; i < n_rows; ++i) {
      double mean = 0, variance = 0;
      for (int j = 0; j < d; ++j) mean += x[area(i, d) + j] / double{1.0 * d};
      for (int j = 0; j < d; ++j) variance += std::pow(x[area(i, d) + j] - mean, 2) / d;
      for (int j = 0; j < d; ++j) {
        const auto column = static_cast<std::size_t>(j);
        truth[area(i, d) + j] =
            (x[area(i, d) + j] - mean) / std::sqrt(variance + 1e-5) * gamma[column] + beta[column];
      }
    }
    const LayerNorm layer(runtime_, gamma, beta, d);
    const Buffer<float> xb = blocks(x, n_rows, d);
    Buffer<float> yb(xb.size());
    layer.blocks(yb.data(), xb.data(), blocks_of(n_rows, kernels_.block));
    EXPECT_LT(relative_l2(rows(yb, n_rows, d), truth), 1e-6);
    layer.rows(x.data(), x.data(), n_rows);  // in place
    EXPECT_LT(relative_l2(x, truth), 1e-6);
  }
}

TEST_P(KernelsTest, AttentionOfOddSizes) {
  // one key, less than a block, whole blocks, whole strips, strips and a rest
  for (const auto& [n_queries, n_keys, d] : {std::tuple{1, 1, 1},
                                             {3, 7, 5},
                                             {33, 32, 64},
                                             {32, kKeyStrip, 64},
                                             {40, 2 * kKeyStrip + 35, 64},
                                             {7, 449, 33}}) {
    SCOPED_TRACE(::testing::Message() << n_queries << " queries, " << n_keys << " keys, d " << d);
    const Matrix q = normal_numbers(area(n_queries, d), 1),
                 k = normal_numbers(area(n_keys, d), 2, 4);
    const Matrix v = normal_numbers(area(n_keys, d), 3);
    const float scale = 1 / std::sqrt(static_cast<float>(d));
    const Truth truth = attention(q, k, v, n_queries, n_keys, d, scale);
    const auto [by_blocks, by_rows] = attend(q, k, v, n_queries, n_keys, d, scale);
    EXPECT_LT(relative_l2(by_blocks, truth), 2e-6);
    EXPECT_LT(relative_l2(by_rows, truth), 2e-6);
  }
}

TEST_P(KernelsTest, SoftmaxOfExtremeScores) {
  const float denormal = std::numeric_limits<float>::denorm_min();
  // A later strip raises the largest score, whose weight the earlier ones must not keep.
  Matrix rising(2 * kKeyStrip + 1);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<float>(i) * 0.5f;
  for (const Matrix& scores : {Matrix{0, 0, 0}, Matrix{1e30f, -1e30f, 0}, Matrix{-1e30f, -1e30f},
                               Matrix{denormal, 0, -denormal}, Matrix{-86, 0, -87.5f, -120},
                               Matrix{1e4f, 9.99e3f, -1e4f}, rising}) {
    const int n = static_cast<int>(scores.size());
    Matrix unit(area(n, n));
    for (int i = 0; i < n; ++i) unit[area(i, n) + static_cast<std::size_t>(i)] = 1;
    const Truth truth = attention(scores, unit, unit, 1, n, n, 1);
    const auto [by_blocks, by_rows] = softmax_of(scores);
    const float top = *std::max_element(scores.begin(), scores.end());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      // exp's argument is rounded to 24 bits.
      const double tolerance = (1e-6 + 1e-7 * (double{top} - scores[i])) * truth[i] + 1e-37;
      EXPECT_NEAR(by_blocks[i], truth[i], tolerance) << i << " of " << n;
      EXPECT_NEAR(by_rows[i], truth[i], tolerance) << i << " of " << n;
    }
  }
}

TEST_P(KernelsTest, GeluToAMillionthOfItself) {
  Matrix x;
  for (float value = -13; value <= 8; value += 0.00037f) x.push_back(value);
  const Matrix y = gelu_of(x);
  // Without a fused multiply-add, exp(−x²/2) has the rounding error of x²: 4e-6 at −13.
  const double square_error = GetParam() == Isa::portable ? 0x1p-24 : 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double tolerance = (1e-6 + square_error * x[i] * x[i]) * std::abs(gelu(x[i]));
    ASSERT_NEAR(y[i], gelu(x[i]), tolerance) << "gelu(" << x[i] << ")";
  }
}

TEST_P(KernelsTest, GeluOfExtremeNumbers) {
  const float denormal = std::numeric_limits<float>::denorm_min();
  const float largest = std::numeric_limits<float>::max();
  const Matrix y = gelu_of({0, denormal, -denormal, 1e-30f, 194, 1e18f, largest, -112, -1e18f});
  EXPECT_EQ(y[0], 0);
  EXPECT_NEAR(y[1], 0, denormal);
  EXPECT_NEAR(y[2], 0, denormal);
  EXPECT_FLOAT_EQ(y[3], 0.5e-30f);
  EXPECT_EQ(y[4], 194);
  EXPECT_EQ(y[5], 1e18f);
  EXPECT_EQ(y[6], largest);
  EXPECT_NEAR(y[7], 0, 1e-30);
  EXPECT_NEAR(y[8], 0, 1e-18);
}

TEST_P(KernelsTest, NotANumberIsNotHidden) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(gelu_of({1, nan})[1]));
  const auto [by_blocks, by_rows] = attend({1}, {0, nan, 1}, {1, 2, 3}, 1, 3, 1, 1);
  EXPECT_TRUE(std::isnan(by_blocks[0]));
  EXPECT_TRUE(std::isnan(by_rows[0]));
}

INSTANTIATE_TEST_SUITE_P(Isa, KernelsTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

TEST(KernelsForTest, EachTableIsOfItsInstructionSet) {
  for (const Isa isa : available_isas()) EXPECT_EQ(kernels_for(isa).isa, float_isa(isa));
}

}  // namespace
}  // namespace sotto::cpu
