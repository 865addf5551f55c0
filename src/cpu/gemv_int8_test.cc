#include "cpu/gemv_int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/half.h"
#include "base/testing.h"
#include "cpu/cpu_testing.h"
#include "cpu/gemv_bf16_linear.h"
#include "cpu/gemv_linear.h"
#include "cpu/two_byte_linear.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

using Matrix = std::vector<float>;
using Truth = std::vector<double>;

std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// Whole numbers in [−largest, largest], the same for a seed.
std::vector<int> whole_numbers(std::size_t n, std::uint32_t seed, int largest) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> uniform(-largest, largest);
  std::vector<int> numbers(n);
  for (int& x : numbers) x = uniform(random);
  return numbers;
}

/// A row of activations as integers: the plain twin of GemvInt8::quantise.
struct PlainRow {
  explicit PlainRow(std::span<const float> x) {
    for (std::size_t begin = 0; begin < x.size(); begin += kGemvGroup) {
      const auto group = x.subspan(begin, std::min<std::size_t>(kGemvGroup, x.size() - begin));
      float top = 0;
      for (const float a : group) top = std::max(top, std::abs(a));
      const float scale = top * (1.0f / 127.0f), inverse = scale > 0 ? 1.0f / scale : 0.0f;
      int sum = 0;
      for (int i = 0; i < kGemvGroup; ++i) {
        const float a =
            static_cast<std::size_t>(i) < group.size() ? group[static_cast<std::size_t>(i)] : 0;
        numbers.push_back(static_cast<std::int8_t>(std::nearbyint(a * inverse)));
        sum += numbers.back();
      }
      scales.push_back(scale);
      sums.push_back(sum);
    }
  }
  std::vector<std::int8_t> numbers;
  std::vector<float> scales;
  std::vector<std::int32_t> sums;
};

class GemvInt8Test : public ::testing::TestWithParam<Isa> {
 protected:
  const GemvInt8& gemv_ = gemv_int8_for(GetParam());
  ThreadPool pool_{3};
  PackedWeights weights_;
  GemvRuntime runtime_{{kernels_for(GetParam()), pool_, weights_}, gemv_};

  GemvLinear layer(const Matrix& w, const Matrix& bias, int n_out, int n_in) {
    return GemvLinear(runtime_, w, bias, n_out, n_in);
  }
};

TEST_P(GemvInt8Test, QuantisesAsThePlainTwinDoes) {
  for (const int n : {1, 3, 16, 36, 63, 64, 65, 200}) {
    const Matrix x = normal_numbers(static_cast<std::size_t>(n) * 3, 5, 7);
    GemvScratch scratch(3, n);
    const GemvRows rows = scratch.quantise(runtime_, x.data(), 3, n);
    for (int row = 0; row < 3; ++row) {
      const PlainRow plain(
          std::span<const float>(x).subspan(area(row, n), static_cast<std::size_t>(n)));
      ASSERT_EQ(static_cast<std::size_t>(rows.groups), plain.scales.size());
      const std::size_t first = area(row, rows.groups);
      EXPECT_TRUE(std::equal(plain.numbers.begin(), plain.numbers.end(),
                             rows.numbers + first * kGemvGroup));
      EXPECT_TRUE(std::equal(plain.scales.begin(), plain.scales.end(), rows.scales + first));
      EXPECT_TRUE(std::equal(plain.sums.begin(), plain.sums.end(), rows.sums + first));
    }
  }
}

