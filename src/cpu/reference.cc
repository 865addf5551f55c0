#include "cpu/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"

namespace sotto::cpu {
namespace {

template <typename Real>
struct Matrix {
  Matrix(int n_rows, int n_columns)
      : rows(n_rows),
        columns(n_columns),
        data(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_columns)) {}

  Real* operator[](int row) { return data.data() + static_cast<std::ptrdiff_t>(row) * columns; }
  const Real* operator[](int row) const {
    return data.data() + static_cast<std::ptrdiff_t>(row) * columns;
  }

  int rows;
  int columns;
  std::vector<Real> data;
};

template <typename Real>
Matrix<Real> transposed(const Matrix<Real>& a) {
  Matrix<Real> result(a.columns, a.rows);
  for (int i = 0; i < a.rows; ++i) {
    for (int j = 0; j < a.columns; ++j) result[j][i] = a[i][j];
  }
  return result;
}

/// x·Φ(x)
template <typename Real>
Real gelu(Real x) {
  return x * std::erfc(-x / std::sqrt(Real(2))) / 2;
}

template <typename Real>
void add(Matrix<Real>& x, const Matrix<Real>& y) {
  SOTTO_CHECK(x.rows == y.rows && x.columns == y.columns);
  for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] += y.data[i];
}

template <typename Real>
void softmax(Real* x, int n) {
  const Real top = *std::max_element(x, x + n);
  Real total = 0;
  for (int i = 0; i < n; ++i) total += x[i] = std::exp(x[i] - top);
  for (int i = 0; i < n; ++i) x[i] /= total;
}

/// The layers of one model, each finding its weights by openai's names.
template <typename Real>
class Network {
 public:
  Network(const model::Weights& weights, ThreadPool& pool) : weights_(weights), pool_(pool) {}

  Matrix<Real> matrix(const std::string& name, int rows, int columns) const {
    return read(name, {rows, columns}, rows, columns);
  }

  /// a·b
  Matrix<Real> product(const Matrix<Real>& a, const Matrix<Real>& b) const {
    SOTTO_CHECK(a.columns == b.rows);
    Matrix<Real> result(a.rows, b.columns);
    constexpr int kGemvGroup = 16;  // rows that use a row of b while it is in the cache
    pool_.parallel_for((a.rows + kGemvGroup - 1) / kGemvGroup, [&](std::int64_t group, int) {
      const int begin = static_cast<int>(group) * kGemvGroup;
      for (int k = 0; k < a.columns; ++k) {
        for (int i = begin; i < std::min(a.rows, begin + kGemvGroup); ++i) {
          const Real factor = a[i][k];
          const Real* const from = b[k];
          Real* const to = result[i];
          for (int j = 0; j < b.columns; ++j) to[j] += factor * from[j];
        }
      }
    });
    return result;
  }

  /// x Wᵀ + b
  Matrix<Real> linear(const std::string& name, const Matrix<Real>& x, int n_out) const {
    Matrix<Real> y = product(x, transposed(matrix(name + ".weight", n_out, x.columns)));
    if (!weights_.contains(name + ".bias")) return y;
    const Matrix<Real> bias = vector(name + ".bias", n_out);
    for (int i = 0; i < y.rows; ++i) {
      for (int j = 0; j < n_out; ++j) y[i][j] += bias[0][j];
    }
    return y;
  }

  Matrix<Real> layer_norm(const std::string& name, const Matrix<Real>& x) const {
    const Matrix<Real> gamma = vector(name + ".weight", x.columns);
    const Matrix<Real> beta = vector(name + ".bias", x.columns);
    Matrix<Real> y(x.rows, x.columns);
    for (int i = 0; i < x.rows; ++i) {
      Real mean = 0, variance = 0;
      for (int j = 0; j < x.columns; ++j) mean += x[i][j] / x.columns;
      for (int j = 0; j < x.columns; ++j) {
        variance += (x[i][j] - mean) * (x[i][j] - mean) / x.columns;
      }
      const Real deviation = std::sqrt(variance + Real(1e-5));
      for (int j = 0; j < x.columns; ++j) {
        y[i][j] = (x[i][j] - mean) / deviation * gamma[0][j] + beta[0][j];
      }
    }
    return y;
  }

  /// Attention of the rows of x to those of source; causal: row i sees rows 0 … i.
  Matrix<Real> attention(const std::string& name, const Matrix<Real>& x, const Matrix<Real>& source,
                         int n_heads, bool causal) const {
    const int width = x.columns;
    const Matrix<Real> q = linear(name + ".query", x, width);
    const Matrix<Real> k = linear(name + ".key", source, width);
    const Matrix<Real> v = linear(name + ".value", source, width);
    Matrix<Real> mixed(x.rows, width);
    for (int head = 0; head < n_heads; ++head) {
      const int d = width / n_heads;
      Matrix<Real> weights = product(slice(q, head, d), transposed(slice(k, head, d)));
      for (int i = 0; i < weights.rows; ++i) {
        for (int j = 0; j < weights.columns; ++j) {
          weights[i][j] /= std::sqrt(Real(d));
          if (causal && j > i) weights[i][j] = -std::numeric_limits<Real>::infinity();
        }
        softmax(weights[i], weights.columns);
      }
      const Matrix<Real> values = product(weights, slice(v, head, d));
      for (int i = 0; i < x.rows; ++i) std::copy_n(values[i], d, mixed[i] + head * d);
    }
    return linear(name + ".out", mixed, width);
  }

  Matrix<Real> mlp(const std::string& name, const Matrix<Real>& x, int n_ffn) const {
    Matrix<Real> hidden = linear(name + ".0", x, n_ffn);
    for (Real& value : hidden.data) value = gelu(value);
    return linear(name + ".2", hidden, x.columns);
  }

