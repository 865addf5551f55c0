// The layers in bfloat16 on odd sizes, against sums in double over the same rounded numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "base/half.h"
#include "cpu/bf16_blocks.h"
#include "cpu/cpu_testing.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// To nearest, ties to even.
Bf16 rounded_bits(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<Bf16>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

std::vector<float> rounded(std::vector<float> numbers) {
  for (float& x : numbers) x = bf16_to_f32(rounded_bits(x));
  return numbers;
}

double gelu(double x) {
  return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// act(x Wᵀ + b) + residual in double.
std::vector<double> linear(const std::vector<float>& x, const std::vector<float>& w,
                           const std::vector<float>& bias, const std::vector<float>& residual,
                           int m, int n, int k, Activation activation) {
  std::vector<double> y(area(m, n));
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = bias[static_cast<std::size_t>(j)];
      for (int l = 0; l < k; ++l) {
        sum += double{x[area(i, k) + static_cast<std::size_t>(l)]} *
               w[area(j, k) + static_cast<std::size_t>(l)];
      }
      const std::size_t at = area(i, n) + static_cast<std::size_t>(j);
      y[at] = (activation == Activation::gelu ? gelu(sum) : sum) + residual[at];
    }
  }
  return y;
}

/// Made only where the machine has the kernels.
class Bf16Test : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    ASSERT_NE(kernels_, nullptr);
    ASSERT_EQ(kernels_->block, runtime_.kernels.block);
  }

  Buffer<float> blocks(const std::vector<float>& rows, int n, int d) {
    Buffer<float> result(area(blocks_of(n, kernels_->block) * kernels_->block, d));
    to_blocks(runtime_, result.data(), rows.data(), d, n, d);
    return result;
  }
  std::vector<float> rows(const Buffer<float>& blocks, int n, int d) {
    std::vector<float> result(area(n, d));
    from_blocks(runtime_, result.data(), d, blocks.data(), n, d);
    return result;
  }
  /// The place of a number in pairs, and in rows, of d a position.
  std::size_t pair_at(int t, int i, int d) const {
    const int block = kernels_->block;
    return area(t / block * ((d + 1) / 2) + i / 2, 2 * block) +
           static_cast<std::size_t>(t % block * 2 + i % 2);
  }
  Buffer<Bf16> pairs(const std::vector<float>& rows, int n, int d) {
    const int n_blocks = blocks_of(n, kernels_->block);
    const Buffer<float> from = blocks(rows, n, d);
    Buffer<Bf16> result(area(n_blocks * kernels_->block, d + 1));
    for (int b = 0; b < n_blocks; ++b) {
      kernels_->to_pairs(result.data() + area(b * ((d + 1) / 2), 2 * kernels_->block),
                         kernels_->block, from.data() + area(b * kernels_->block, d), d);
    }
    return result;
  }

  const Bf16Kernels* kernels_ = bf16_kernels_for(GetParam());
  ThreadPool pool_{3};
  PackedWeights weights_;
  Runtime runtime_{kernels_for(GetParam()), pool_, weights_};
};

TEST_P(Bf16Test, PairsAreRoundedToNearest) {
  for (const auto& [n, d] : {std::pair{1, 1}, {37, 2}, {33, 7}, {5, 130}}) {
    SCOPED_TRACE(::testing::Message() << n << " positions of " << d);
    std::vector<float> x = normal_numbers(area(n, d), 1);
    x[0] = 1.00390625f;  // halfway between two, of which the lower is even
    const Buffer<Bf16> actual = pairs(x, n, d);
    for (int t = 0; t < n; ++t) {
      for (int i = 0; i < d; ++i) {
        ASSERT_EQ(actual.data()[pair_at(t, i, d)],
                  rounded_bits(x[area(t, d) + static_cast<std::size_t>(i)]));
      }
      for (int i = d; i % 2 == 1; ++i) {
        EXPECT_EQ(actual.data()[pair_at(t, i, d)], 0) << "the pair's other half";
      }
    }
  }
}

