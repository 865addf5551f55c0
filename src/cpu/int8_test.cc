// The int8 kernels against plain sums of integers, which they must equal, and against attention in
// double.
#include "cpu/int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "cpu/cpu_testing.h"
#include "cpu/gemv_int8.h"
#include "cpu/int8_blocks.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

/// softmax(q kᵀ/√d) v in double from rows of q, k, v side by side; heads of width d.
std::vector<double> attention(const std::vector<float>& qkv, int n, int n_heads, int d) {
  const std::size_t width = static_cast<std::size_t>(n_heads * d), row = 3 * width;
  std::vector<double> out(static_cast<std::size_t>(n) * width);
  std::vector<double> weights(static_cast<std::size_t>(n));
  const auto size = static_cast<std::size_t>(n);
  for (std::size_t head = 0; head < width; head += static_cast<std::size_t>(d)) {
    for (std::size_t t = 0; t < size; ++t) {
      for (std::size_t key = 0; key < size; ++key) {
        double score = 0;
        for (std::size_t i = head; i < head + static_cast<std::size_t>(d); ++i) {
          score += double{qkv[t * row + i]} * qkv[key * row + width + i];
        }
        weights[key] = score / std::sqrt(d);
      }
      const double top = *std::max_element(weights.begin(), weights.end());
      double total = 0;
      for (double& weight : weights) total += weight = std::exp(weight - top);
      for (std::size_t key = 0; key < size; ++key) {
        for (std::size_t i = head; i < head + static_cast<std::size_t>(d); ++i) {
          out[t * width + i] += weights[key] / total * qkv[key * row + 2 * width + i];
        }
      }
    }
  }
  return out;
}

/// gamma·(x − mean)/deviation + beta in double, of as many numbers as gamma has.
std::vector<double> layer_norm(std::span<const float> x, const std::vector<float>& gamma,
                               const std::vector<float>& beta) {
  const std::size_t d = gamma.size();
  double mean = 0, variance = 0;
  for (std::size_t i = 0; i < d; ++i) mean += double{x[i]} / static_cast<double>(d);
  for (std::size_t i = 0; i < d; ++i) variance += std::pow(x[i] - mean, 2) / static_cast<double>(d);
  std::vector<double> y;
  for (std::size_t i = 0; i < d; ++i) {
    y.push_back(gamma[i] * (x[i] - mean) / std::sqrt(variance + 1e-5) + beta[i]);
  }
  return y;
}

class Int8Test : public ::testing::TestWithParam<Isa> {
 protected:
  const Int8Kernels& kernels_ = int8_kernels_for(GetParam());
  ThreadPool pool_{3};
  PackedWeights weights_;
  Int8Runtime runtime_{kernels_, pool_, weights_};
  Runtime floats_{kernels_for(GetParam()), pool_, weights_};

  Buffer<float> blocks(const std::vector<float>& rows, int n, int d) {
    Buffer<float> result(
        static_cast<std::size_t>(blocks_of(n, kernels_.block) * kernels_.block * d));
    to_blocks(floats_, result.data(), rows.data(), d, n, d);
    return result;
  }
  std::vector<float> rows(const Buffer<float>& blocks, int n, int d) {
    std::vector<float> result(static_cast<std::size_t>(n * d));
    from_blocks(floats_, result.data(), d, blocks.data(), n, d);
    return result;
  }

