// Fused attention against float64.
#include <gtest/gtest.h>

#include <algorithm>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::kNaN;
using testing::Matrix;
using testing::normal_matrix;

constexpr int kHead = kTile;

/// Queries (scaled so that q k is in log2), keys and values, all rows of 64.
struct Problem {
  Matrix q, k, v;
  Problem(int keys, std::uint32_t seed, double score_deviation)
      : q(normal_matrix(kTile, kHead, seed, score_deviation / 8)),
        k(normal_matrix(keys, kHead, seed + 1)),
        v(normal_matrix(keys, kHead, seed + 2)) {}
};

Matrix exact(const Problem& problem) {
  Matrix out(kTile, kHead);
  for (int row = 0; row < kTile; ++row) {
    std::vector<double> scores;
    for (int key = 0; key < problem.k.rows; ++key) {
      double score = 0;
      for (int i = 0; i < kHead; ++i) score += problem.q.at(row, i) * problem.k.at(key, i);
      scores.push_back(score);
    }
    const double top = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp2(score - top);
    for (int key = 0; key < problem.k.rows; ++key) {
      for (int i = 0; i < kHead; ++i) {
        out.at(row, i) += scores[static_cast<std::size_t>(key)] / sum * problem.v.at(key, i);
      }
    }
  }
  return out;
}

/// A core's buffers.
struct Core {
  Buffer<float> o{kTile * kTile}, row_sums{kTileBlocks * kSum}, offsets{kTileBlocks * kSum};
  Buffer<bfloat16> p{kTile * kTile}, out{kTile * kTile};
};

/// 64 keys, from `first` on, as tiles; what lies behind the last key is `padding` in the keys and
/// zero in the values.
struct Tiles {
  Buffer<bfloat16> k, v;
  int valid;
};
Tiles tiles_at(const Problem& problem, int first, double padding) {
  Matrix k(kHead, kTile), v(kTile, kHead);
  const int valid = std::min(kTile, problem.k.rows - first);
  for (int key = 0; key < kTile; ++key) {
    for (int i = 0; i < kHead; ++i) {
      k.at(i, key) = key < valid ? problem.k.at(first + key, i) : padding;
      if (key < valid) v.at(key, i) = problem.v.at(first + key, i);
    }
  }
  return {testing::pack_k(k), testing::pack_v(v), valid};
}

void add_tile(Core& core, const Buffer<bfloat16>& q, const Tiles& tiles) {
  attention_keys(core.o.data(), core.row_sums.data(), core.offsets.data(), core.p.data(), q.data(),
                 tiles.k.data(), tiles.valid);
  attention_values(core.o.data(), core.p.data(), tiles.v.data());
}

Matrix finish(Core& core) {
  for (int strip = 0; strip < kStrips; ++strip) {
    attention_finish(core.out.data() + strip * kStrip, core.o.data(), core.row_sums.data(), strip);
  }
  Matrix out(kTile, kHead);
  for (int row = 0; row < kTile; ++row) {
    for (int i = 0; i < kHead; ++i) out.at(row, i) = core.out[testing::index_a(row, i, kHead)];
  }
  return out;
}

Matrix attend(const Problem& problem, Core& core, double padding = kNaN) {
  const Buffer<bfloat16> q = testing::pack_a(problem.q);
  std::fill(core.row_sums.begin(), core.row_sums.end(), kNaN);
  std::fill(core.o.begin(), core.o.end(), kNaN);
  zero_sums(core.o.data());
  for (int first = 0; first < problem.k.rows; first += kTile) {
    const Tiles tiles = tiles_at(problem, first, padding);
    if (first == 0) {
      attention_reference(core.offsets.data(), core.row_sums.data(), q.data(), tiles.k.data(),
                          tiles.valid);
    }
    add_tile(core, q, tiles);
  }
  return finish(core);
}

class AttentionTest : public testing::KernelTest {
 protected:
  Core buffers_;
};

