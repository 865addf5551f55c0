// What the tests of the device kernels share: numbers, layouts, error measures.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "npu/kernels/blocks.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::kernels::testing {

/// Every test of a kernel runs on a core as it leaves reset: rounding floor, no saturation.
using KernelTest = host::testing::CoreTest;

/// Nearest bfloat16, ties to even, whatever the rounding register says.
inline bfloat16 to_bf16(double value) {
  return bfloat16::from_bits(
      host::narrow_to_bf16(static_cast<float>(value), host::Rounding::conv_even));
}

/// A row-major matrix of doubles.
struct Matrix {
  int rows = 0, columns = 0;
  std::vector<double> values;

  Matrix(int rows_in, int columns_in)
      : rows(rows_in), columns(columns_in), values(static_cast<std::size_t>(rows * columns)) {}
  double& at(int row, int column) {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  double at(int row, int column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

/// A matrix whose elements bfloat16 holds exactly, normally distributed.
inline Matrix normal_matrix(int rows, int columns, std::uint32_t seed, double deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, deviation);
  Matrix m(rows, columns);
  for (double& x : m.values) x = float{to_bf16(normal(random))};
  return m;
}

inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.columns);
  for (int i = 0; i < a.rows; ++i) {
    for (int k = 0; k < a.columns; ++k) {
      for (int j = 0; j < b.columns; ++j) c.at(i, j) += a.at(i, k) * b.at(k, j);
    }
  }
  return c;
}

/// Where element (row, column) of a matrix with `columns` columns lies in layout A.
inline std::size_t index_a(int row, int column, int columns) {
  return static_cast<std::size_t>((row / 4 * (columns / 8) + column / 8) * 32 + row % 4 * 8 +
                                  column % 8);
}
/// Element (k, n) of a B operand with `rows` rows (k) in layout K.
inline std::size_t index_k(int k, int n, int rows) {
  return static_cast<std::size_t>((n / 4 * (rows / 8) + k / 8) * 32 + k % 8 * 4 + n % 4);
}
/// Element (k, n) of a B operand with `columns` columns (n) in layout V.
inline std::size_t index_v(int k, int n, int columns) {
  return static_cast<std::size_t>((k / 8 * (columns / 4) + n / 4) * 32 + k % 8 * 4 + n % 4);
}
/// Element (row, column) of 64 columns of sums in layout C.
inline std::size_t index_c(int row, int column) {
  return static_cast<std::size_t>((row / 4 * kTileBlocks + column / 4) * 16 + row % 4 * 4 +
                                  column % 4);
}

inline std::size_t size_of(const Matrix& m) {
  return m.values.size();
}

/// The matrix as bfloat16, element (row, column) at index(row, column).
inline Buffer<bfloat16> pack(const Matrix& m, const std::function<std::size_t(int, int)>& index) {
  Buffer<bfloat16> packed(size_of(m));
  for (int row = 0; row < m.rows; ++row) {
    for (int column = 0; column < m.columns; ++column) {
      packed[index(row, column)] = to_bf16(m.at(row, column));
    }
  }
  return packed;
}
inline Buffer<bfloat16> pack_a(const Matrix& m) {
  return pack(m, [&](int row, int column) { return index_a(row, column, m.columns); });
}
inline Buffer<bfloat16> pack_k(const Matrix& m) {
  return pack(m, [&](int k, int n) { return index_k(k, n, m.rows); });
}
inline Buffer<bfloat16> pack_v(const Matrix& m) {
  return pack(m, [&](int k, int n) { return index_v(k, n, m.columns); });
}

/// 64 x 64 sums as a matrix, and back.
inline Matrix unpack_c(const Buffer<float>& c) {
  Matrix m(kTile, kTile);
  for (int row = 0; row < kTile; ++row) {
    for (int column = 0; column < kTile; ++column) {
      m.at(row, column) = c[index_c(row, column)];
    }
  }
  return m;
}
inline Buffer<float> pack_c(const Matrix& m) {
  Buffer<float> c(kTile * kTile);
  for (int row = 0; row < kTile; ++row) {
    for (int column = 0; column < kTile; ++column) {
      c[index_c(row, column)] = static_cast<float>(m.at(row, column));
    }
  }
  return c;
}

/// The sum of |actual - expected| over that of |expected|.
inline double relative_l1(const Matrix& actual, const Matrix& expected) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    error += std::abs(actual.values[i] - expected.values[i]);
    norm += std::abs(expected.values[i]);
  }
  return error / norm;
}

inline Matrix rounded(const Matrix& m) {
  Matrix r = m;
  for (double& x : r.values) x = float{to_bf16(x)};
  return r;
}

/// The column blocks of the step that folds LayerNorm in (kernels.h), for 64 columns.
inline Buffer<bfloat16> fold_columns(const std::vector<double>& s, const std::vector<double>& c) {
  Matrix columns(8, kTile);
  for (int n = 0; n < kTile; ++n) {
    const auto i = static_cast<std::size_t>(n);
    const double s_1 = float{to_bf16(s[i])}, s_2 = float{to_bf16(s[i] - s_1)};
    const double c_1 = float{to_bf16(c[i])};
    columns.at(0, n) = columns.at(1, n) = s_1;
    columns.at(2, n) = columns.at(7, n) = s_2;
    columns.at(3, n) = columns.at(4, n) = c_1;
    columns.at(5, n) = c[i] - c_1;
    columns.at(6, n) = s[i] - s_1 - s_2;
  }
  return pack_k(columns);
}
/// Those of a bias alone.
inline Buffer<bfloat16> bias_columns(const std::vector<double>& bias) {
  Matrix columns(8, kTile);
  for (int n = 0; n < kTile; ++n) {
    const double value = bias[static_cast<std::size_t>(n)];
    columns.at(0, n) = float{to_bf16(value)};
    columns.at(1, n) = value - columns.at(0, n);
  }
  return pack_k(columns);
}

inline std::vector<double> exact_softmax(const std::vector<double>& x) {
  const double top = *std::max_element(x.begin(), x.end());
  std::vector<double> y;
  double sum = 0;
  for (const double value : x) sum += std::exp(value - top);
  for (const double value : x) y.push_back(std::exp(value - top) / sum);
  return y;
}

/// Of each row; gamma and beta: 1 x columns.
inline Matrix exact_layer_norm(const Matrix& x, const Matrix& gamma, const Matrix& beta) {
  Matrix y = x;
  for (int row = 0; row < x.rows; ++row) {
    double mean = 0, variance = 0;
    for (int i = 0; i < x.columns; ++i) mean += x.at(row, i) / x.columns;
    for (int i = 0; i < x.columns; ++i) variance += std::pow(x.at(row, i) - mean, 2) / x.columns;
    for (int i = 0; i < x.columns; ++i) {
      y.at(row, i) =
          (x.at(row, i) - mean) / std::sqrt(variance + 1e-5) * gamma.at(0, i) + beta.at(0, i);
    }
  }
  return y;
}

inline double exact_gelu(double x) {
  return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
}

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Adds `name = value` to the test report, so that the measured error stands beside its bar.
inline void record(const std::string& name, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  ::testing::Test::RecordProperty(name, text);
}

}  // namespace sotto::npu::kernels::testing