  /// gelu(Conv1d(x)) with three taps and padding 1; rows of x and of the result are positions.
  Matrix<Real> conv(const std::string& name, const Matrix<Real>& x, int n_out, int step) const {
    const Matrix<Real> weight = read(name + ".weight", {n_out, x.columns, 3}, n_out, x.columns * 3);
    const Matrix<Real> bias = vector(name + ".bias", n_out);
    Matrix<Real> unfolded((x.rows + step - 1) / step, x.columns * 3);
    for (int t = 0; t < unfolded.rows; ++t) {
      for (int tap = 0; tap < 3; ++tap) {
        const int from = t * step + tap - 1;
        if (from < 0 || from >= x.rows) continue;
        for (int c = 0; c < x.columns; ++c) unfolded[t][c * 3 + tap] = x[from][c];
      }
    }
    Matrix<Real> y = product(unfolded, transposed(weight));
    for (int t = 0; t < y.rows; ++t) {
      for (int n = 0; n < n_out; ++n) y[t][n] = gelu(y[t][n] + bias[0][n]);
    }
    return y;
  }

 private:
  Matrix<Real> vector(const std::string& name, int size) const {
    return read(name, {size}, 1, size);
  }

  Matrix<Real> read(const std::string& name, const model::Shape& shape, int rows,
                    int columns) const {
    std::vector<float> numbers(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    weights_.read(name, shape, numbers);
    Matrix<Real> result(rows, columns);
    std::copy(numbers.begin(), numbers.end(), result.data.begin());
    return result;
  }

  /// The columns of one head.
  static Matrix<Real> slice(const Matrix<Real>& x, int head, int d) {
    Matrix<Real> result(x.rows, d);
    for (int i = 0; i < x.rows; ++i) std::copy_n(x[i] + head * d, d, result[i]);
    return result;
  }

  const model::Weights& weights_;
  ThreadPool& pool_;
};

}  // namespace

template <typename Real>
std::vector<Real> reference_encode(const model::Dims& dims, const model::Weights& weights,
                                   const model::MelWindow& mel, ThreadPool& pool) {
  const Network<Real> network(weights, pool);
  const int width = dims.n_audio_state;
  Matrix<Real> x(mel.n_frames, mel.n_mels);
  for (int t = 0; t < mel.n_frames; ++t) {
    for (int band = 0; band < mel.n_mels; ++band) x[t][band] = mel.data[band * mel.stride + t];
  }
  x = network.conv("encoder.conv1", x, width, 1);
  x = network.conv("encoder.conv2", x, width, 2);
  add(x, network.matrix("encoder.positional_embedding", dims.n_audio_ctx, width));
  for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
    const std::string block = "encoder.blocks." + std::to_string(layer);
    const Matrix<Real> normed = network.layer_norm(block + ".attn_ln", x);
    add(x, network.attention(block + ".attn", normed, normed, dims.n_audio_head, false));
    add(x, network.mlp(block + ".mlp", network.layer_norm(block + ".mlp_ln", x), dims.n_audio_ffn));
  }
  return network.layer_norm("encoder.ln_post", x).data;
}

template <typename Real>
std::vector<Real> reference_decode(const model::Dims& dims, const model::Weights& weights,
                                   std::span<const Real> features, std::span<const int> tokens,
                                   ThreadPool& pool) {
  const Network<Real> network(weights, pool);
  const int width = dims.n_text_state;
  const int n_tokens = static_cast<int>(tokens.size());
  Matrix<Real> source(dims.n_audio_ctx, dims.n_audio_state);
  SOTTO_CHECK(features.size() == source.data.size());
  std::copy(features.begin(), features.end(), source.data.begin());

  const Matrix<Real> embedding =
      network.matrix("decoder.token_embedding.weight", dims.n_vocab, width);
  const Matrix<Real> positions =
      network.matrix("decoder.positional_embedding", dims.n_text_ctx, width);
  Matrix<Real> x(n_tokens, width);
  for (int i = 0; i < n_tokens; ++i) {
    const Real* const token = embedding[tokens[static_cast<std::size_t>(i)]];
    for (int j = 0; j < width; ++j) x[i][j] = token[j] + positions[i][j];
  }
  for (int layer = 0; layer < dims.n_text_layer; ++layer) {
    const std::string block = "decoder.blocks." + std::to_string(layer);
    const Matrix<Real> normed = network.layer_norm(block + ".attn_ln", x);
    add(x, network.attention(block + ".attn", normed, normed, dims.n_text_head, true));
    add(x, network.attention(block + ".cross_attn", network.layer_norm(block + ".cross_attn_ln", x),
                             source, dims.n_text_head, false));
    add(x, network.mlp(block + ".mlp", network.layer_norm(block + ".mlp_ln", x), dims.n_text_ffn));
  }
  return network.product(network.layer_norm("decoder.ln", x), transposed(embedding)).data;
}

template std::vector<float> reference_encode<float>(const model::Dims&, const model::Weights&,
                                                    const model::MelWindow&, ThreadPool&);
template std::vector<double> reference_encode<double>(const model::Dims&, const model::Weights&,
                                                      const model::MelWindow&, ThreadPool&);
template std::vector<float> reference_decode<float>(const model::Dims&, const model::Weights&,
                                                    std::span<const float>, std::span<const int>,
                                                    ThreadPool&);
template std::vector<double> reference_decode<double>(const model::Dims&, const model::Weights&,
                                                      std::span<const double>, std::span<const int>,
                                                      ThreadPool&);

}  // namespace sotto::cpu