  /// What attention makes of x by projections of weight w, 3·width × n_in, and the truth for the
  /// same quantised x and w.
  struct Attended {
    std::vector<float> actual;
    std::vector<double> truth;
  };
  Attended attend(const std::vector<float>& x, const std::vector<float>& w,
                  const std::vector<float>& bias, int n, int n_in, int n_heads, int d) {
    const int width = n_heads * d, n_blocks = blocks_of(n, kernels_.block);
    const QuantizedMatrix matrix = quantize(w, 3 * width, n_in);
    Int8Activations input(kernels_, n_blocks, n_in), out(kernels_, n_blocks, width, d);
    quantize_blocks(runtime_, input, blocks(x, n, n_in).data(), n_blocks, n_in);
    std::vector<float> sums(static_cast<std::size_t>(n_blocks * n_in));
    std::vector<float> qkv;
    for (int t = 0; t < n; ++t) {
      for (int i = 0; i < n_in; ++i) {
        sums[static_cast<std::size_t>(t / kernels_.block * n_in + i)] +=
            number(input, t, i, kGroup);
      }
      for (int j = 0; j < 3 * width; ++j) {
        double sum = bias[static_cast<std::size_t>(j)];
        for (int i = 0; i < n_in; ++i) {
          const auto at = static_cast<std::size_t>(j * n_in + i);
          const auto group = static_cast<std::size_t>(j * groups_of(n_in) + i / kGroup);
          sum += double{number(input, t, i, kGroup)} * matrix.bytes[at] * matrix.scales[group];
        }
        qkv.push_back(static_cast<float>(sum));
      }
    }
    Int8Attention layer(runtime_, n, n_heads, d);
    layer.project(Int8Linear(runtime_, matrix, bias, d), input, sums.data());
    layer(out);
    Attended result{.actual = {}, .truth = attention(qkv, n, n_heads, d)};
    for (int t = 0; t < n; ++t) {
      for (int i = 0; i < width; ++i) {
        result.actual.push_back(number(out, t, i, d) + layer.value_centre()[i]);
      }
    }
    return result;
  }

  float number(Int8Activations& x, int t, int i, int group) {
    return scale(x, t, i / group) * static_cast<float>(byte(x, t, i) - kZeroByte);
  }
  std::uint8_t& byte(Int8Activations& x, int t, int i) {
    return x.quads(t / kernels_.block)[(i / 4 * kernels_.block + t % kernels_.block) * 4 + i % 4];
  }
  float& scale(Int8Activations& x, int t, int group) {
    return x.scales(t / kernels_.block)[group * kernels_.block + t % kernels_.block];
  }
};

/// Bytes that are all at one end, or random.
enum class Bytes { largest, smallest, random };

/// With scales of 1, what a layer computes are the integers, as long as they are below 2²⁴.
void expect_exact(int n_out, int n_in, int n, Bytes kind, const Int8Runtime& runtime,
                  const std::function<std::uint8_t&(Int8Activations&, int, int)>& byte,
                  const std::function<std::vector<float>(const Buffer<float>&, int, int)>& rows) {
  SCOPED_TRACE(::testing::Message() << n_out << " × " << n_in << ", " << n << " positions");
  std::mt19937 random(7);
  std::uniform_int_distribution<int> activations(0, 255), weights(-127, 127);
  QuantizedMatrix w{.n_out = n_out, .n_in = n_in, .group = kGroup, .bytes = {}, .scales = {}};
  for (int i = 0; i < n_out * n_in; ++i) {
    const int value = kind == Bytes::random ? weights(random) : kind == Bytes::largest ? 127 : -127;
    w.bytes.push_back(static_cast<std::int8_t>(value));
  }
  w.scales.assign(static_cast<std::size_t>(n_out * groups_of(n_in)), 1.0f);
  const int n_blocks = blocks_of(n, runtime.kernels.block);
  Int8Activations x(runtime.kernels, n_blocks, n_in);
  std::fill_n(x.scales(0), n_blocks * runtime.kernels.block * groups_of(n_in), 1.0f);
  std::vector<int> values;
  for (int t = 0; t < n; ++t) {
    for (int i = 0; i < n_in; ++i) {
      values.push_back(kind == Bytes::random ? activations(random) : 255);
      byte(x, t, i) = static_cast<std::uint8_t>(values.back());
    }
  }
  Buffer<float> y(static_cast<std::size_t>(n_blocks * runtime.kernels.block * n_out));
  const Int8Linear layer(runtime, w, {});
  layer(y.data(), x, n_blocks);
  const std::vector<float> actual = rows(y, n, n_out);
  for (int t = 0; t < n; ++t) {
    for (int j = 0; j < n_out; ++j) {
      std::int64_t sum = 0;
      for (int i = 0; i < n_in; ++i) {
        sum += std::int64_t{values[static_cast<std::size_t>(t * n_in + i)] - kZeroByte} *
               w.bytes[static_cast<std::size_t>(j * n_in + i)];
      }
      ASSERT_EQ(actual[static_cast<std::size_t>(t * n_out + j)], static_cast<float>(sum))
          << t << ", " << j;
    }
  }
}

