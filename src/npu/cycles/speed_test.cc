// How fast the kernels must be, the call and all that is round their loops included. The plain
// store of sums has its bar in conversion_test.cc.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/testing.h"
#include "npu/cycles/cost.h"

namespace sotto::npu::cycles {
namespace {

class Speed : public ::testing::Test {
 protected:
  void SetUp() override {
    if (sotto::testing::kSlowBuild) GTEST_SKIP() << "skipped: takes minutes in this build";
  }
  double cycles(const char* kernel) { return static_cast<double>(costs_.of(kernel).cycles); }

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

// 64 queries and 64 keys of a pass over the 1,500 keys of a window: 23 tiles and one of 28 keys,
// which count as 23.5. What a pass does once is spread over these, what calls the kernels included.
TEST_F(Speed, ATileOfAttention) {
  constexpr double kMost = 6500, kTilesOfAPass = 23.5;
  constexpr int kStrips = 4, kObjectsOfQueries = 4;
  /// encoder_core itself, as tools/program_bytes.py estimates it: from one attention_weights to the
  /// next, from one invert_sums to the next with a strip and a tile, round_strip_a, passthrough.
  constexpr double kControlOfATile = 52, kControlOfAPass = 237 - kControlOfATile,
                   kControlOfAStrip = 50, kControlOfAnObject = 51;
  constexpr double kReference = 20 + 20;  // attention_reference itself, and the call of it
  const double tile = cycles("attention_weights") + cycles("gemm_bf16_tile") + kControlOfATile;
  const double beginning = kObjectsOfQueries * kControlOfAnObject + cycles("passthrough") +
                           cycles("attention_largest") + 2 * cycles("zero_blocks") +
                           cycles("zero_sums") + kReference;
  const double end = cycles("invert_sums") + cycles("normalise_sums") +
                     kStrips * cycles("round_strip_a") + (kStrips - 1) * kControlOfAStrip +
                     kControlOfAPass;
  const double all = tile + (beginning + end) / kTilesOfAPass;
  std::printf("a tile %.0f, of the pass's beginning %.0f, of its end %.0f: %.0f cycles\n", tile,
              beginning / kTilesOfAPass, end / kTilesOfAPass, all);
  RecordProperty("cycles", static_cast<int>(all));
  EXPECT_LE(all, kMost);
}

}  // namespace
}  // namespace sotto::npu::cycles