// positions, outputs, inputs: no multiple of any tile, single ones, and exact fits
constexpr std::tuple<int, int, int> kSizes[] = {
    {1, 1, 1}, {1, 257, 3}, {37, 29, 2}, {33, 15, 64}, {64, 128, 32}, {70, 14, 17}, {15, 31, 301}};

TEST_P(Bf16Test, LinearLayersOfOddSizes) {
  for (const auto& [m, n, k] : kSizes) {
    SCOPED_TRACE(::testing::Message()
                 << m << " positions, " << n << " outputs, " << k << " inputs");
    const std::vector<float> x = normal_numbers(area(m, k), 1), w = normal_numbers(area(n, k), 2);
    const std::vector<float> bias = normal_numbers(area(n, 1), 3),
                             residual = normal_numbers(area(m, n), 4);
    const int n_blocks = blocks_of(m, kernels_->block);
    const Bf16Linear layer(runtime_, *kernels_, w, bias, n, k);
    Buffer<float> y = blocks(residual, m, n);
    layer(y.data(), pairs(x, m, k).data(), n_blocks, y.data());
    EXPECT_LT(relative_l2(rows(y, m, n), linear(rounded(x), rounded(w), bias, residual, m, n, k,
                                                Activation::none)),
              1e-6);
  }
}

/// Results in bfloat16: the first outputs as pairs, the others as rows.
TEST_P(Bf16Test, ResultsAreRoundedOnceWhereverTheyGo) {
  for (const auto& [m, n, k] : kSizes) {
    const int half = n / 2 / 2 * 2;  // even
    for (const int pairs_end : {0, half, n + n % 2}) {
      SCOPED_TRACE(::testing::Message() << m << " positions, " << n << " outputs, " << k
                                        << " inputs, pairs before " << pairs_end);
      if (pairs_end == n + n % 2 && n % 2 == 1) continue;  // the last would have no other half
      const std::vector<float> x = normal_numbers(area(m, k), 1), w = normal_numbers(area(n, k), 2);
      const std::vector<float> bias = normal_numbers(area(n, 1), 3);
      const int block = kernels_->block, n_blocks = blocks_of(m, block);
      const Bf16Linear layer(runtime_, *kernels_, w, bias, n, k);
      Buffer<Bf16> y(area(n_blocks * block, n + 1));
      layer(y.data(), pairs(x, m, k).data(), n_blocks, pairs_end);
      const std::vector<double> truth = linear(
          rounded(x), rounded(w), bias, std::vector<float>(area(m, n)), m, n, k, Activation::none);
      for (int t = 0; t < m; ++t) {
        for (int j = 0; j < n; ++j) {
          const std::size_t in_block =
              j < pairs_end
                  ? area(j / 2 * 2, block) + static_cast<std::size_t>(t % block * 2 + j % 2)
                  : area(j, block) + static_cast<std::size_t>(t % block);
          const double actual = bf16_to_f32(y.data()[area(t / block * n, block) + in_block]);
          const double exact = truth[area(t, n) + static_cast<std::size_t>(j)];
          // Half a step of eight bits, and what sums in f32 of the inputs are off.
          ASSERT_NEAR(actual, exact, std::abs(exact) / 256 + 1e-5 * std::sqrt(k)) << t << ", " << j;
        }
      }
    }
  }
}