TEST_P(Int8Test, LinearLayersAreExactSumsOfIntegers) {
  for (const auto& [n_out, n_in, n] :
       {std::tuple{1, 1, 1}, {17, 129, 37}, {130, 260, 33}, {9, 511, 65}}) {
    for (const Bytes kind : {Bytes::largest, Bytes::smallest, Bytes::random}) {
      expect_exact(
          n_out, n_in, n, kind, runtime_,
          [&](Int8Activations& x, int t, int i) -> std::uint8_t& { return byte(x, t, i); },
          [&](const Buffer<float>& y, int t, int d) { return rows(y, t, d); });
    }
  }
}

TEST_P(Int8Test, ActivationsAreRoundedToTheNearestByte) {
  const int n = 37, d = 150;
  std::vector<float> x = normal_numbers(static_cast<std::size_t>(n * d), 3);
  std::fill_n(x.begin(), 128, 0.0f);  // a group of zeros
  Int8Activations quantized(kernels_, blocks_of(n, kernels_.block), d);
  quantize_blocks(runtime_, quantized, blocks(x, n, d).data(), blocks_of(n, kernels_.block), d);
  for (int t = 0; t < n; ++t) {
    for (int i = 0; i < d; ++i) {
      const float s = scale(quantized, t, i / kGroup);
      const float back = s * static_cast<float>(byte(quantized, t, i) - kZeroByte);
      EXPECT_LE(std::abs(back - x[static_cast<std::size_t>(t * d + i)]), 0.5001f * s);
    }
  }
}

TEST_P(Int8Test, RowsBecomeTheBytesThatBlocksBecome) {
  for (const auto& [n, d, group] : {std::tuple{1, 3, 128},
                                    {5, 4, 4},
                                    {37, 150, 128},
                                    {77, 36, 12},
                                    {33, 512, 128},
                                    {2, 130, 64}}) {
    SCOPED_TRACE(::testing::Message() << n << " positions of " << d << ", groups of " << group);
    std::vector<float> x = normal_numbers(static_cast<std::size_t>(n * d), 3);
    std::fill_n(x.begin(), std::min(d, group), 0.0f);  // a group of zeros
    const int n_blocks = blocks_of(n, kernels_.block);
    Int8Activations expected(kernels_, n_blocks, d, group), actual(kernels_, n_blocks, d, group);
    quantize_blocks(runtime_, expected, blocks(x, n, d).data(), n_blocks, d);
    for (int b = 0; b < n_blocks; ++b) {
      kernels_.quantize_rows({.quads = actual.quads(b),
                              .scales = actual.scales(b),
                              .x = x.data() + static_cast<std::ptrdiff_t>(b) * kernels_.block * d,
                              .n_rows = std::min(kernels_.block, n - b * kernels_.block),
                              .d = d,
                              .group = group});
    }
    for (int t = 0; t < n; ++t) {
      for (int i = 0; i < 4 * quads_of(d); ++i) {
        ASSERT_EQ(byte(actual, t, i), byte(expected, t, i)) << t << ", " << i;
        const int in_group = std::min(i, d - 1) / group;
        ASSERT_EQ(scale(actual, t, in_group), scale(expected, t, in_group));
      }
    }
  }
}

/// Keys and values of one head in the decoder's cache.
struct CachedHead {
  CachedHead(int n_positions, int d)
      : keys(key_block_bytes(d) * static_cast<std::size_t>(blocks_of(n_positions, kKeyBlock))),
        values(value_block_bytes(d) * static_cast<std::size_t>(blocks_of(n_positions, kKeyBlock))) {
  }
  Buffer<std::byte> keys, values;
};

