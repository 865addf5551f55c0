// The kernels that take rows as they are, and the product in integers, on the encoder's numbers.
#include <algorithm>
#include <string>

#include "cpu/whisper_base_testing.h"
#include "npu/kernels/encoder_checks_testing.h"

namespace sotto::npu::kernels::testing {
namespace {

constexpr model::Dims kDims = cpu::testing::WhisperBase::kDims;
constexpr int kFrames = kDims.n_audio_ctx, kWidth = kDims.n_audio_state;
constexpr int kPaddedFrames = (kFrames + kOperand - 1) / kOperand * kOperand;

/// softmax_bf16 of one row of scores rounded to bfloat16: the sum of absolute errors, where the sum
/// of the true weights is 1.
double softmax_error(const Buffer<bfloat16>& in) {
  Buffer<bfloat16> out(in.size());
  host::CoreState core;
  const host::CoreScope scope(core);
  softmax_bf16(out.data(), in.data(), kFrames);
  double top = in[0], sum = 0, error = 0;
  for (std::size_t i = 0; i < kFrames; ++i) top = std::max(top, double{in[i]});
  std::vector<double> weights(kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) sum += weights[i] = std::exp(in[i] - top);
  for (std::size_t i = 0; i < kFrames; ++i) error += std::abs(out[i] - weights[i] / sum);
  for (std::size_t i = kFrames; i < in.size(); ++i) EXPECT_EQ(out[i].bits(), 0);
  return error;
}

/// Numbers as int8 about zero; the largest of every row, or of every column, is ±127.
struct Quantised {
  enum class Scales { of_rows, of_columns };
  Quantised(const Matrix& m, Scales scales)
      : rows(m.rows), columns(m.columns), values(m.values.size()) {
    const auto line = [&](std::size_t i) {
      const auto width = static_cast<std::size_t>(m.columns);
      return scales == Scales::of_rows ? i / width : i % width;
    };
    std::vector<double> largest(values.size());  // more than there are lines
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest[line(i)] = std::max(largest[line(i)], std::abs(m.values[i]));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<int8>(std::lround(m.values[i] * 127 / largest[line(i)]));
    }
  }
  int8 at(int row, int column) const {
    return row < rows ? values[static_cast<std::size_t>(row * columns + column)] : int8{0};
  }
  int rows, columns;
  std::vector<int8> values;
};

/// Where element (row, column) lies in 64 columns of blocks of `height` x 8.
std::size_t in_blocks(int row, int column, int height) {
  return static_cast<std::size_t>((row / height * 8 + column / 8) * height * 8 + row % height * 8 +
                                  column % 8);
}

/// The 64 columns of a b from column `first` on, slice after slice of 64.
Buffer<int32> int8_product(const Quantised& a, const Quantised& b, int first) {
  Buffer<int32> c(kTile * kTile);
  Buffer<int8> left(kTile * kTile), right(kTile * kTile);
  for (int k = 0; k < a.columns; k += kTile) {
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) {
        left[in_blocks(i, j, 4)] = a.at(i, k + j);
        right[in_blocks(i, j, 8)] = b.at(k + i, first + j);
      }
    }
    gemm_int8(c.data(), left.data(), right.data(), kTile / 8);
  }
  return c;
}

/// Half the distance of bfloat16 numbers about x.
double half_step(double x) {
  return x == 0 ? 0 : std::ldexp(1, std::ilogb(x) - 8);
}

}  // namespace

void check_softmax(const KernelEncoder& encoder, int layer, int row) {
  double total = 0, worst = 0, widest = 0;
  int rows = 0;
  Buffer<bfloat16> in(kPaddedFrames);
  std::fill(in.begin(), in.end(), to_bf16(kNaN));
  for (int head = 0; head < kDims.n_audio_head; ++head) {
    const Matrix s = scores(encoder, row, head);
    for (int i = 0; i < s.rows; ++i, ++rows) {
      double low = s.at(i, 0), high = low;
      for (int key = 0; key < kFrames; ++key) {
        const double score = s.at(i, key) * std::log(2.0);
        low = std::min(low, score);
        high = std::max(high, score);
        in[static_cast<std::size_t>(key)] = to_bf16(score);
      }
      const double error = softmax_error(in);
      total += error;
      worst = std::max(worst, error);
      widest = std::max(widest, high - low);
    }
  }
  const std::string name = std::to_string(layer) + "_row_" + std::to_string(row);
  record("softmax_mean_" + name, total / rows);
  record("softmax_worst_row_" + name, worst);
  record("softmax_score_range_" + name, widest);
  EXPECT_LT(worst, 5e-3) << name;
}