TEST_P(GemvInt8Test, RemaindersAreWhatRoundingTookAway) {
  for (const int n : {1, 3, 16, 36, 63, 64, 65, 200}) {
    const Matrix x = normal_numbers(static_cast<std::size_t>(n) * 3, 5, 7);
    GemvScratch scratch(6, n);
    const PreciseGemvRows both = scratch.quantise_with_remainders(runtime_, x.data(), 3, n);
    for (int row = 0; row < 3; ++row) {
      const PlainRow plain(
          std::span<const float>(x).subspan(area(row, n), static_cast<std::size_t>(n)));
      const std::size_t first = area(row, both.rows.groups);
      EXPECT_TRUE(std::equal(plain.numbers.begin(), plain.numbers.end(),
                             both.rows.numbers + first * kGemvGroup));
      for (std::size_t i = 0; i < plain.numbers.size(); ++i) {
        const std::size_t group = i / kGemvGroup;
        const float scale = plain.scales[group];
        const float exact = i < static_cast<std::size_t>(n)
                                ? x[area(row, n) + static_cast<int>(i)] * (1.0f / scale)
                                : 0.0f;
        ASSERT_EQ(both.remainders.numbers[first * kGemvGroup + i],
                  std::nearbyint((exact - std::nearbyint(exact)) * 254.0f))
            << n << " row " << row << " at " << i;
        ASSERT_EQ(both.remainders.scales[first + group], scale * (1.0f / 254.0f));
      }
    }
  }
}

TEST_P(GemvInt8Test, RowsWithRemaindersMakeTheRoundingOfRowsGood) {
  constexpr int kRows = 5, kOut = 70, kIn = 150;
  const Matrix x = normal_numbers(area(kRows, kIn), 1), w = normal_numbers(area(kOut, kIn), 2);
  const Matrix bias = normal_numbers(kOut, 3), residual = normal_numbers(area(kRows, kOut), 4);
  const GemvLinear linear = layer(w, bias, kOut, kIn);
  Matrix unpacked(w.size());
  for (int n = 0; n < kOut; ++n) linear.weight_row(unpacked.data() + area(n, kIn), n);
  Truth truth(area(kRows, kOut));
  for (int m = 0; m < kRows; ++m) {
    for (int n = 0; n < kOut; ++n) {
      double sum = bias[static_cast<std::size_t>(n)];
      for (int k = 0; k < kIn; ++k) sum += double{x[area(m, kIn) + k]} * unpacked[area(n, kIn) + k];
      truth[area(m, kOut) + n] = sum + residual[area(m, kOut) + n];
    }
  }
  GemvScratch scratch(2 * kRows, kIn);
  Matrix y = residual;
  linear(y.data(), scratch.quantise_with_remainders(runtime_, x.data(), kRows, kIn), kRows,
         y.data());
  EXPECT_LT(relative_l2(y, truth), 4e-5);
  for (int m = 0; m < kRows; ++m) {
    Matrix one(residual.begin() + area(m, kOut), residual.begin() + area(m + 1, kOut));
    linear(one.data(), scratch.quantise_with_remainders(runtime_, x.data() + area(m, kIn), 1, kIn),
           1, one.data());
    EXPECT_TRUE(std::equal(one.begin(), one.end(), y.data() + area(m, kOut))) << m;
  }
}

TEST_P(GemvInt8Test, TwoBytesAreAsExactAsFifteenBits) {
  constexpr int kRows = 9, kOut = 70, kIn = 150;
  const Matrix x = normal_numbers(area(kRows, kIn), 1), w = normal_numbers(area(kOut, kIn), 2);
  const Matrix bias = normal_numbers(kOut, 3), residual = normal_numbers(area(kRows, kOut), 4);
  const TwoByteLinear linear(runtime_, w, bias, kOut, kIn);
  Matrix unpacked(w.size());
  for (int n = 0; n < kOut; ++n) linear.weight_row(unpacked.data() + area(n, kIn), n);
  EXPECT_LT(relative_l2(unpacked, w), 6e-5);
  Truth truth(area(kRows, kOut));
  for (int m = 0; m < kRows; ++m) {
    for (int n = 0; n < kOut; ++n) {
      double sum = bias[static_cast<std::size_t>(n)];
      for (int k = 0; k < kIn; ++k) sum += double{x[area(m, kIn) + k]} * w[area(n, kIn) + k];
      truth[area(m, kOut) + n] =
          sum * std::erfc(-sum / std::sqrt(2.0)) / 2 + residual[area(m, kOut) + n];
    }
  }
  TwoByteRows rows(kRows, kIn);
  Matrix y = residual;
  linear(y.data(), rows.quantise(runtime_, x.data(), kRows, kIn), kRows, Activation::gelu,
         y.data());
  EXPECT_LT(relative_l2(y, truth), 1e-4);
}

