#include "npu/kernels/encoder_checks_testing.h"

#include <algorithm>
#include <string>

#include "cpu/whisper_base_testing.h"

namespace sotto::npu::kernels::testing {
namespace {

constexpr model::Dims kDims = cpu::testing::WhisperBase::kDims;

std::string label(const char* what, int layer, int row) {
  return std::string(what) + "_" + std::to_string(layer) + "_row_" + std::to_string(row);
}

void expect_below(const std::string& name, double error, double bar) {
  record(name, error);
  EXPECT_LT(error, bar) << name;
}

Matrix columns_of(const Matrix& m, int first, int width) {
  Matrix part(m.rows, width);
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < width; ++j) part.at(i, j) = m.at(i, first + j);
  }
  return part;
}

Matrix sum_of(Matrix a, const Matrix& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

template <typename Number>
Matrix with_bias(Matrix m, const std::vector<Number>& bias) {
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < m.columns; ++j) m.at(i, j) += bias[static_cast<std::size_t>(j)];
  }
  return m;
}

double largest_difference(const Matrix& a, const Matrix& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    largest = std::max(largest, std::abs(a.values[i] - b.values[i]));
  }
  return largest;
}

Matrix gelu_of(Matrix m) {
  for (double& x : m.values) x = exact_gelu(x);
  return m;
}

/// Frames that count in a row of tiles.
int frames_in(int row) {
  return std::min(kTile, kDims.n_audio_ctx - row * kTile);
}

/// All frames of one head: those of `tiles` whose element (frame, d) is at index(frame, d).
Matrix head_of(const Tiles& tiles, int head, std::size_t (*index)(int, int)) {
  Matrix m(kDims.n_audio_ctx, kTile);
  for (int i = 0; i < m.rows; ++i) {
    for (int d = 0; d < kTile; ++d) {
      m.at(i, d) = tiles.at(i / kTile, head)[index(i % kTile, d)];
    }
  }
  return m;
}
std::size_t in_k(int key, int d) {
  return index_k(d, key, kTile);
}
std::size_t in_v(int key, int d) {
  return index_v(key, d, kTile);
}

/// The frames of a row of tiles of keys or values.
Matrix rows_of(const Tiles& tiles, int row, std::size_t (*index)(int, int)) {
  Matrix m(frames_in(row), tiles.columns * kTile);
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < m.columns; ++j) {
      m.at(i, j) = tiles.at(row, j / kTile)[index(i, j % kTile)];
    }
  }
  return m;
}

/// LayerNorm without gamma and beta, times the layer that carries them.
Matrix normed_product(const Matrix& x, const Linear& linear) {
  Matrix y = product(x, linear.w);
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

/// Attention of the frames of a row of tiles and one head, from the kernels' q, k and v.
Matrix attention(const KernelEncoder& encoder, int row, int head) {
  Matrix weights = scores(encoder, row, head);
  for (int i = 0; i < weights.rows; ++i) {
    double top = weights.at(i, 0), sum = 0;
    for (int key = 0; key < weights.columns; ++key) top = std::max(top, weights.at(i, key));
    for (int key = 0; key < weights.columns; ++key) {
      sum += weights.at(i, key) = std::exp2(weights.at(i, key) - top);
    }
    for (int key = 0; key < weights.columns; ++key) weights.at(i, key) /= sum;
  }
  return product(weights, head_of(encoder.v, head, in_v));
}

/// The sums of a product as gemm_bf16 leaves them, in float32.
Matrix kernel_sums(const Tiles& x, int row, const Linear& linear) {
  Matrix sums(frames_in(row), linear.tiles.rows * kTile);
  Buffer<float> c(kTile * kTile);
  for (int n = 0; n < linear.tiles.rows; ++n) {
    zero_sums(c.data());
    for (int k = 0; k < x.columns; ++k) {
      gemm_bf16(c.data(), x.at(row, k), linear.tiles.at(n, k), kTile / 8);
    }
    for (int i = 0; i < sums.rows; ++i) {
      for (int j = 0; j < kTile; ++j) sums.at(i, n * kTile + j) = c[index_c(i, j)];
    }
  }
  return sums;
}

/// A product that was added to the residual stream. All errors but the last are relative to the
/// product alone, which the residual is much larger than.
void check_residual(const KernelEncoder& encoder, const Residual& before, const Tiles& x,
                    const Linear& linear, const std::string& name, int row) {
  const Matrix alone = product(frames(x, row), linear.w);
  const Matrix sums = kernel_sums(x, row, linear);
  expect_below(name + "_sums", relative_l1(sums, alone), 1e-5);
  expect_below(name + "_rounded", relative_l1(rounded(sums), alone), 3e-3);

  const Matrix whole = with_bias(sum_of(sum_of(alone, before.high), before.low), linear.c);
  const Residual after = residual(encoder, row);
  const Matrix stored = sum_of(after.high, after.low);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < whole.values.size(); ++i) {
    error += std::abs(stored.values[i] - whole.values[i]);
    size += std::abs(alone.values[i]);
  }
  expect_below(name + "_stored_in_two_parts", error / size, 3e-3);
  expect_below(name + "_and_residual_in_two_parts", relative_l1(stored, whole), 1e-5);
  expect_below(name + "_and_residual", relative_l1(after.high, whole), 3e-3);
}