TEST_P(Int8Test, BlocksGoToTheCacheAsPositionsOneByOne) {
  const GemvInt8& gemv = gemv_int8_for(GetParam());
  for (const auto& [n, d] : {std::pair{1, 4}, {5, 12}, {16, 64}, {17, 80}, {77, 12}, {1500, 64}}) {
    SCOPED_TRACE(::testing::Message() << n << " positions of " << d);
    std::vector<float> k = normal_numbers(static_cast<std::size_t>(n * d), 1);
    const std::vector<float> v = normal_numbers(static_cast<std::size_t>(n * d), 2);
    std::fill_n(k.begin(), d, 0.0f);
    CachedHead expected(n, d), actual(n, d);
    for (int t = 0; t < n; ++t) {
      gemv.set_key_value({.keys = expected.keys.data(),
                          .values = expected.values.data(),
                          .position = t,
                          .key = k.data() + static_cast<std::ptrdiff_t>(t) * d,
                          .value = v.data() + static_cast<std::ptrdiff_t>(t) * d,
                          .d = d});
    }
    const Buffer<float> key_blocks = blocks(k, n, d), value_blocks = blocks(v, n, d);
    for (int t = 0; t < n; t += kernels_.block) {
      Int8CacheTask task = {.cache = actual.keys.data(),
                            .x = key_blocks.data() + static_cast<std::ptrdiff_t>(t) * d,
                            .d = d,
                            .position = t,
                            .n_positions = std::min(kernels_.block, n - t)};
      kernels_.store_keys(task);
      task.cache = actual.values.data();
      task.x = value_blocks.data() + static_cast<std::ptrdiff_t>(t) * d;
      kernels_.store_values(task);
    }
    std::vector<float> q = normal_numbers(static_cast<std::size_t>(d), 3),
                       scratch(gemv_attention_scratch(n, d));
    std::vector<float> out[2] = {std::vector<float>(q.size()), std::vector<float>(q.size())};
    for (const CachedHead* head : {&expected, &actual}) {
      gemv.attention({.out = out[head == &actual].data(),
                      .q = q.data(),
                      .keys = head->keys.data(),
                      .values = head->values.data(),
                      .n_keys = n,
                      .d = d,
                      .scale = 0.4f,
                      .scratch = scratch.data()});
    }
    EXPECT_EQ(out[0], out[1]);
    // Beyond the last position a block is of no account.
    const std::size_t whole = static_cast<std::size_t>(n / kKeyBlock);
    const std::size_t key_bytes = whole * key_block_bytes(d);
    const std::size_t value_bytes = whole * value_block_bytes(d);
    EXPECT_TRUE(
        std::equal(actual.keys.data(), actual.keys.data() + key_bytes, expected.keys.data()));
    EXPECT_TRUE(std::equal(actual.values.data(), actual.values.data() + value_bytes,
                           expected.values.data()));
  }
}

TEST_P(Int8Test, RemaindersMakeActivationsAlmostExact) {
  const int n = 37, n_in = 256, n_out = 20, n_blocks = blocks_of(n, kernels_.block);
  const std::vector<float> x = normal_numbers(static_cast<std::size_t>(n * n_in), 1);
  const QuantizedMatrix w =
      quantize(normal_numbers(static_cast<std::size_t>(n_out * n_in), 2), n_out, n_in);
  std::vector<double> truth;
  for (int t = 0; t < n; ++t) {
    for (int j = 0; j < n_out; ++j) {
      truth.push_back(0);
      for (int i = 0; i < n_in; ++i) {
        truth.back() += double{x[static_cast<std::size_t>(t * n_in + i)]} *
                        w.bytes[static_cast<std::size_t>(j * n_in + i)] *
                        w.scales[static_cast<std::size_t>(j * 2 + i / kGroup)];
      }
    }
  }
  const auto error = [&](bool remainders) {
    Int8Activations input(kernels_, n_blocks, n_in, kGroup, remainders);
    quantize_blocks(runtime_, input, blocks(x, n, n_in).data(), n_blocks, n_in);
    Buffer<float> y(static_cast<std::size_t>(n_blocks * kernels_.block * n_out));
    const Int8Linear layer(runtime_, remainders ? with_remainders(w) : w, {});
    layer(y.data(), input, n_blocks);
    return relative_l2(rows(y, n, n_out), truth);
  };
  EXPECT_LT(error(true), 1e-4);
  EXPECT_GT(error(false), 1e-3);
}