TEST_P(GemvInt8Test, ZerosAndTinyNumbersAreZero) {
  for (const float value : {0.0f, 1e-44f, -1e-38f}) {
    const Matrix x(70, value);
    GemvScratch scratch(1, 70);
    const GemvRows rows = scratch.quantise(runtime_, x.data(), 1, 70);
    EXPECT_EQ(rows.sums[0], 0);
    EXPECT_LE(rows.scales[0], 1e-38f);
  }
}

TEST_P(GemvInt8Test, ANumberThatIsNotFiniteReachesTheResult) {
  const Matrix w(36, 1.0f);
  const GemvLinear linear = layer(w, {}, 1, 36);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Matrix x(36, 1.0f);
    x[20] = bad;
    GemvScratch scratch(1, 36);
    float y = 0;
    linear(&y, scratch.quantise(runtime_, x.data(), 1, 36), 1);
    EXPECT_TRUE(std::isnan(y));
    GemvScratch twice(2, 36);
    y = 0;
    linear(&y, twice.quantise_with_remainders(runtime_, x.data(), 1, 36), 1, nullptr);
    EXPECT_TRUE(std::isnan(y));
  }
}

/// Weights that are whole numbers with a largest of `largest` in each group have the scale 1.
Matrix whole_weights(int n_out, int n_in, int largest) {
  const std::vector<int> numbers = whole_numbers(area(n_out, n_in), 3, largest);
  Matrix w(numbers.begin(), numbers.end());
  for (int n = 0; n < n_out; ++n) {
    for (int k = 0; k < n_in; k += kGemvGroup)
      w[area(n, n_in) + k] = static_cast<float>(n % 2 == 0 ? largest : -largest);
  }
  return w;
}

TEST_P(GemvInt8Test, ProductsOfIntegersAreExact) {
  for (const int n_in : {1, 5, 36, 63, 64, 100, 200}) {
    for (const int n_out : {1, 31, 32, 33, 70}) {
      const Matrix w = whole_weights(n_out, n_in, 127);
      const GemvLinear linear = layer(w, {}, n_out, n_in);
      for (const int n_rows : {1, 2, 3, 5, 8, 11}) {
        Matrix x(area(n_rows, n_in));
        const std::vector<int> numbers = whole_numbers(x.size(), 4, 127);
        std::copy(numbers.begin(), numbers.end(), x.begin());
        const int n_groups = (n_in + kGemvGroup - 1) / kGemvGroup;
        std::vector<std::int8_t> rows(area(n_rows, n_groups * kGemvGroup));
        std::vector<float> scales(area(n_rows, n_groups), 1.0f);
        std::vector<std::int32_t> sums(area(n_rows, n_groups));
        for (int m = 0; m < n_rows; ++m) {
          for (int k = 0; k < n_in; ++k) {
            rows[area(m, n_groups * kGemvGroup) + k] =
                static_cast<std::int8_t>(x[area(m, n_in) + k]);
            sums[area(m, n_groups) + k / kGemvGroup] += static_cast<int>(x[area(m, n_in) + k]);
          }
        }
        Matrix y(area(n_rows, n_out));
        linear(y.data(),
               {.numbers = rows.data(),
                .scales = scales.data(),
                .sums = sums.data(),
                .groups = n_groups},
               n_rows);
        for (int m = 0; m < n_rows; ++m) {
          for (int n = 0; n < n_out; ++n) {
            double sum = 0;
            for (int k = 0; k < n_in; ++k)
              sum += double{x[area(m, n_in) + k]} * w[area(n, n_in) + k];
            ASSERT_EQ(y[area(m, n_out) + n], sum)
                << n_in << " " << n_out << " row " << m << " of " << n_rows;
          }
        }
      }
    }
  }
}