/// Weights of a convolution, rounded as the kernels take them: (channel, tap) at row(channel, tap).
Matrix taps(const KernelEncoder& encoder, const char* name, int channels,
            const std::function<int(int, int)>& row) {
  const std::vector<float> weights = encoder.read(name, {kDims.n_audio_state, channels, 3});
  Matrix w(3 * channels, kDims.n_audio_state);
  auto weight = weights.begin();
  for (int n = 0; n < w.columns; ++n) {
    for (int channel = 0; channel < channels; ++channel) {
      for (int tap = 0; tap < 3; ++tap) w.at(row(channel, tap), n) = float{to_bf16(*weight++)};
    }
  }
  return w;
}

void check_first_convolution(const KernelEncoder& encoder, const model::MelWindow& mel, int row) {
  const Matrix w = taps(encoder, "encoder.conv1.weight", kDims.n_mels,
                        [](int channel, int tap) { return channel * 3 + tap; });
  const std::vector<float> bias = encoder.read("encoder.conv1.bias", {kDims.n_audio_state});
  const Matrix planes = frames(encoder.planes, row);
  for (int plane = 0; plane < 3; ++plane) {
    Matrix x(frames_in(row), w.rows);
    for (int i = 0; i < x.rows; ++i) {
      for (int j = 0; j < x.columns; ++j) {
        const int frame = 2 * (row * kTile + i) + plane - 1 + j % 3 - 1;
        if (frame < mel.n_frames) {
          x.at(i, j) = float{to_bf16(mel.data[j / 3 * mel.stride + frame])};
        }
      }
    }
    const Matrix truth = gelu_of(with_bias(product(x, w), bias));
    const Matrix actual = columns_of(planes, plane * kDims.n_audio_state, kDims.n_audio_state);
    expect_below(label("conv1_plane", plane, row), relative_l1(actual, truth), 3e-3);
  }
}

}  // namespace

Matrix frames(const Tiles& tiles, int row) {
  Matrix m(frames_in(row), tiles.columns * kTile);
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < m.columns; ++j) {
      m.at(i, j) = tiles.at(row, j / kTile)[index_a(i, j % kTile, kTile)];
    }
  }
  return m;
}

Matrix scores(const KernelEncoder& encoder, int row, int head) {
  const Matrix q = columns_of(frames(encoder.q, row), head * kTile, kTile);
  const Matrix keys = head_of(encoder.k, head, in_k);
  Matrix across(keys.columns, keys.rows);
  for (int i = 0; i < keys.rows; ++i) {
    for (int d = 0; d < keys.columns; ++d) across.at(d, i) = keys.at(i, d);
  }
  return product(q, across);
}

Residual residual(const KernelEncoder& encoder, int row) {
  return {frames(encoder.high, row), frames(encoder.low, row)};
}