/// Rows far from zero, with a first number far from all others, all alike; sums over positions that
/// do not fill a block.
TEST_P(Int8Test, LayerNormIsThatOfTheReferenceToHalfAByte) {
  const int n = 2 * kernels_.block + 5, n_blocks = 3;
  for (const int d : {3, 64, 130}) {
    std::vector<float> x = normal_numbers(static_cast<std::size_t>(n * d), 1);
    for (int i = 0; i < d; ++i) {
      x[static_cast<std::size_t>(d + i)] += 1000;
      x[static_cast<std::size_t>(3 * d + i)] = 7;
    }
    x[static_cast<std::size_t>(2 * d)] = 300;
    const std::vector<float> gamma = normal_numbers(static_cast<std::size_t>(d), 2);
    const std::vector<float> beta = normal_numbers(static_cast<std::size_t>(d), 3);
    Int8Activations y(kernels_, n_blocks, d);
    Buffer<float> scratch(static_cast<std::size_t>(kGroup * kernels_.block * pool_.size()));
    Buffer<float> sums(static_cast<std::size_t>(n_blocks * d));
    Int8LayerNorm(runtime_, gamma, beta, d)(y, blocks(x, n, d).data(), n, scratch.data(),
                                            sums.data());
    std::vector<double> total(static_cast<std::size_t>(n_blocks * d));
    for (int t = 0; t < n; ++t) {
      const std::vector<double> truth =
          layer_norm(std::span(x).subspan(static_cast<std::size_t>(t * d)), gamma, beta);
      for (int i = 0; i < d; ++i) {
        const double exact = truth[static_cast<std::size_t>(i)];
        total[static_cast<std::size_t>(t / kernels_.block * d + i)] += exact;
        EXPECT_NEAR(number(y, t, i, kGroup), exact, 0.501 * scale(y, t, i / kGroup) + 1e-3)
            << t << " " << i;
      }
    }
    for (std::size_t i = 0; i < total.size(); ++i) EXPECT_NEAR(sums.data()[i], total[i], 2e-3) << i;
  }
}

TEST_P(Int8Test, AResultIsQuantisedAsIfItHadBeenWritten) {
  const int n = 37, n_in = 130, n_out = 150, n_blocks = blocks_of(n, kernels_.block);
  const std::vector<float> w = normal_numbers(static_cast<std::size_t>(n_out * n_in), 1);
  const std::vector<float> bias = normal_numbers(static_cast<std::size_t>(n_out), 2);
  const std::vector<float> x = normal_numbers(static_cast<std::size_t>(n * n_in), 3);
  Int8Activations input(kernels_, n_blocks, n_in);
  quantize_blocks(runtime_, input, blocks(x, n, n_in).data(), n_blocks, n_in);
  const Int8Linear layer(runtime_, quantize(w, n_out, n_in), bias);
  Buffer<float> y(static_cast<std::size_t>(n_blocks * kernels_.block * n_out));
  layer(y.data(), input, n_blocks);
  Int8Activations expected(kernels_, n_blocks, n_out), actual(kernels_, n_blocks, n_out);
  quantize_blocks(runtime_, expected, y.data(), n_blocks, n_out);
  Buffer<float> scratch(static_cast<std::size_t>(kGroup * kernels_.block * pool_.size()));
  layer(actual, input, n_blocks, Activation::none, scratch.data());
  for (int t = 0; t < n; ++t) {
    for (int i = 0; i < n_out; ++i) {
      ASSERT_EQ(byte(actual, t, i), byte(expected, t, i));
      ASSERT_EQ(scale(actual, t, i / kGroup), scale(expected, t, i / kGroup));
    }
  }
}

TEST(SmoothTest, DoesNotChangeTheProduct) {
  std::vector<float> gamma = normal_numbers(20, 1), beta = normal_numbers(20, 2);
  std::vector<float> w = normal_numbers(60, 3);
  for (std::size_t i = 3; i < w.size(); i += 20) w[i] = 0;  // an input without weights
  gamma[5] = beta[5] = 0;
  const auto product = [&](float normal) {
    std::vector<double> y(3);
    for (std::size_t i = 0; i < w.size(); ++i) {
      y[i / 20] += (double{normal} * gamma[i % 20] + beta[i % 20]) * w[i];
    }
    return y;
  };
  const std::vector<double> before = product(0.7f);
  const float top = std::max({std::abs(w[0]), std::abs(w[20]), std::abs(w[40])});
  const double s = std::pow(2 * std::abs(gamma[0]) + std::abs(beta[0]), 0.6) / std::pow(top, 0.4);
  const double gamma_before = gamma[0];
  smooth(gamma, beta, w);
  EXPECT_LT(relative_l2(product(0.7f), before), 1e-6);
  EXPECT_NEAR(gamma_before / gamma[0], s, 1e-5 * s);
}