TEST_P(GemvInt8Test, LargestIntegersDoNotSaturate) {
  constexpr int kIn = 2 * kGemvGroup;
  for (const float weight : {127.0f, -127.0f}) {
    const Matrix w(area(kPanel, kIn), weight);
    const GemvLinear linear = layer(w, {}, kPanel, kIn);
    for (const std::int8_t number : {std::int8_t{127}, std::int8_t{-127}}) {
      const std::vector<std::int8_t> numbers(kIn, number);
      const std::vector<float> scales(2, 1.0f);
      const std::vector<std::int32_t> sums(2, number * kGemvGroup);
      Matrix y(kPanel);
      linear(y.data(),
             {.numbers = numbers.data(), .scales = scales.data(), .sums = sums.data(), .groups = 2},
             1);
      for (const float sum : y) EXPECT_EQ(sum, weight * number * kIn);
    }
  }
}

TEST_P(GemvInt8Test, LinearLayerWithAllItsParts) {
  constexpr int kRows = 9, kOut = 70, kIn = 150;
  const Matrix x = normal_numbers(area(kRows, kIn), 1),
               w = normal_numbers(area(kOut, kIn), 2, 0.1f);
  const Matrix bias = normal_numbers(kOut, 3), residual = normal_numbers(area(kRows, kOut), 4);
  const GemvLinear linear = layer(w, bias, kOut, kIn);
  Matrix unpacked(w.size());
  for (int n = 0; n < kOut; ++n) linear.weight_row(unpacked.data() + area(n, kIn), n);
  EXPECT_LT(relative_l2(unpacked, w), 0.01);
  Truth truth(area(kRows, kOut));
  for (int m = 0; m < kRows; ++m) {
    const PlainRow row(std::span<const float>(x).subspan(area(m, kIn), kIn));
    for (int n = 0; n < kOut; ++n) {
      double sum = bias[static_cast<std::size_t>(n)];
      for (int k = 0; k < kIn; ++k) {
        sum += double{row.scales[static_cast<std::size_t>(k / kGemvGroup)]} *
               row.numbers[static_cast<std::size_t>(k)] * unpacked[area(n, kIn) + k];
      }
      truth[area(m, kOut) + n] =
          sum * std::erfc(-sum / std::sqrt(2.0)) / 2 + residual[area(m, kOut) + n];
    }
  }
  GemvScratch scratch(kRows, kIn);
  Matrix y = residual;
  linear(y.data(), scratch.quantise(runtime_, x.data(), kRows, kIn), kRows, Activation::gelu,
         y.data());
  EXPECT_LT(relative_l2(y, truth), 1e-6);
}

TEST_P(GemvInt8Test, ARowDoesNotDependOnThoseBesideIt) {
  constexpr int kRows = 19, kOut = 65, kIn = 130;
  const Matrix x = normal_numbers(area(kRows, kIn), 1), w = normal_numbers(area(kOut, kIn), 2);
  const GemvLinear linear = layer(w, {}, kOut, kIn);
  GemvScratch scratch(kRows, kIn);
  Matrix all(area(kRows, kOut));
  linear(all.data(), scratch.quantise(runtime_, x.data(), kRows, kIn), kRows);
  for (int m = 0; m < kRows; ++m) {
    Matrix one(kOut), part(kOut);
    const GemvRows row = scratch.quantise(runtime_, x.data() + area(m, kIn), 1, kIn);
    linear(one.data(), row, 1);
    linear.outputs(part.data(), row, 1, 0, 32);
    linear.outputs(part.data(), row, 1, 32, kOut);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.data() + area(m, kOut))) << m;
    EXPECT_EQ(one, part);
  }
}