TEST_F(AttentionTest, AnyNumberOfKeysIsCloseToFloat64) {
  double worst = 0;
  for (const int keys : {1, 7, 16, 17, 28, 64, 65, 100, 200, 1500}) {
    const Problem problem(keys, 1, 3);
    const double error = testing::relative_l1(attend(problem, buffers_), exact(problem));
    EXPECT_LT(error, 5e-3) << keys;  // the bar is 8e-3
    worst = std::max(worst, error);
  }
  testing::record("relative_l1", worst);
}

TEST_F(AttentionTest, InTwoPartsIsTheFloat32Mean) {
  const Problem problem(100, 5, 3);
  const Matrix one_part = attend(problem, buffers_);
  Buffer<bfloat16> high(kTile * kTile), low(kTile * kTile);
  const Buffer<bfloat16> zeros(kTileBlocks * kOperand);
  Buffer<bfloat16> inverse(kTileBlocks * kOperand);
  Buffer<float> mean(kTile * kTile);
  std::copy(buffers_.o.begin(), buffers_.o.end(), mean.begin());
  invert_sums(inverse.data(), buffers_.row_sums.data());
  normalise_sums(mean.data(), zeros.data(), zeros.data(), inverse.data());
  for (int strip = 0; strip < kStrips; ++strip) {
    round_parts(high.data() + strip * kStrip, low.data() + strip * kStrip,
                mean.data() + strip * kStripSums);
  }
  int not_low = 0;
  for (int row = 0; row < kTile; ++row) {
    const double sum = buffers_.row_sums[static_cast<std::size_t>(row / 4 * kSum + row % 4 * 4)];
    for (int i = 0; i < kHead; ++i) {
      const double truth = buffers_.o[testing::index_c(row, i)] / sum;
      const double first = high[testing::index_a(row, i, kHead)];
      const double both = first + low[testing::index_a(row, i, kHead)];
      EXPECT_EQ(first, one_part.at(row, i)) << row << ' ' << i;
      EXPECT_NEAR(both, truth, std::abs(truth) * 0x1p-14) << row << ' ' << i;
      not_low += std::abs(first - truth) > std::abs(truth) * 0x1p-10;
    }
  }
  EXPECT_GT(not_low, kTile * kHead / 4);  // where one part says less
}

TEST_F(AttentionTest, NarrowAndWideScores) {
  for (const int deviation : {0, 1, 6, 15, 30}) {
    const Problem problem(300, 10, deviation);
    const double error = testing::relative_l1(attend(problem, buffers_), exact(problem));
    testing::record("relative_l1_sd_" + std::to_string(deviation), error);
    EXPECT_LT(error, 5e-3) << deviation;
  }
}

/// Later tiles have larger and larger scores for some of the queries.
Problem rising(int keys = 256) {
  Problem problem(keys, 20, 2);
  for (int key = 64; key < keys; ++key) {
    for (int i = 0; i < kHead; ++i) problem.k.at(key, i) *= 1 + 12 * (key / 64);
  }
  problem.k = testing::rounded(problem.k);
  return problem;
}

TEST_F(AttentionTest, ScoresFarAboveTheFirstTilesRescaleTheSums) {
  const Problem problem = rising();
  EXPECT_LT(testing::relative_l1(attend(problem, buffers_), exact(problem)), 5e-3);
  const auto raised = [&](float offset) { return offset < -60; };
  EXPECT_TRUE(std::any_of(buffers_.offsets.begin(), buffers_.offsets.end(), raised));
}

TEST_F(AttentionTest, RescalingAtEveryTileChangesNothingButRounding) {
  const Problem problem(256, 30, 5);
  const Matrix plain = attend(problem, buffers_);
  const Buffer<bfloat16> q = testing::pack_a(problem.q);
  Core core;
  Buffer<float> largest(kTileBlocks * kSum);
  for (int first = 0; first < problem.k.rows; first += kTile) {
    const Tiles tiles = tiles_at(problem, first, 0);
    if (first == 0) {
      attention_reference(core.offsets.data(), core.row_sums.data(), q.data(), tiles.k.data(), 64);
    }
    attention_largest(largest.data(), q.data(), tiles.k.data(), core.offsets.data(), 64);
    attention_raise(core.o.data(), core.row_sums.data(), core.offsets.data(), largest.data(), 0);
    add_tile(core, q, tiles);
  }
  const Matrix rescaled = finish(core);
  EXPECT_LT(testing::relative_l1(rescaled, exact(problem)), 5e-3);
  EXPECT_LT(testing::relative_l1(rescaled, plain), 4e-3);
}

