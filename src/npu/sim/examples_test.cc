// The designs of npu/design/examples, run with their kernels: each result compared with one
// computed in float64, after one dispatch and after a second one without reset, by both engines.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "npu/design/check/check.h"
#include "npu/design/examples/attention.h"
#include "npu/design/examples/gelu.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/layer_norm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/softmax.h"
#include "npu/design/lower.h"
#include "npu/kernels/kernels_testing.h"
#include "npu/sim/shipped_kernels.h"
#include "npu/sim/simulate.h"

namespace sotto::npu::sim {
namespace {

using kernels::testing::Matrix;
using kernels::testing::normal_matrix;
using kernels::testing::relative_l1;
using kernels::testing::to_bf16;

template <typename T>
using Host = std::vector<T>;

Host<bfloat16> in_bf16(const Matrix& m) {
  Host<bfloat16> host;
  for (const double value : m.values) host.push_back(to_bf16(value));
  return host;
}
Matrix as_matrix(const Host<bfloat16>& host, int rows, int columns) {
  Matrix m(rows, columns);
  for (std::size_t i = 0; i < m.values.size(); ++i) m.values[i] = host[i];
  return m;
}

Report run(const design::ArrayProgram& program, EngineKind engine, int dispatches,
           const std::vector<std::span<std::byte>>& hosts) {
  Options options;
  options.engine = engine;
  options.mode = hosts.empty() ? Mode::timing : Mode::both;
  options.dispatches = dispatches;
  options.hosts = hosts;
  const Report report = simulate(program, shipped_kernel_library(), options);
  EXPECT_TRUE(report.finished() && report.findings.empty()) << to_string(report);
  return report;
}

/// Runs the design on these host buffers. What the last dispatch leaves in `result` is what the
/// first one does, whatever was there before; data costs no time; and the plain engine, where it is
/// asked, says the same.
template <typename Out>
Report simulate_on(const design::Design& design, Host<Out>& result, bool plain,
                   std::vector<std::span<std::byte>> hosts) {
  const design::ArrayProgram program = design::lower(design::check(design));
  const auto fill = [&](int byte) {
    std::memset(static_cast<void*>(result.data()), byte, result.size() * sizeof(Out));
  };
  fill(0x11);
  run(program, EngineKind::fast, 2, hosts);
  const Host<Out> twice = result;
  fill(0x22);
  const Report report = run(program, EngineKind::fast, 1, hosts);
  EXPECT_EQ(std::memcmp(twice.data(), result.data(), result.size() * sizeof(Out)), 0);
  EXPECT_EQ(report, run(program, EngineKind::fast, 1, {}));
  if (plain) {
    EXPECT_EQ(report, run(program, EngineKind::reference, 1, {}));
  }
  return report;
}

template <typename T>
std::span<std::byte> bytes(Host<T>& host) {
  return std::as_writable_bytes(std::span(host));
}

TEST(ExampleDesigns, Passthrough) {
  Host<std::int32_t> in(2048), out(2048);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::int32_t>(i);
  simulate_on(design::passthrough(2048), out, true, {bytes(in), bytes(out)});
  EXPECT_EQ(in, out);
}

TEST(ExampleDesigns, LayerNorm) {
  const int rows = 8, width = 256;
  const Matrix x = normal_matrix(rows, width, 1, 3), gamma = normal_matrix(1, width, 2),
               beta = normal_matrix(1, width, 3);
  Host<bfloat16> in = in_bf16(x), affine = in_bf16(gamma), more = in_bf16(beta), out(in.size());
  affine.insert(affine.end(), more.begin(), more.end());
  simulate_on(design::layer_norm(rows, width), out, true, {bytes(in), bytes(affine), bytes(out)});
  const Matrix expected = kernels::testing::exact_layer_norm(x, gamma, beta);
  EXPECT_LT(relative_l1(as_matrix(out, rows, width), expected), 2e-3);
}

TEST(ExampleDesigns, Softmax) {
  const int rows = 32, width = 1500;
  const Matrix x = normal_matrix(rows, width, 4, 3);
  Host<bfloat16> in = in_bf16(x), out(in.size());
  simulate_on(design::softmax(rows, width), out, true, {bytes(in), bytes(out)});
  Matrix expected(rows, width);
  for (int row = 0; row < rows; ++row) {
    const auto begin = x.values.begin() + row * width;
    std::ranges::copy(kernels::testing::exact_softmax({begin, begin + width}),
                      expected.values.begin() + row * width);
  }
  EXPECT_LT(relative_l1(as_matrix(out, rows, width), expected), 5e-3);
}

TEST(ExampleDesigns, Gelu) {
  const int rows = 32, width = 514;
  const Matrix x = normal_matrix(rows, width, 5, 2);
  Host<bfloat16> in = in_bf16(x), out(in.size());
  simulate_on(design::gelu(rows, width), out, true, {bytes(in), bytes(out)});
  Matrix expected = x;
  for (double& value : expected.values) value = kernels::testing::exact_gelu(value);
  EXPECT_LT(relative_l1(as_matrix(out, rows, width), expected), 3e-3);
}

// --- products. Operands are small whole numbers, so sums are exact in any order.

template <typename E, typename S>
struct Product {
  design::Tiling tiling;
  Host<E> a, b, zeros;
  Host<S> c;