TEST(SortHidden, KeepsTheProductAndSortsTheColumns) {
  constexpr std::size_t kIn = 3, kHidden = 7, kOut = 4;
  std::vector<float> up = normal_numbers(kHidden * kIn, 1), bias = normal_numbers(kHidden, 2),
                     down = normal_numbers(kOut * kHidden, 3);
  const auto product = [&] {
    std::vector<double> y(kOut);
    for (std::size_t h = 0; h < kHidden; ++h) {
      double hidden = bias[h];
      for (std::size_t i = 0; i < kIn; ++i) hidden += up[h * kIn + i] * static_cast<double>(i + 1);
      for (std::size_t n = 0; n < kOut; ++n) y[n] += down[n * kHidden + h] * std::max(0.0, hidden);
    }
    return y;
  };
  const std::vector<double> before = product();
  sort_hidden(up, bias, down);
  EXPECT_LT(relative_l2(product(), before), 1e-12);
  float last = 0;
  for (std::size_t h = 0; h < kHidden; ++h) {
    float top = 0;
    for (std::size_t n = 0; n < kOut; ++n) top = std::max(top, std::abs(down[n * kHidden + h]));
    EXPECT_LE(last, top);
    last = top;
  }
}

TEST_P(Int8Test, AttentionStaysNearTheTruth) {
  for (const auto& [n, n_heads, d] :
       {std::tuple{1, 1, 4}, {7, 2, 12}, {130, 2, 64}, {301, 1, 36}}) {
    SCOPED_TRACE(::testing::Message() << n << " positions, " << n_heads << " heads of " << d);
    const int width = n_heads * d, n_in = width;
    std::vector<float> bias = normal_numbers(static_cast<std::size_t>(3 * width), 1);
    // Keys and values around a centre far from zero.
    std::fill(bias.begin() + width, bias.end(), 8.0f);
    const auto x = normal_numbers(static_cast<std::size_t>(n * n_in), 5);
    const auto w = normal_numbers(static_cast<std::size_t>(3 * width * n_in), 6,
                                  1 / std::sqrt(static_cast<float>(n_in)));
    auto [actual, truth] = attend(x, w, bias, n, n_in, n_heads, d);
    for (double& number : truth) number -= 8;
    for (float& number : actual) number -= 8;
    EXPECT_LT(relative_l2(actual, truth), 0.02);
  }
}

TEST_P(Int8Test, AttentionToOneKeyIsItsValue) {
  // Key 150 is far larger than all others for every query: an early strip must lose its weight.
  const int n = 200, d = 8;
  std::vector<float> x = normal_numbers(n * d, 9), w(3 * d * d), bias(3 * d);
  std::fill_n(bias.begin(), d, 10.0f);
  for (std::size_t i = 0; i < d; ++i) w[(d + i) * d + i] = w[(2 * d + i) * d + i] = 1;
  for (std::size_t i = 0; i < d; ++i) x[150 * d + i] += 30;
  const auto [actual, truth] = attend(x, w, bias, n, d, 1, d);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], truth[i], 0.2);
    EXPECT_NEAR(truth[i], x[150 * d + i % d], 0.2);
  }
}

TEST_P(Int8Test, GeluIsNearEnoughForBytes) {
  const int n = 200, n_blocks = blocks_of(n, kernels_.block);
  std::vector<float> x;
  for (int t = 0; t < n; ++t) x.push_back(static_cast<float>(t - 100) * 0.07f);
  x[0] = -150;
  x[199] = 150;
  Int8Activations input(kernels_, n_blocks, 1), y(kernels_, n_blocks, 1);
  quantize_blocks(runtime_, input, blocks(x, n, 1).data(), n_blocks, 1);
  const Int8Linear layer(runtime_, quantize(std::vector<float>{1}, 1, 1), {});
  Buffer<float> scratch(static_cast<std::size_t>(kGroup * kernels_.block * pool_.size()));
  layer(y, input, n_blocks, Activation::gelu, scratch.data());
  for (int t = 0; t < n; ++t) {
    const double number = x[static_cast<std::size_t>(t)];
    const double gelu = number * std::erfc(-number / std::sqrt(2.0)) / 2;
    EXPECT_NEAR(scale(y, t, 0) * static_cast<float>(byte(y, t, 0) - kZeroByte), gelu,
                5e-4 + 1e-5 * std::abs(gelu))
        << number;
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Int8Test, ::testing::ValuesIn(available_isas()), testing::isa_name);

TEST(Int8KernelsForTest, AreOfTheInstructionSet) {
  for (const Isa isa : available_isas()) {
    EXPECT_EQ(int8_kernels_for(isa).isa, std::min(isa, Isa::avx512_vnni));
    EXPECT_EQ(int8_kernels_for(isa).block, kernels_for(isa).block);
  }
}

}  // namespace
}  // namespace sotto::cpu