TEST_F(AttentionTest, WeightsTakenAnewCountOnce) {
  // Only row 9 sees a score of the last tile that is too large: all other rows are as without it.
  Problem plain(100, 35, 1);
  for (int row = 0; row < kTile; ++row) plain.q.at(row, 0) = row == 9 ? 16 : 0;
  for (int key = 0; key < 100; ++key) plain.k.at(key, 0) = 0;
  Problem problem = plain;
  problem.k.at(90, 0) = 4;
  const Matrix expected = attend(plain, buffers_);
  Core core;
  const Matrix out = attend(problem, core);
  EXPECT_LT(testing::relative_l1(out, exact(problem)), 5e-3);
  for (int row = 0; row < kTile; ++row) {
    const auto at = static_cast<std::size_t>(row / 4 * kSum + row % 4 * 4);
    if (row == 9) {
      EXPECT_LT(core.offsets[at], -30);
      continue;
    }
    EXPECT_EQ(core.row_sums[at], buffers_.row_sums[at]) << row;
    for (int i = 0; i < kHead; ++i) EXPECT_EQ(out.at(row, i), expected.at(row, i)) << row;
  }
}

TEST_F(AttentionTest, KeysFarBelowTheReferenceDoNotCount) {
  Problem problem(128, 40, 0.5);
  for (int key = 1; key < 128; ++key) {
    for (int i = 0; i < kHead; ++i) {
      problem.k.at(key, i) = problem.k.at(0, i) - 1500 * problem.q.at(3, i) / 0.0625;
    }
  }
  problem.k = testing::rounded(problem.k);
  const Matrix out = attend(problem, buffers_);
  for (int i = 0; i < kHead; ++i) EXPECT_NEAR(out.at(3, i), problem.v.at(0, i), 1e-2);
}

TEST_F(AttentionTest, ScoresMayAllBeFarBelowZero) {
  // A reference that is not below zero would leave all weights at their smallest.
  Problem problem(80, 45, 1);
  for (int row = 0; row < kTile; ++row) problem.q.at(row, 0) = -40;
  for (int key = 0; key < 80; ++key) problem.k.at(key, 0) = 5;
  EXPECT_LT(testing::relative_l1(attend(problem, buffers_), exact(problem)), 5e-3);
}

TEST_F(AttentionTest, OneKeyFarAboveAllBeforeIsTheWholeAnswer) {
  // The sums so far underflow as they are scaled.
  for (const double above : {40.0, 250.0, 1000.0, 4000.0}) {
    Problem problem(100, 46, 1);
    for (int row = 0; row < kTile; ++row) problem.q.at(row, 0) = 64;
    for (int key = 0; key < 100; ++key) problem.k.at(key, 0) = key == 90 ? above / 64 : 0;
    problem.k = testing::rounded(problem.k);
    const Matrix out = attend(problem, buffers_);
    EXPECT_LT(testing::relative_l1(out, exact(problem)), 5e-3) << above;
  }
}

TEST_F(AttentionTest, ReferencesMayBeAsFarOffAsTheyAreAtTheLargestScores) {
  // 4089 rounds to 4096 and 4057 to 4064: the one key that counts has the weight 2^-7, all others
  // have the smallest there is. Their values are about 2, its own about 0, so that they show.
  for (const double top : {4057.0, 4089.0}) {
    for (const int key : {5, 70, 1499}) {  // in the first tile: attention_reference; else rescaling
      for (const double others : {0.0, -4080.0}) {
        if (others != 0 && key != 5) continue;  // more than 4096 above
        Problem problem(1500, 47, 0.1);
        for (double& x : problem.v.values) x += 2;
        for (int row = 0; row < kTile; ++row) {
          problem.q.at(row, 0) = 32;
          problem.q.at(row, 1) = 8;
        }
        for (int i = 0; i < 1500; ++i) {
          problem.k.at(i, 0) = i == key ? std::floor(top / 32) : others / 32;
          problem.k.at(i, 1) = i == key ? std::fmod(top, 32) / 8 : 0;
        }
        for (int i = 0; i < kHead; ++i) problem.v.at(key, i) -= 2;
        for (int i = 2; i < kHead; ++i) problem.k.at(key, i) = 0;  // the score is `top` itself
        problem.v = testing::rounded(problem.v);
        const Matrix out = attend(problem, buffers_);
        EXPECT_LT(testing::relative_l1(out, exact(problem)), 2e-3) << top << ' ' << key;
        EXPECT_NEAR(std::log2(buffers_.row_sums[0]), -7, 0.5) << top << ' ' << key;
      }
    }
  }
}