TEST_P(GemvInt8Test, WeightsInBfloat16) {
  constexpr int kRows = 9, kOut = 70, kIn = 150;
  const Matrix x = normal_numbers(area(kRows, kIn), 1), w = normal_numbers(area(kOut, kIn), 2);
  const Matrix bias = normal_numbers(kOut, 3), residual = normal_numbers(area(kRows, kOut), 4);
  const GemvBf16Linear linear(runtime_, w, bias, kOut, kIn);
  Matrix rounded(w.size());
  for (int n = 0; n < kOut; ++n) linear.weight_row(rounded.data() + area(n, kIn), n);
  for (std::size_t i = 0; i < w.size(); ++i) {
    ASSERT_LE(std::abs(rounded[i] - w[i]), std::abs(w[i]) * 0x1p-8f);
  }
  Truth truth(area(kRows, kOut));
  for (int m = 0; m < kRows; ++m) {
    for (int n = 0; n < kOut; ++n) {
      double sum = bias[static_cast<std::size_t>(n)];
      for (int k = 0; k < kIn; ++k) sum += double{x[area(m, kIn) + k]} * rounded[area(n, kIn) + k];
      truth[area(m, kOut) + n] =
          sum * std::erfc(-sum / std::sqrt(2.0)) / 2 + residual[area(m, kOut) + n];
    }
  }
  Matrix y = residual;
  linear(y.data(), x.data(), kRows, Activation::gelu, y.data());
  EXPECT_LT(relative_l2(y, truth), 1e-6);
  for (int m = 0; m < kRows; ++m) {
    Matrix one(residual.begin() + static_cast<std::ptrdiff_t>(area(m, kOut)),
               residual.begin() + static_cast<std::ptrdiff_t>(area(m + 1, kOut)));
    linear(one.data(), x.data() + area(m, kIn), 1, Activation::gelu, one.data());
    EXPECT_TRUE(std::equal(one.begin(), one.end(), y.data() + area(m, kOut))) << m;
  }
}

/// One head's keys and values in the cache, and as the integers that they stand for.
struct Head {
  Head(const GemvInt8& gemv, const Matrix& k, const Matrix& v, int n_keys, int d)
      : keys(key_block_bytes(d) * static_cast<std::size_t>(blocks_of(n_keys, kKeyBlock))),
        values(value_block_bytes(d) * static_cast<std::size_t>(blocks_of(n_keys, kKeyBlock))) {
    for (int i = 0; i < n_keys; ++i) {
      gemv.set_key_value({.keys = keys.data(),
                          .values = values.data(),
                          .position = i,
                          .key = k.data() + area(i, d),
                          .value = v.data() + area(i, d),
                          .d = d});
    }
  }
  Buffer<std::byte> keys, values;
};

/// x as whole numbers times one scale, in double.
Truth rounded(std::span<const float> x) {
  float top = 0;
  for (const float a : x) top = std::max(top, std::abs(a));
  const float scale = top * (1.0f / 127.0f), inverse = scale > 0 ? 1.0f / scale : 0.0f;
  Truth result;
  for (const float a : x) result.push_back(std::nearbyint(a * inverse) * double{scale});
  return result;
}

Truth attend(const Matrix& q, const Matrix& k, const Matrix& v, int n_keys, int d, double scale) {
  const Truth query = rounded(q);
  Truth weights, out(static_cast<std::size_t>(d));
  for (int i = 0; i < n_keys; ++i) {
    const Truth key = rounded(std::span(k).subspan(area(i, d), static_cast<std::size_t>(d)));
    double score = 0;
    for (std::size_t l = 0; l < key.size(); ++l) score += query[l] * key[l];
    weights.push_back(score * scale);
  }
  const double top = *std::max_element(weights.begin(), weights.end());
  double total = 0;
  for (double& weight : weights) total += weight = std::exp(weight - top);
  for (int i = 0; i < n_keys; ++i) {
    const Truth value = rounded(std::span(v).subspan(area(i, d), static_cast<std::size_t>(d)));
    for (std::size_t l = 0; l < value.size(); ++l)
      out[l] += weights[static_cast<std::size_t>(i)] / total * value[l];
  }
  return out;
}

