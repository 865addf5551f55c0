// The encoder's own program on all 16 cores of its network: LayerNorm, a product and GELU, the
// first half of a layer's MLP, as its kernels compute it one after the other.
#include "npu/design/examples/encoder_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "npu/cycles_page_testing.h"
#include "npu/design/check/check.h"
#include "npu/design/lower.h"
#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"
#include "npu/kernels/phase.h"
#include "npu/sim/encoder_core.h"
#include "npu/sim/shipped_kernels.h"
#include "npu/sim/simulate.h"

namespace sotto::npu::sim {
namespace {

using namespace kernels;
using kernels::testing::Matrix;
using kernels::testing::normal_matrix;
using npu::testing::page_cycles;

constexpr int kGrid = 4, kCount = kTile * kTile, kSlices = 2, kWidth = kSlices * kTile;
constexpr int kRows = kGrid * kTile, kValid = 200;  // rows that count

/// Of zero_blocks: two cycles a block, and what the page says of 32.
Cycle zeros(Cycle blocks) {
  return page_cycles("zero_blocks") + 2 * (blocks - 32);
}

/// What scheduled code takes.
KernelLibrary library() {
  KernelLibrary result = shipped_kernel_library();
  add_encoder_core(result);
  for (const char* symbol : {"gemm_bf16_tile", "row_statistics", "finish_statistics",
                             "normalise_sums", "gelu_sums", "clear_sums", "round_strip_a"}) {
    result.add(symbol, {}, page_cycles(symbol));
  }
  result.add("zero_blocks", {},
             [](const CallArguments& call) { return Cost{zeros(call.at(1).number)}; });
  return result;
}

Matrix part(const Matrix& m, int row, int column) {
  Matrix tile(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) tile.at(i, j) = m.at(row + i, column + j);
  }
  return tile;
}

struct Layer {
  Matrix x = normal_matrix(kRows, kWidth, 1, 2), w = normal_matrix(kWidth, kRows, 2, 0.1),
         bias = normal_matrix(1, kRows, 3);

  /// What LayerNorm folded into the product adds, for 64 columns (kernels.h); gamma 1, beta 0.
  Phase phase(int column) const {
    Phase phase{};
    phase.header = {.magic = kPhaseMagic,
                    .kind = PhaseKind::product,
                    .passes = 1,
                    .tiles = 1,
                    .slices = kSlices,
                    .epilogue = Epilogue::norm_gelu,
                    .planes = 0,
                    .first_row = 0,
                    .end_row = kValid,
                    .keys = 0,
                    .low_slices = 0,
                    .parts = 0,
                    .inverse_width = 1.0f / kWidth,
                    .unused = {}};
    std::vector<double> sums, terms;
    for (int n = column * kTile; n < (column + 1) * kTile; ++n) {
      double sum = 0;
      for (int k = 0; k < kWidth; ++k) sum += w.at(k, n);
      sums.push_back(sum);
      terms.push_back(bias.at(0, n));
    }
    const Buffer<bfloat16> columns = kernels::testing::fold_columns(sums, terms);
    std::copy(columns.begin(), columns.end(), phase.columns);
    return phase;
  }
  std::vector<bfloat16> host_x() const {
    std::vector<bfloat16> host;
    for (int row = 0; row < kGrid; ++row) {
      for (int slice = 0; slice < kSlices; ++slice) {
        const auto tile = kernels::testing::pack_a(part(x, row * kTile, slice * kTile));
        host.insert(host.end(), tile.begin(), tile.end());
      }
    }
    return host;
  }
  std::vector<bfloat16> host_w() const {
    std::vector<bfloat16> host;
    for (int column = 0; column < kGrid; ++column) {
      std::vector<bfloat16> header(kCount);
      const Phase first = phase(column);
      std::memcpy(static_cast<void*>(header.data()), &first, sizeof(first));
      host.insert(host.end(), header.begin(), header.end());
      for (int slice = 0; slice < kSlices; ++slice) {
        const auto tile = kernels::testing::pack_v(part(w, slice * kTile, column * kTile));
        host.insert(host.end(), tile.begin(), tile.end());
      }
    }
    return host;
  }
  /// GELU(LayerNorm(x) w + bias); zero in rows that do not count.
  Matrix expected() const {
    Matrix gamma(1, kWidth);
    std::ranges::fill(gamma.values, 1);
    Matrix y = kernels::testing::product(
        kernels::testing::exact_layer_norm(x, gamma, Matrix(1, kWidth)), w);
    for (int row = 0; row < kRows; ++row) {
      for (int n = 0; n < kRows; ++n) {
        y.at(row, n) =
            row < kValid ? kernels::testing::exact_gelu(y.at(row, n) + bias.at(0, n)) : 0;
      }
    }
    return y;
  }
};

/// Four columns, of four strips each, of four rows of cores.
Matrix unpack(const std::vector<bfloat16>& y) {
  Matrix result(kRows, kRows);
  for (int row = 0; row < kRows; ++row) {
    for (int n = 0; n < kRows; ++n) {
      const int strip = row % kTile / 16;
      const int object = (n / kTile * kStrips + strip) * kGrid + row / kTile;
      result.at(row, n) = y[static_cast<std::size_t>(object) * kStrip +
                            kernels::testing::index_a(row % 16, n % kTile, kTile)];
    }
  }
  return result;
}

TEST(EncoderNetwork, ComputesHalfAnMlp) {
  const Layer layer;
  std::vector<bfloat16> x = layer.host_x(), w = layer.host_w(), y(kGrid * kGrid * kCount);
  const auto program = design::lower(design::check(design::encoder_network({.slices = kSlices})));
  Options options;
  options.dispatches = 2;
  options.hosts = {std::as_writable_bytes(std::span(x)), std::as_writable_bytes(std::span(w)),
                   std::as_writable_bytes(std::span(y))};
  const Report report = simulate(program, library(), options);
  ASSERT_TRUE(report.finished() && report.findings.empty()) << to_string(report);
  const Matrix expected = layer.expected(), actual = unpack(y);
  EXPECT_LT(kernels::testing::relative_l1(actual, expected), 0.01);
  for (int row = kValid; row < kRows; ++row) EXPECT_EQ(actual.at(row, 0), 0);
  // A header of 1,056 words, statistics and sums that become zero, slices, and what follows.
  const Cycle header = 22 + 1056 / 8;
  const Cycle once = header + zeros(32) + zeros(256) +
                     kSlices * (page_cycles("gemm_bf16_tile") + page_cycles("row_statistics")) +
                     page_cycles("finish_statistics") + page_cycles("normalise_sums") +
                     page_cycles("gelu_sums") + 4 * page_cycles("round_strip_a");
  EXPECT_EQ(report.cores[5].kernels, 2 * once);
}

}  // namespace
}  // namespace sotto::npu::sim