void check_convolutions(const KernelEncoder& encoder, const model::MelWindow& mel, int row) {
  check_first_convolution(encoder, mel, row);
  const Matrix w = taps(encoder, "encoder.conv2.weight", kDims.n_audio_state,
                        [](int channel, int tap) { return tap * kDims.n_audio_state + channel; });
  const std::vector<float> bias = encoder.read("encoder.conv2.bias", {kDims.n_audio_state});
  const std::vector<float> positions =
      encoder.read("encoder.positional_embedding", {kDims.n_audio_ctx, kDims.n_audio_state});
  Matrix truth = gelu_of(with_bias(product(frames(encoder.planes, row), w), bias));
  auto position = positions.begin() + row * kTile * kDims.n_audio_state;
  for (double& x : truth.values) x += *position++;
  const Residual actual = residual(encoder, row);
  const Matrix both = sum_of(actual.high, actual.low);
  const std::string name = "conv2_and_positions_row_" + std::to_string(row);
  expect_below(name, relative_l1(actual.high, truth), 3e-3);
  expect_below(name + "_in_two_parts", relative_l1(both, truth), 1e-3);
  expect_below(name + "_in_two_parts_absolute", largest_difference(both, truth), 2e-3);
}

void check_attention(const KernelEncoder& encoder, const Residual& before, int layer, int row) {
  const auto norm = [&](const char* name, const Linear& linear, const Matrix& actual) {
    expect_below(label(name, layer, row), relative_l1(actual, normed_product(before.high, linear)),
                 5e-3);
  };
  norm("query", encoder.query(layer), frames(encoder.q, row));
  norm("key", encoder.key(layer), rows_of(encoder.k, row, in_k));
  norm("value", encoder.value(layer), rows_of(encoder.v, row, in_v));

  const Matrix mixed = frames(encoder.mixed, row);
  double worst = 0;
  for (int head = 0; head < kDims.n_audio_head; ++head) {
    worst = std::max(
        worst, relative_l1(columns_of(mixed, head * kTile, kTile), attention(encoder, row, head)));
  }
  expect_below(label("attention", layer, row), worst, 8e-3);
  check_residual(encoder, before, encoder.mixed, encoder.output(layer), label("output", layer, row),
                 row);
}

void check_feed_forward(const KernelEncoder& encoder, const Residual& before, int layer, int row) {
  const Matrix truth = gelu_of(normed_product(before.high, encoder.first(layer)));
  expect_below(label("norm_product_and_gelu", layer, row),
               relative_l1(frames(encoder.hidden, row), truth), 5e-3);
  check_residual(encoder, before, encoder.hidden, encoder.second(layer),
                 label("second", layer, row), row);
}

void check_padding(const KernelEncoder& encoder, int layer) {
  const int row = kDims.n_audio_ctx / kTile;
  const auto expect_zeros = [&](const Tiles& tiles, std::size_t (*index)(int, int),
                                const char* name) {
    int others = 0;
    for (int i = frames_in(row); i < kTile; ++i) {
      for (int j = 0; j < tiles.columns * kTile; ++j) {
        others += tiles.at(row, j / kTile)[index(i, j % kTile)].bits() != 0;
      }
    }
    EXPECT_EQ(others, 0) << name << ' ' << layer;
  };
  const auto in_a = [](int i, int j) { return index_a(i, j, kTile); };
  expect_zeros(encoder.planes, in_a, "planes");
  expect_zeros(encoder.q, in_a, "q");
  expect_zeros(encoder.k, in_k, "k");
  expect_zeros(encoder.v, in_v, "v");
  expect_zeros(encoder.hidden, in_a, "hidden");
  expect_zeros(encoder.high, in_a, "high");
  expect_zeros(encoder.low, in_a, "low");
  // So is frame -1, which the first convolution does not have.
  for (int j = 0; j < kDims.n_audio_state; ++j) {
    EXPECT_EQ(encoder.planes.at(0, j / kTile)[index_a(0, j % kTile, kTile)].bits(), 0) << j;
  }
}

}  // namespace sotto::npu::kernels::testing