  Product(design::GemmShape shape, design::GemmOptions options) : tiling(shape, options) {
    a.resize(static_cast<std::size_t>(shape.m * tiling.pitch_k));
    b.resize(static_cast<std::size_t>(shape.k * tiling.pitch_n));
    c.resize(static_cast<std::size_t>(shape.m * tiling.pitch_n));
    zeros.resize(static_cast<std::size_t>(tiling.zeros() * tiling.n));
    // Everything has a value, also what lies between the rows.
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = E(static_cast<float>(i * 7 % 11) - 5);
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = E(static_cast<float>(i * 5 % 13) - 6);
  }
  std::vector<std::span<std::byte>> hosts() {
    std::vector<std::span<std::byte>> all = {bytes(a), bytes(b), bytes(c)};
    if (!zeros.empty()) all.push_back(bytes(zeros));
    return all;
  }
  void expect_right() const {
    const auto [m, k, n] = tiling.shape;
    for (int row = 0; row < m; ++row) {
      for (int column = 0; column < n; ++column) {
        int sum = 0;
        for (int i = 0; i < k; ++i) {
          sum += static_cast<int>(a[static_cast<std::size_t>(row * tiling.pitch_k + i)]) *
                 static_cast<int>(b[static_cast<std::size_t>(i * tiling.pitch_n + column)]);
        }
        ASSERT_EQ(c[static_cast<std::size_t>(row * tiling.pitch_n + column)], static_cast<S>(sum))
            << row << ' ' << column;
      }
    }
  }
};

void multiply(design::GemmShape shape, design::GemmOptions options, bool plain = false) {
  SCOPED_TRACE(concat(shape.m, "x", shape.k, "x", shape.n, " on ", options.grid));
  const auto all = [&](auto product) {
    simulate_on(design::gemm(shape, options), product.c, plain, product.hosts());
    product.expect_right();
  };
  if (options.type == design::GemmType::int8) {
    all(Product<std::int8_t, std::int32_t>(shape, options));
  } else {
    all(Product<bfloat16, float>(shape, options));
  }
}

class Gemms : public ::testing::TestWithParam<design::GemmType> {};

TEST_P(Gemms, OnOneCore) {
  multiply({64, 128, 64}, {GetParam(), 1}, true);
  multiply({100, 72, 90}, {GetParam(), 1}, true);
}

TEST_P(Gemms, OnFourCores) {
  multiply({128, 128, 128}, {GetParam(), 2}, true);
  multiply({131, 141, 190}, {GetParam(), 2});
}

TEST_P(Gemms, OnAllCores) {
  multiply({256, 128, 256}, {GetParam(), 4});
  multiply({270, 150, 301}, {GetParam(), 4});
}

TEST_P(Gemms, OfSmallSizes) {
  for (const int grid : {1, 2, 4}) {
    for (const design::GemmShape shape : {design::GemmShape{1, 1, 1},
                                          {1, 2, 3},
                                          {3, 5, 7},
                                          {4, 8, 4},
                                          {2, 7, 65},
                                          {63, 9, 6},
                                          {6, 65, 1},
                                          {17, 12, 9},
                                          {9, 33, 17},
                                          {15, 4, 24}}) {
      multiply(shape, {GetParam(), grid}, grid == 2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Gemms,
                         ::testing::Values(design::GemmType::bf16, design::GemmType::int8),
                         [](const auto& info) {
                           return info.param == design::GemmType::int8 ? "int8" : "bf16";
                         });

// --- attention

/// One head: queries, keys and values as rows, and their tiles as the host holds them.
struct Head {
  Matrix q, k, v;

  Head(const design::AttentionShape& shape, unsigned seed, double deviation)
      : q(normal_matrix(shape.queries, 64, seed, deviation)),
        k(normal_matrix(shape.keys, 64, seed + 1, 0.5)),
        v(normal_matrix(shape.keys, 64, seed + 2)) {}

  static Matrix rows(const Matrix& m, int first) {
    Matrix tile(64, 64);
    for (int row = 0; row < std::min(64, m.rows - first); ++row) {
      for (int i = 0; i < 64; ++i) tile.at(row, i) = m.at(first + row, i);
    }
    return tile;
  }
  static Matrix transposed(const Matrix& m) {
    Matrix result(m.columns, m.rows);
    for (int i = 0; i < m.rows; ++i) {
      for (int j = 0; j < m.columns; ++j) result.at(j, i) = m.at(i, j);
    }
    return result;
  }
  static void append(Host<bfloat16>& host, const Buffer<bfloat16>& tile) {
    host.insert(host.end(), tile.begin(), tile.end());
  }
  void append_to(Host<bfloat16>& queries, Host<bfloat16>& keys_values, int query_tiles) const {
    for (int i = 0; i < query_tiles; ++i) {
      append(queries, kernels::testing::pack_a(rows(q, 64 * i)));
    }
    for (int first = 0; first < k.rows; first += 64) {
      append(keys_values, kernels::testing::pack_k(transposed(rows(k, first))));
      append(keys_values, kernels::testing::pack_v(rows(v, first)));
    }
  }
  Matrix expected() const {
    Matrix weights = kernels::testing::product(q, transposed(k));
    for (int row = 0; row < q.rows; ++row) {
      double sum = 0;
      for (int key = 0; key < k.rows; ++key) sum += std::exp2(weights.at(row, key));
      for (int key = 0; key < k.rows; ++key) {
        weights.at(row, key) = std::exp2(weights.at(row, key)) / sum;
      }
    }
    return kernels::testing::product(weights, v);
  }
};

void attend(const design::AttentionShape& shape, bool plain) {
  const int tiles = 4 * shape.passes();
  std::vector<Head> heads;
  Host<bfloat16> queries, keys_values;
  for (unsigned head = 0; head < 4; ++head) {
    // Scores of the last head go far beyond those of its first tile: references must be raised.
    heads.emplace_back(shape, 10 * head, head == 3 ? 6 : 0.5);
    heads.back().append_to(queries, keys_values, tiles);
  }
  Host<bfloat16> results(queries.size());
  simulate_on(design::attention(shape), results, plain,
              {bytes(queries), bytes(keys_values), bytes(results)});
  for (std::size_t head = 0; head < heads.size(); ++head) {
    Matrix out(shape.queries, 64);
    for (int row = 0; row < shape.queries; ++row) {
      const std::size_t tile =
          head * static_cast<std::size_t>(tiles) + static_cast<std::size_t>(row / 64);
      for (int i = 0; i < 64; ++i) {
        out.at(row, i) = results[tile * 4096 + kernels::testing::index_a(row % 64, i, 64)];
      }
    }
    EXPECT_LT(relative_l1(out, heads[head].expected()), 6e-3) << head;
  }
}

TEST(ExampleDesigns, Attention) {
  attend({.queries = 64, .keys = 30}, true);
  attend({.queries = 300, .keys = 150}, false);
}

}  // namespace
}  // namespace sotto::npu::sim