void check_layer_norm(const KernelEncoder& encoder, int layer) {
  const Norm norm = encoder.norm("encoder.blocks." + std::to_string(layer) + ".attn_ln");
  Buffer<bfloat16> in(kFrames * kWidth), out(in.size()), gamma(kWidth), beta(kWidth);
  for (std::size_t i = 0; i < kWidth; ++i) {
    gamma[i] = to_bf16(norm.gamma[i]);
    beta[i] = to_bf16(norm.beta[i]);
  }
  Matrix truth(kFrames, kWidth), actual = truth;
  for (int first = 0; first < kFrames; first += kTile) {
    const Matrix x = frames(encoder.high, first / kTile);
    for (int i = 0; i < x.rows; ++i) {
      double mean = 0, variance = 0;
      for (int j = 0; j < kWidth; ++j) mean += x.at(i, j) / kWidth;
      for (int j = 0; j < kWidth; ++j) variance += std::pow(x.at(i, j) - mean, 2) / kWidth;
      for (int j = 0; j < kWidth; ++j) {
        const auto n = static_cast<std::size_t>(j);
        in[static_cast<std::size_t>((first + i) * kWidth) + n] = to_bf16(x.at(i, j));
        truth.at(first + i, j) =
            (x.at(i, j) - mean) / std::sqrt(variance + 1e-5) * gamma[n] + beta[n];
      }
    }
  }
  host::CoreState core;
  const host::CoreScope scope(core);
  layer_norm_bf16(out.data(), in.data(), gamma.data(), beta.data(), kFrames, kWidth);
  std::copy(out.begin(), out.end(), actual.values.begin());
  const double error = relative_l1(actual, truth);
  record("layer_norm_" + std::to_string(layer), error);
  EXPECT_LT(error, 2e-3) << layer;
}

void check_int8(const KernelEncoder& encoder, int layer, int row) {
  const Quantised a(frames(encoder.hidden, row), Quantised::Scales::of_rows);
  const Quantised b(encoder.second(layer).w, Quantised::Scales::of_columns);
  std::int64_t largest = 0;
  int wrong = 0;
  for (int n = 0; n < b.columns; n += kTile) {
    const Buffer<int32> c = int8_product(a, b, n);
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) {
        std::int64_t sum = 0;
        for (int k = 0; k < a.columns; ++k) sum += std::int64_t{a.at(i, k)} * b.at(k, n + j);
        wrong += c[in_blocks(i, j, 4)] != sum;
        largest = std::max(largest, std::abs(sum));
      }
    }
  }
  const std::string name = std::to_string(layer) + "_row_" + std::to_string(row);
  record("int8_largest_sum_" + name, static_cast<double>(largest));
  EXPECT_EQ(wrong, 0) << name;
  EXPECT_GT(largest, 10000) << name;
}

void check_gelu(const KernelEncoder& encoder, Runner& runner, int layer) {
  Tiles in(encoder.high.rows, encoder.hidden.columns);
  runner.run(Product{.x = encoder.high,
                     .linear = encoder.first(layer),
                     .epilogue = Epilogue::norm_a,
                     .out = in,
                     .end_row = kFrames});
  Buffer<bfloat16> out(in.data.size());
  host::CoreState core;
  const host::CoreScope scope(core);
  gelu_bf16(out.data(), in.data.data(), static_cast<int>(out.size()));
  // Rows behind the last frame are zeros, which change none of these.
  double worst = 0, error = 0, size = 0;
  std::size_t lowest = 0, highest = 0, not_itself = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double x = in.data[i], truth = exact_gelu(x);
    if (x < in.data[lowest]) lowest = i;
    if (x > in.data[highest]) highest = i;
    worst = std::max(worst, std::abs(out[i] - truth) - half_step(truth));
    error += std::abs(out[i] - truth);
    size += std::abs(truth);
    not_itself += std::abs(x) >= 4 && out[i] != static_cast<float>(std::max(x, 0.0));
  }
  const std::string name = std::to_string(layer);
  const std::size_t row = kTile * kTile * static_cast<std::size_t>(in.columns);
  record("gelu_input_min_" + name, in.data[lowest]);
  record("gelu_input_min_tile_row_" + name, static_cast<double>(lowest / row));
  record("gelu_input_max_" + name, in.data[highest]);
  record("gelu_input_max_tile_row_" + name, static_cast<double>(highest / row));
  record("gelu_beyond_half_a_step_" + name, worst);
  record("gelu_relative_l1_" + name, error / size);
  EXPECT_LT(worst, 2e-3) << layer;
  EXPECT_EQ(not_itself, 0u) << layer;
  if (layer == kDims.n_audio_layer - 1) {  // the widest range of all
    EXPECT_LE(in.data[lowest], -110);
    EXPECT_GE(in.data[highest], 190);
  }
}

}  // namespace sotto::npu::kernels::testing
