// The kernels on what Whisper-base really computes: each against float64 on the operands that it
// was given, and the whole encoder against the reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/testing.h"
#include "cpu/cpu_testing.h"
#include "cpu/reference.h"
#include "cpu/whisper_base_testing.h"
#include "model/testing.h"
#include "npu/kernels/encoder_testing.h"
#include "npu/kernels/network_testing.h"

namespace sotto::npu::kernels {
namespace {

using cpu::testing::WhisperBase;
using testing::DirectRunner;
using testing::KernelEncoder;
using testing::Linear;
using testing::Matrix;
using testing::NetworkRunner;
using testing::Runner;
using testing::Tiles;

constexpr model::Dims kDims = WhisperBase::kDims;

/// A row of tiles in layout A, the rows of 64 frames, as numbers.
Matrix frames(const Tiles& tiles, int row) {
  Matrix m(kTile, tiles.columns * kTile);
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < m.columns; ++j) {
      m.at(i, j) = tiles.at(row, j / kTile)[testing::index_a(i, j % kTile, kTile)];
    }
  }
  return m;
}

/// LayerNorm without gamma and beta, times the layer that carries them.
Matrix normed_product(const Matrix& x, const Linear& linear) {
  Matrix y = testing::product(x, linear.w);
  for (int i = 0; i < x.rows; ++i) {
    double mean = 0, variance = 0;
    for (int j = 0; j < x.columns; ++j) mean += x.at(i, j) / x.columns;
    for (int j = 0; j < x.columns; ++j) variance += std::pow(x.at(i, j) - mean, 2) / x.columns;
    for (int n = 0; n < y.columns; ++n) {
      const auto at = static_cast<std::size_t>(n);
      y.at(i, n) = (y.at(i, n) - mean * linear.s[at]) / std::sqrt(variance + 1e-5) + linear.c[at];
    }
  }
  return y;
}

/// Attention of the 64 frames of tile row `row` and one head, from the kernels' q, k and v.
Matrix attention(const KernelEncoder& encoder, int row, int head) {
  Matrix out(kTile, kTile);
  const Matrix q = frames(encoder.q, row);
  for (int i = 0; i < kTile; ++i) {
    std::vector<double> weights(static_cast<std::size_t>(kDims.n_audio_ctx));
    for (int key = 0; key < kDims.n_audio_ctx; ++key) {
      const bfloat16* k = encoder.k.at(key / kTile, head);
      double& score = weights[static_cast<std::size_t>(key)];
      for (int d = 0; d < kTile; ++d) {
        score += q.at(i, head * kTile + d) * k[testing::index_k(d, key % kTile, kTile)];
      }
    }
    const double top = *std::max_element(weights.begin(), weights.end());
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp2(weight - top);
    for (int key = 0; key < kDims.n_audio_ctx; ++key) {
      const bfloat16* v = encoder.v.at(key / kTile, head);
      for (int d = 0; d < kTile; ++d) {
        out.at(i, d) += weights[static_cast<std::size_t>(key)] / sum *
                        v[testing::index_v(key % kTile, d, kTile)];
      }
    }
  }
  return out;
}

Matrix columns_of(const Matrix& m, int first) {
  Matrix part(m.rows, kTile);
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < kTile; ++j) part.at(i, j) = m.at(i, first + j);
  }
  return part;
}

struct Agreement {
  double relative_l2, mean_cosine;
};
/// Of features with the true ones; rows of `width`.
template <typename Real>
Agreement compare(const std::vector<float>& features, const std::vector<Real>& truth, int width) {
  double cosines = 0;
  const std::size_t rows = truth.size() / static_cast<std::size_t>(width);
  for (std::size_t row = 0; row < rows; ++row) {
    double dot = 0, square = 0, true_square = 0;
    for (std::size_t i = row * static_cast<std::size_t>(width);
         i < (row + 1) * static_cast<std::size_t>(width); ++i) {
      const double y = features[i], expected = truth[i];
      dot += y * expected;
      square += y * y;
      true_square += expected * expected;
    }
    cosines += dot / std::sqrt(square * true_square);
  }
  return {cpu::testing::relative_l2(features, truth), cosines / static_cast<double>(rows)};
}

class SmallEncoderTest : public ::testing::Test {
 protected:
  static constexpr model::Dims kSmall = {.n_mels = 7,
                                         .n_audio_ctx = 77,
                                         .n_audio_state = 128,
                                         .n_audio_head = 2,
                                         .n_audio_layer = 2,
                                         .n_audio_ffn = 192,
                                         .n_vocab = 101,
                                         .n_text_ctx = 41,
                                         .n_text_state = 128,
                                         .n_text_head = 2,
                                         .n_text_layer = 1,
                                         .n_text_ffn = 192};

  std::vector<float> encode(Runner& runner) const {
    KernelEncoder encoder(kSmall, weights_, runner);
    encoder.convolve(window_);
    for (int layer = 0; layer < kSmall.n_audio_layer; ++layer) {
      encoder.attend(layer);
      encoder.feed_forward(layer);
    }
    return encoder.features();
  }

  const model::Weights weights_ = model::testing::seeded_weights(kSmall, 5);
  const Matrix mel_ = testing::normal_matrix(kSmall.n_mels, kSmall.n_mel_frames(), 1);
  const std::vector<float> data_{mel_.values.begin(), mel_.values.end()};
  const model::MelWindow window_ = {.data = data_.data(),
                                    .n_mels = kSmall.n_mels,
                                    .n_frames = kSmall.n_mel_frames(),
                                    .stride = kSmall.n_mel_frames()};
  ThreadPool pool_{2};
};

