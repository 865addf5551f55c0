// Attention in int8 at the ends of its bytes, against sums of integers: activations of 255 and 0,
// weights and values of ±127, where products of two bytes that are added in 16 bits would saturate.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "cpu/cpu_testing.h"
#include "cpu/int8_blocks.h"

namespace sotto::cpu {
namespace {

std::size_t at(std::int64_t row, std::int64_t columns, std::int64_t column = 0) {
  return static_cast<std::size_t>(row * columns + column);
}

/// How far a number is from the middle between two integers, where rounding would be a toss-up.
double margin(double x) {
  return std::abs(x - std::floor(x) - 0.5);
}

/// One head: a block of queries, of which every second is all 255 and the others all 0, and keys of
/// ±127, d + 1 kinds of them. A key's score follows from how many of its numbers are +127.
class Extremes {
 public:
  Extremes(const Int8Kernels& kernels, int n_keys, int d)
      : kernels_(kernels), n_keys_(n_keys), d_(d), keys_(at(n_keys, d)), values_(at(n_keys, d)) {
    std::mt19937 random(11);
    for (int key = 0; key < n_keys; ++key) {
      // Each strip has a key of the largest score for either kind of query.
      const int kind = key % 64 < 2 ? key % 64 : static_cast<int>(random() % 12);
      const int n_plus = kind % 2 == 0 ? d - kind / 2 : kind / 2;
      for (int i = 0; i < d; ++i) {
        keys_[at(key, d, (i + key) % d)] = i < n_plus ? 127 : -127;
        // The first two columns are all at one end.
        const bool plus = i == 0 || (i != 1 && random() % 2 == 0);
        values_[at(key, d, i)] = plus ? 127 : -127;
      }
    }
  }

  std::uint8_t query(int lane) const { return lane % 2 == 0 ? 255 : 0; }
  float value_scale(int i) const { return i < 2 ? 2.0f : i % 2 == 0 ? 0.75f : 0.5f; }

  /// 255·2^(score·factor − the largest), rounded; zero is far below the last one that counts.
  std::vector<int> weights(int lane, double factor, double& least_margin) const {
    std::vector<std::int64_t> scores;
    for (int key = 0; key < n_keys_; ++key) {
      std::int64_t score = 0;
      for (int i = 0; i < d_; ++i) {
        score += std::int64_t{keys_[at(key, d_, i)]} * (query(lane) - kZeroByte);
      }
      scores.push_back(score);
    }
    const std::int64_t top = *std::ranges::max_element(scores);
    std::vector<int> weights;
    for (const std::int64_t score : scores) {
      const double exact = 255 * std::exp2(static_cast<double>(score - top) * factor);
      least_margin = std::min(least_margin, margin(exact));
      weights.push_back(static_cast<int>(std::lround(exact)));
    }
    return weights;
  }

  /// A factor of the scores for which no weight is a toss-up.
  float find_factor() const {
    for (double step = 0.37; step < 0.6; step += 0.0031) {
      const double factor = step / (2 * 127 * 127);
      double least = 1;
      for (const int lane : {0, 1}) weights(lane, factor, least);
      if (least > 0.045) return static_cast<float>(factor);  // 1e-4 of 255, and some
    }
    ADD_FAILURE() << "there is none";
    return 0;
  }

