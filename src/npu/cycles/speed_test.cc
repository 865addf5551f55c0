// How fast the kernels must be, the call and all that is round their loops included. The plain
// store of sums has its bar in conversion_test.cc.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/testing.h"
#include "npu/cycles/cost.h"
#include "npu/cycles_page_testing.h"
#include "npu/kernels/blocks.h"
#include "npu/kernels/control.h"

namespace sotto::npu::cycles {
namespace {

class Speed : public ::testing::Test {
 protected:
  void SetUp() override {
    if (sotto::testing::kSlowBuild) GTEST_SKIP() << "skipped: takes minutes in this build";
  }
  double cycles(const char* kernel, const recorder::Sizes& sizes = {}) {
    return static_cast<double>(costs_.of(kernel, sizes).cycles);
  }
  /// Of as many blocks: its loop takes one of them an iteration.
  double zero_blocks(int blocks) {
    constexpr int kRecorded = 32;
    const KernelCost& cost = costs_.of("zero_blocks");
    return static_cast<double>(cost.cycles + cost.loops.at(0).interval * (blocks - kRecorded));
  }

 private:
  Costs costs_;
};

TEST_F(Speed, Products) {
  constexpr double kMost = 2140;  // 2,048 are those of the MACs
  EXPECT_LE(cycles("gemm_bf16"), kMost);
  EXPECT_LE(cycles("gemm_bf16_tile"), kMost);
  EXPECT_LE(cycles("gemm_int8"), kMost);
}

TEST_F(Speed, Gelu) {
  constexpr double kMost = 7;  // for 16 values
  EXPECT_LE(cycles("gelu_bf16") / (2048 / 16), kMost);
  EXPECT_LE(cycles("gelu_sums") / (64 * 64 / 16), kMost);
}

/// Cycles of the page's table of a pass, row by row.
std::vector<double> page_attention() {
  std::vector<double> cycles;
  for (const std::string& row : npu::testing::page_rows("| of a pass |")) {
    const std::string cell = npu::testing::cells_of(row).at(1);
    cycles.push_back(static_cast<double>(npu::testing::number_of(cell)));
  }
  return cycles;
}

// 64 queries and 64 keys of a pass over the 1,500 keys of a window: 23 tiles and a last one of 28
// keys, 23.5 tiles in all, to which everything that the pass does once belongs as well; what calls
// the kernels is included. The last tile's weights take half the time, its product all of it.
TEST_F(Speed, ATileOfAttention) {
  namespace control = sotto::npu::kernels;
  constexpr double kMost = 5850, kWholeTiles = 23, kTilesOfAPass = 23.5;
  constexpr int kLastKeys = 28, kStrips = 4, kObjectsOfQueries = 4;
  const double product = cycles("gemm_bf16_tile");
  const double tile = cycles("attention_weights") + product + control::kFromTileToTile;
  const double last = cycles("attention_weights", {.valid = kLastKeys}) + product +
                      zero_blocks(control::kWeightsBlocks) + control::kFromTileToLastTile;
  const double beginning = kObjectsOfQueries * control::kFromObjectToObject +
                           cycles("passthrough") + cycles("attention_largest") +
                           zero_blocks(control::kTileBlocks) + cycles("zero_sums") +
                           control::kThroughReference + kCallCycles;
  const double end = cycles("invert_sums") + cycles("normalise_sums") +
                     kStrips * cycles("round_strip_a") +
                     (kStrips - 1) * control::kFromStripToStrip + control::kFromPassToPass -
                     control::kFromTileToTile;
  const double all = (kWholeTiles * tile + last + beginning + end) / kTilesOfAPass;
  std::printf("a tile %.0f, the last %.0f, the pass's beginning %.0f, its end %.0f: %.0f cycles\n",
              tile, last, beginning, end, all);
  const std::vector<double> said = page_attention(),
                            computed = {tile, last, beginning, end, all * kTilesOfAPass};
  ASSERT_EQ(said.size(), computed.size());
  for (std::size_t row = 0; row < said.size(); ++row) {
    EXPECT_NEAR(said[row], computed[row], 1e-6) << "row " << row << " of docs/npu/cycles.md";
  }
  RecordProperty("cycles", static_cast<int>(all));
  EXPECT_LE(all, kMost);
}

}  // namespace
}  // namespace sotto::npu::cycles