TEST_F(SmallEncoderTest, OfOddLengthIsCloseToTheReference) {
  DirectRunner direct(pool_);
  const Agreement agreement =
      compare(encode(direct), cpu::reference_encode<double>(kSmall, weights_, window_, pool_),
              kSmall.n_audio_state);
  testing::record("relative_l2", agreement.relative_l2);
  EXPECT_LT(agreement.relative_l2, 0.008);
}

TEST_F(SmallEncoderTest, ANetworkOfCoresComputesItBitForBitAndTwice) {
  DirectRunner direct(pool_);
  const std::vector<float> expected = encode(direct);
  for (const auto& [rows, columns] : {std::pair{4, 4}, {3, 1}}) {
    NetworkRunner network(rows, columns, 11);
    EXPECT_EQ(encode(network), expected) << rows;
    EXPECT_EQ(encode(network), expected) << rows;
  }
}

class WhisperBaseTest : public ::testing::Test {
 protected:
  static constexpr int kRow = 5;  // the tile row whose results are checked

  /// The queries of a layer and its attention, from x as it was before.
  static void check_attention(const KernelEncoder& encoder, const Matrix& x, int layer) {
    const std::string name = std::to_string(layer);
    const Linear query = encoder.projection(layer, "query", testing::kQueryScale);
    const double norm = testing::relative_l1(frames(encoder.q, kRow), normed_product(x, query));
    testing::record("layer_norm_and_product_" + name, norm);
    EXPECT_LT(norm, 5e-3) << layer;
    const Matrix mixed = frames(encoder.mixed, kRow);
    double worst = 0;
    for (int head = 0; head < kDims.n_audio_head; ++head) {
      worst = std::max(worst, testing::relative_l1(columns_of(mixed, head * kTile),
                                                   attention(encoder, kRow, head)));
    }
    testing::record("attention_" + name, worst);
    EXPECT_LT(worst, 8e-3) << layer;
  }

  static void check_feed_forward(const KernelEncoder& encoder, const Matrix& x, const Matrix& x_low,
                                 int layer) {
    const std::string name = std::to_string(layer);
    Matrix hidden = normed_product(x, encoder.first(layer));
    double low = 0, high = 0;
    for (double& value : hidden.values) {
      low = std::min(low, value);
      high = std::max(high, value);
      value = testing::exact_gelu(value);
    }
    testing::record("gelu_input_min_" + name, low);
    testing::record("gelu_input_max_" + name, high);
    const Matrix actual = frames(encoder.hidden, kRow);
    const double gelu = testing::relative_l1(actual, hidden);
    testing::record("layer_norm_product_and_gelu_" + name, gelu);
    EXPECT_LT(gelu, 5e-3) << layer;

    const Linear second = encoder.second(layer);
    Matrix sum = testing::product(actual, second.w);
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < sum.columns; ++j) {
        sum.at(i, j) += x.at(i, j) + x_low.at(i, j) + second.c[static_cast<std::size_t>(j)];
      }
    }
    Matrix parts = frames(encoder.high, kRow);
    const double rounded = testing::relative_l1(parts, sum);
    const Matrix rest = frames(encoder.low, kRow);
    for (std::size_t i = 0; i < parts.values.size(); ++i) parts.values[i] += rest.values[i];
    const double both = testing::relative_l1(parts, sum);
    testing::record("product_and_residual_" + name, rounded);
    testing::record("product_and_residual_in_two_parts_" + name, both);
    EXPECT_LT(rounded, 3e-3) << layer;
    EXPECT_LT(both, 1e-5) << layer;
  }
};

TEST_F(WhisperBaseTest, EveryKernelAndTheWholeEncoderAreWithinTheirBars) {
  if (sotto::testing::kSlowBuild) {
    GTEST_SKIP() << "skipped: 44 billion emulated products take minutes here";
  }
  SOTTO_NEEDS_FILE(WhisperBase::model_path());
  SOTTO_NEEDS_FILE(WhisperBase::audio_path());
  ThreadPool pool;
  const WhisperBase base(pool);

  DirectRunner direct(pool);
  KernelEncoder encoder(kDims, base.weights, direct);
  encoder.convolve(base.window());
  for (int layer = 0; layer < kDims.n_audio_layer; ++layer) {
    Matrix x = frames(encoder.high, kRow);
    encoder.attend(layer);
    check_attention(encoder, x, layer);
    x = frames(encoder.high, kRow);
    const Matrix x_low = frames(encoder.low, kRow);
    encoder.feed_forward(layer);
    check_feed_forward(encoder, x, x_low, layer);
  }

  const Agreement agreement = compare(
      encoder.features(), cpu::reference_encode<float>(kDims, base.weights, base.window(), pool),
      kDims.n_audio_state);
  RecordProperty("encoder_relative_l2", std::to_string(agreement.relative_l2));
  RecordProperty("encoder_mean_cosine", std::to_string(agreement.mean_cosine));
  EXPECT_LE(agreement.relative_l2, 0.0145);
  EXPECT_GE(agreement.mean_cosine, 0.9998);
}

}  // namespace
}  // namespace sotto::npu::kernels