TEST_P(GemvInt8Test, AttentionAgreesWithThePlainTwin) {
  for (const int d : {1, 12, 64, 80, 130}) {
    for (const int n_keys : {1, 2, 15, 16, 17, 77, 1500}) {
      const Matrix q = normal_numbers(static_cast<std::size_t>(d), 1);
      const Matrix k = normal_numbers(area(n_keys, d), 2), v = normal_numbers(area(n_keys, d), 3);
      const Head head(gemv_, k, v, n_keys, d);
      Matrix out(static_cast<std::size_t>(d)),
          scratch(gemv_attention_scratch(n_keys, d), std::numeric_limits<float>::quiet_NaN());
      gemv_.attention({.out = out.data(),
                       .q = q.data(),
                       .keys = head.keys.data(),
                       .values = head.values.data(),
                       .n_keys = n_keys,
                       .d = d,
                       .scale = 0.4f,
                       .scratch = scratch.data()});
      EXPECT_LT(relative_l2(out, attend(q, k, v, n_keys, d, 0.4)), 3e-4) << d << " × " << n_keys;
    }
  }
}

TEST_P(GemvInt8Test, AttentionToManyEqualKeysDoesNotOverflow) {
  constexpr int kKeys = 1500, kD = 64;
  const Matrix q(kD, 1.0f), k(area(kKeys, kD), -1.0f), v(area(kKeys, kD), -3.0f);
  const Head head(gemv_, k, v, kKeys, kD);
  Matrix out(kD), scratch(gemv_attention_scratch(kKeys, kD));
  gemv_.attention({.out = out.data(),
                   .q = q.data(),
                   .keys = head.keys.data(),
                   .values = head.values.data(),
                   .n_keys = kKeys,
                   .d = kD,
                   .scale = 0.125f,
                   .scratch = scratch.data()});
  for (const float a : out) EXPECT_NEAR(a, -3.0f, 1e-4);
}

TEST_P(GemvInt8Test, AttentionToZerosIsZero) {
  const Matrix q(12, 1.0f), zeros(area(20, 12));
  const Head head(gemv_, zeros, zeros, 20, 12);
  Matrix out(12, 5.0f), scratch(gemv_attention_scratch(20, 12));
  gemv_.attention({.out = out.data(),
                   .q = q.data(),
                   .keys = head.keys.data(),
                   .values = head.values.data(),
                   .n_keys = 20,
                   .d = 12,
                   .scale = 1,
                   .scratch = scratch.data()});
  for (const float a : out) EXPECT_EQ(a, 0.0f);
}

TEST_P(GemvInt8Test, SummaryOfLogits) {
  for (const int n : {1, 3, 16, 17, 512, 777}) {
    Matrix logits = normal_numbers(static_cast<std::size_t>(n), 9, 5);
    logits.back() = -std::numeric_limits<float>::infinity();
    if (n > 2) logits[1] = logits[2] = 30;  // the first of equals counts
    const RangeSummary summary = gemv_.summarise(logits.data(), n);
    if (n == 1) {
      EXPECT_EQ(summary.exp_sum, 0);
      EXPECT_EQ(summary.top, logits[0]);
      continue;
    }
    const auto top = std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double{logit} - *top);
    EXPECT_EQ(summary.at, top - logits.begin());
    EXPECT_EQ(summary.top, *top);
    EXPECT_NEAR(summary.exp_sum, sum, 1e-6 * sum);
  }
}

TEST_P(GemvInt8Test, SummaryOfNothingAndOfDamagedLogits) {
  EXPECT_EQ(gemv_.summarise(nullptr, 0).exp_sum, 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{16}}) {
    Matrix logits = normal_numbers(17, 9);
    logits[at] = nan;
    EXPECT_TRUE(std::isnan(gemv_.summarise(logits.data(), 17).exp_sum)) << at;
  }
  const Matrix all(17, nan);
  EXPECT_TRUE(std::isnan(gemv_.summarise(all.data(), 17).exp_sum));
}

INSTANTIATE_TEST_SUITE_P(Isa, GemvInt8Test, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