TEST_F(AttentionTest, RescalingNeverLowersAReference) {
  // Queries 0 and 1 lie in one block. In the second tile one is far above its reference; the other
  // is 300 below, which must leave its answer to the keys before.
  Problem problem(128, 48, 1);
  for (int row = 0; row < kTile; ++row) problem.q.at(row, 0) = row == 0 ? 16 : row == 1 ? -16 : 0;
  for (int key = 0; key < 128; ++key) problem.k.at(key, 0) = key < 64 ? 0 : 300.0 / 16;
  problem.k = testing::rounded(problem.k);
  EXPECT_LT(testing::relative_l1(attend(problem, buffers_), exact(problem)), 5e-3);
}

TEST_F(AttentionTest, EqualScoresAverageTheValues) {
  Problem problem(100, 50, 1);
  for (double& x : problem.q.values) x = 0;
  EXPECT_LT(testing::relative_l1(attend(problem, buffers_), exact(problem)), 2.5e-3);
}

TEST_F(AttentionTest, WeightsSumToTheRowSumsAndPaddingIsExactlyZero) {
  const Problem problem(28, 60, 4);
  const Buffer<bfloat16> q = testing::pack_a(problem.q);
  const Tiles tiles = tiles_at(problem, 0, kNaN);
  Core& core = buffers_;
  attention_reference(core.offsets.data(), core.row_sums.data(), q.data(), tiles.k.data(), 28);
  std::fill(core.p.begin(), core.p.end(), bfloat16(kNaN));
  attention_keys(core.o.data(), core.row_sums.data(), core.offsets.data(), core.p.data(), q.data(),
                 tiles.k.data(), 28);
  for (int row = 0; row < kTile; ++row) {
    double sum = 0;
    for (int key = 0; key < kTile; ++key) {
      const bfloat16 weight = core.p[testing::index_a(row, key, kTile)];
      if (key >= 28) {
        EXPECT_EQ(weight.bits(), 0);
      }
      sum += weight;
    }
    const auto at = static_cast<std::size_t>(row / 4 * kSum + row % 4 * 4);
    for (std::size_t column = 0; column < 4; ++column) {
      EXPECT_NEAR(core.row_sums[at + column], sum, 1e-6 * sum);
    }
  }
}

TEST_F(AttentionTest, WhatLiesBehindTheLastKeyChangesNothing) {
  // max passes over NaN: only numbers show that a mask is missing.
  for (const int keys : {1, 3, 15, 17, 28, 63, 65, 130, 250}) {
    const Problem problem = rising(keys);
    const Matrix expected = attend(problem, buffers_, 0);
    for (const double padding : {1e3, 3e38, -3e38, HUGE_VAL, -HUGE_VAL, double{kNaN}}) {
      EXPECT_EQ(attend(problem, buffers_, padding).values, expected.values)
          << keys << " keys, " << padding;
    }
  }
}

TEST_F(AttentionTest, AQueryOfNaNEndsAndStaysInItsRow) {
  Problem problem(100, 70, 3);
  const Matrix clean = attend(problem, buffers_);
  problem.q.at(17, 5) = kNaN;
  const Matrix out = attend(problem, buffers_);
  for (int row = 0; row < kTile; ++row) {
    for (int i = 0; i < kHead && row != 17; ++i) EXPECT_EQ(out.at(row, i), clean.at(row, i)) << row;
  }
}

}  // namespace
}  // namespace sotto::npu::kernels