  /// The kernel's bytes and scales, as activations.
  void run(float factor, std::vector<std::uint8_t>& bytes, std::vector<float>& scales) const {
    const int block = kernels_.block, key_blocks = blocks_of(n_keys_, block);
    const int n_strips = blocks_of(n_keys_, kValueStrip);
    Buffer<std::uint8_t> q(at(d_, block)), out(at(d_, block));
    Buffer<float> q_scales(static_cast<std::size_t>(block)), out_scales(q_scales.size());
    for (int lane = 0; lane < block; ++lane) {
      q_scales.data()[lane] = factor;
      for (int i = 0; i < d_; ++i) q.data()[quad_at(lane, i)] = query(lane);
    }
    Buffer<std::int8_t> k(at(key_blocks, std::int64_t{block} * d_)),
        v(at(n_strips, std::int64_t{kValueStrip} * d_));
    Buffer<float> k_scales(at(key_blocks, block)), v_scales(at(n_strips, d_));
    Buffer<std::int32_t> k_offsets(k_scales.size());
    std::ranges::fill(k_scales, 1.0f);
    std::ranges::fill(k_offsets, kSumOriginBits);
    for (int key = 0; key < n_keys_; ++key) {
      const std::size_t first = at(key / block, std::int64_t{block} * d_);
      const int strip = key / kValueStrip, in_strip = key % kValueStrip;
      const std::size_t value_block = at(strip, std::int64_t{kValueStrip} * d_) +
                                      at(in_strip / block, std::int64_t{block} * d_);
      for (int i = 0; i < d_; ++i) {
        const std::int8_t byte = keys_[at(key, d_, i)];
        k.data()[first + quad_at(key % block, i)] = byte;
        k_offsets.data()[key] -= kZeroByte * byte;
        v.data()[value_block + at(i, block, in_strip % block)] = values_[at(key, d_, i)];
        v_scales.data()[at(strip, d_, i)] = value_scale(i);
      }
    }
    Buffer<float> scratch(int8_attention_scratch(block, d_));
    kernels_.attention({.quads = out.data(),
                        .quad_scales = out_scales.data(),
                        .q = q.data(),
                        .q_scales = q_scales.data(),
                        .k = k.data(),
                        .k_scales = k_scales.data(),
                        .k_offsets = k_offsets.data(),
                        .v = v.data(),
                        .v_scales = v_scales.data(),
                        .n_keys = n_keys_,
                        .d = d_,
                        .scale = 0.6931472f,  // the kernel's exponents are of 2
                        .scratch = scratch.data()});
    for (int lane = 0; lane < block; ++lane) {
      for (int i = 0; i < d_; ++i) bytes.push_back(out.data()[quad_at(lane, i)]);
      scales.push_back(out_scales.data()[lane]);
    }
  }

  /// Σ weight·value ÷ Σ weight, which the bytes are of.
  std::vector<double> results(const std::vector<int>& weights) const {
    std::vector<double> results;
    std::int64_t total = 0;
    for (const int weight : weights) total += weight;
    for (int i = 0; i < d_; ++i) {
      std::int64_t sum = 0;
      for (int key = 0; key < n_keys_; ++key) {
        sum += std::int64_t{weights[at(key, 1)]} * values_[at(key, d_, i)];
      }
      results.push_back(static_cast<double>(sum) * value_scale(i) / static_cast<double>(total));
    }
    return results;
  }

 private:
  std::size_t quad_at(int lane, int i) const {
    return at(i / 4, std::int64_t{4} * kernels_.block, 4 * lane + i % 4);
  }

  const Int8Kernels& kernels_;
  int n_keys_, d_;
  std::vector<std::int8_t> keys_, values_;
};

class Int8AttentionTest : public ::testing::TestWithParam<Isa> {};

TEST_P(Int8AttentionTest, IsExactAtTheEndsOfItsBytes) {
  const Int8Kernels& kernels = int8_kernels_for(GetParam());
  for (const auto& [n_keys, d] : {std::pair{1, 4}, {35, 12}, {128, 64}, {129, 80}, {300, 64}}) {
    SCOPED_TRACE(::testing::Message() << n_keys << " keys, d " << d);
    const Extremes head(kernels, n_keys, d);
    const float factor = head.find_factor();
    std::vector<std::uint8_t> bytes;
    std::vector<float> scales;
    head.run(factor, bytes, scales);
    for (int lane = 0; lane < kernels.block; ++lane) {
      double ignored = 1;
      const std::vector<double> exact = head.results(head.weights(lane, factor, ignored));
      const double scale = 2.0 * 127 / 127;  // of the first column, which is all 127 by 2
      EXPECT_FLOAT_EQ(scales[static_cast<std::size_t>(lane)], static_cast<float>(scale));
      int n_sure = 0;
      for (int i = 0; i < d; ++i) {
        const double number = exact[static_cast<std::size_t>(i)] / scale;
        if (margin(number) < 1e-3) continue;
        ++n_sure;
        ASSERT_EQ(bytes[at(lane, d, i)], kZeroByte + std::lround(number)) << lane << ", " << i;
      }
      EXPECT_GE(n_sure, 0.9 * d);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Int8AttentionTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