/// softmax(scale · q kᵀ) v in double, d numbers a position.
std::vector<double> attention(const std::vector<float>& q, const std::vector<float>& k,
                              const std::vector<float>& v, int n_queries, int n_keys, int d,
                              double scale) {
  std::vector<double> out(area(n_queries, d));
  for (int i = 0; i < n_queries; ++i) {
    std::vector<double> weights(static_cast<std::size_t>(n_keys));
    for (int j = 0; j < n_keys; ++j) {
      double& score = weights[static_cast<std::size_t>(j)];
      for (std::size_t l = 0; l < static_cast<std::size_t>(d); ++l) {
        score += scale * q[area(i, d) + l] * k[area(j, d) + l];
      }
    }
    const double top = *std::ranges::max_element(weights);
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - top);
    for (int j = 0; j < n_keys; ++j) {
      for (std::size_t l = 0; l < static_cast<std::size_t>(d); ++l) {
        out[area(i, d) + l] += weights[static_cast<std::size_t>(j)] / total * v[area(j, d) + l];
      }
    }
  }
  return out;
}

TEST_P(Bf16Test, AttentionOfOddSizes) {
  // one key, less than a block, whole blocks, whole strips, strips and a rest
  for (const auto& [n_queries, n_keys, d] : {std::tuple{1, 1, 2},
                                             {3, 7, 6},
                                             {33, 32, 64},
                                             {32, kBf16Strip, 64},
                                             {40, 2 * kBf16Strip + 35, 64},
                                             {7, 449, 34}}) {
    SCOPED_TRACE(::testing::Message() << n_queries << " queries, " << n_keys << " keys, d " << d);
    const std::vector<float> q = normal_numbers(area(n_queries, d), 1),
                             k = normal_numbers(area(n_keys, d), 2, 2),
                             v = normal_numbers(area(n_keys, d), 3);
    const int block = kernels_->block, key_blocks = blocks_of(n_keys, block);
    const float scale = 1 / std::sqrt(static_cast<float>(d));
    const Buffer<Bf16> q_pairs = pairs(q, n_queries, d), k_pairs = pairs(k, n_keys, d);
    const Buffer<float> v_blocks = blocks(v, n_keys, d);
    Buffer<Bf16> v_rows(v_blocks.size()), out(area(blocks_of(n_queries, block) * block, d));
    std::ranges::transform(v_blocks, v_rows.begin(), rounded_bits);
    ASSERT_EQ(v_rows.size(), area(key_blocks * block, d));
    Buffer<float> scratch(bf16_attention_scratch(block, d));
    for (int b = 0; b < blocks_of(n_queries, block); ++b) {
      kernels_->attention({.out = out.data() + area(b * block, d),
                           .q = q_pairs.data() + area(b * block, d),
                           .k = k_pairs.data(),
                           .v = v_rows.data(),
                           .kv_block = static_cast<std::ptrdiff_t>(block) * d,
                           .n_keys = n_keys,
                           .d = d,
                           .scale = scale,
                           .scratch = scratch.data()});
    }
    std::vector<float> actual;
    for (int t = 0; t < n_queries; ++t) {
      for (int i = 0; i < d; ++i) actual.push_back(bf16_to_f32(out.data()[pair_at(t, i, d)]));
    }
    const auto truth = attention(rounded(q), rounded(k), rounded(v), n_queries, n_keys, d, scale);
    // Weights and results are rounded to eight bits: 2^-9 of each at most, a third of it on
    // average.
    EXPECT_LT(relative_l2(actual, truth), 4e-3);
  }
}

/// Those of available_isas() that have the kernels; there may be none.
std::vector<Isa> with_kernels() {
  std::vector<Isa> isas = available_isas();
  std::erase_if(isas, [](Isa isa) { return bf16_kernels_for(isa) == nullptr; });
  return isas;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Bf16Test);
INSTANTIATE_TEST_SUITE_P(Isa, Bf16Test, ::testing::ValuesIn(with_kernels()), testing::isa_name);

TEST(Bf16KernelsForTest, AreThereWithTheirInstructionsOnly) {
  for (const Isa isa : available_isas()) {
    EXPECT_EQ(bf16_kernels_for(isa) != nullptr, isa == Isa::avx512_bf16) << name_of(isa);
  }
}

}  // namespace
}  // namespace sotto::cpu
