#include "npu/kernels/encoder_testing.h"

#include <algorithm>
#include <string>

namespace sotto::npu::kernels::testing {
namespace {

/// weights are outputs x inputs, row-major. With a norm, LayerNorm comes before the layer and is
/// folded in.
Linear make_linear(const std::vector<float>& weights, const std::vector<float>& bias, int inputs,
                   double scale = 1, const Norm* norm = nullptr) {
  const int outputs = static_cast<int>(bias.size());
  Linear linear = {Matrix(inputs, outputs), std::vector<double>(bias.size()),
                   std::vector<double>(bias.size()), Tiles(outputs / kTile, inputs / kTile),
                   Buffer<bfloat16>(static_cast<std::size_t>(outputs / 4 * kOperand))};
  for (int n = 0; n < outputs; ++n) {
    const auto i = static_cast<std::size_t>(n);
    linear.c[i] = scale * bias[i];
    for (int k = 0; k < inputs; ++k) {
      const auto j = static_cast<std::size_t>(k);
      const double weight = scale * weights[i * static_cast<std::size_t>(inputs) + j];
      const bfloat16 w = to_bf16(norm == nullptr ? weight : weight * norm->gamma[j]);
      if (norm != nullptr) linear.c[i] += weight * norm->beta[j];
      linear.w.at(k, n) = w;
      linear.s[i] += w;
      linear.tiles.at(n / kTile, k / kTile)[index_v(k % kTile, n % kTile, kTile)] = w;
    }
  }
  for (int n = 0; n < outputs; n += kTile) {
    const std::vector<double> s(linear.s.begin() + n, linear.s.begin() + n + kTile);
    const std::vector<double> c(linear.c.begin() + n, linear.c.begin() + n + kTile);
    const Buffer<bfloat16> step = norm == nullptr ? bias_columns(c) : fold_columns(s, c);
    std::copy(step.begin(), step.end(), linear.columns.data() + n / 4 * kOperand);
  }
  return linear;
}

/// A row-major matrix in two bfloat16 parts, layout A.
void pack_parts(Tiles& high, Tiles& low, const std::vector<float>& values, int columns) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
    const std::size_t at = index_a(row % kTile, column % kTile, kTile);
    const bfloat16 part = to_bf16(values[i]);
    high.at(row / kTile, column / kTile)[at] = part;
    low.at(row / kTile, column / kTile)[at] = to_bf16(double{values[i]} - double{part});
  }
}

std::string block(int layer) {
  return "encoder.blocks." + std::to_string(layer);
}

}  // namespace

KernelEncoder::KernelEncoder(const model::Dims& dims, const model::Weights& weights, Runner& runner)
    : high((dims.n_audio_ctx + kTile - 1) / kTile, dims.n_audio_state / kTile),
      low(high.rows, high.columns),
      q(high.rows, high.columns),
      k(high.rows, high.columns),
      v(high.rows, high.columns),
      mixed(high.rows, high.columns),
      hidden(high.rows, dims.n_audio_ffn / kTile),
      planes(high.rows, 3 * high.columns),
      dims_(dims),
      weights_(weights),
      runner_(runner),
      frames_(dims.n_audio_ctx),
      width_(dims.n_audio_state),
      tile_rows_(high.rows) {}

std::vector<float> KernelEncoder::read(const std::string& name, const model::Shape& shape) const {
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  std::vector<float> numbers(static_cast<std::size_t>(size));
  weights_.read(name, shape, numbers);
  return numbers;
}

std::vector<float> KernelEncoder::bias(const std::string& name, int size) const {
  if (!weights_.contains(name)) return std::vector<float>(static_cast<std::size_t>(size));
  return read(name, {size});
}

Norm KernelEncoder::norm(const std::string& name) const {
  return {read(name + ".weight", {width_}), read(name + ".bias", {width_})};
}

Linear KernelEncoder::query(int layer) const {
  const std::string prefix = block(layer) + ".attn.query";
  const Norm before = norm(block(layer) + ".attn_ln");
  return make_linear(read(prefix + ".weight", {width_, width_}), bias(prefix + ".bias", width_),
                     width_, kQueryScale, &before);
}

/// What is added to all keys alike changes no weight, and what is added to all values alike comes
/// out of every mean of them: it goes to the output's bias.
Linear KernelEncoder::key_or_value(int layer, const char* name) const {
  Norm before = norm(block(layer) + ".attn_ln");
  std::fill(before.beta.begin(), before.beta.end(), 0.0f);
  return make_linear(read(block(layer) + ".attn." + name + ".weight", {width_, width_}),
                     std::vector<float>(static_cast<std::size_t>(width_)), width_, 1, &before);
}
Linear KernelEncoder::key(int layer) const {
  return key_or_value(layer, "key");
}
Linear KernelEncoder::value(int layer) const {
  return key_or_value(layer, "value");
}

Linear KernelEncoder::output(int layer) const {
  const std::string prefix = block(layer) + ".attn.";
  const auto width = static_cast<std::size_t>(width_);
  const auto times = [&](const std::string& name, const std::vector<float>& x,
                         std::vector<float> y) {
    const std::vector<float> weights = read(prefix + name + ".weight", {width_, width_});
    for (std::size_t n = 0; n < width; ++n) {
      double sum = y[n];
      for (std::size_t k = 0; k < width; ++k) sum += double{weights[n * width + k]} * x[k];
      y[n] = static_cast<float>(sum);
    }
    return y;
  };
  const std::vector<float> shared =
      times("value", norm(block(layer) + ".attn_ln").beta, bias(prefix + "value.bias", width_));
  return make_linear(read(prefix + "out.weight", {width_, width_}),
                     times("out", shared, bias(prefix + "out.bias", width_)), width_);
}

Linear KernelEncoder::first(int layer) const {
  const std::string prefix = block(layer) + ".mlp.0";
  const Norm before = norm(block(layer) + ".mlp_ln");
  return make_linear(read(prefix + ".weight", {dims_.n_audio_ffn, width_}),
                     bias(prefix + ".bias", dims_.n_audio_ffn), width_, 1, &before);
}

Linear KernelEncoder::second(int layer) const {
  const std::string prefix = block(layer) + ".mlp.2";
  return make_linear(read(prefix + ".weight", {width_, dims_.n_audio_ffn}),
                     bias(prefix + ".bias", width_), dims_.n_audio_ffn);
}

/// The first convolution three times: for the frames 2t - 1, 2t and 2t + 1 that the second one
/// looks at, side by side. Rows of its operand are frames unfolded by three taps, 240 columns of
/// 256.
void KernelEncoder::convolve_first(const model::MelWindow& mel) {
  const int taps = 3 * mel.n_mels, padded = (taps + kTile - 1) / kTile * kTile;
  const std::vector<float> weights = read("encoder.conv1.weight", {width_, mel.n_mels, 3});
  std::vector<float> wide(static_cast<std::size_t>(width_ * padded));
  for (int n = 0; n < width_; ++n) {
    std::copy_n(weights.begin() + n * taps, taps, wide.begin() + n * padded);
  }
  const Linear linear = make_linear(wide, bias("encoder.conv1.bias", width_), padded);
  for (int plane = 0; plane < 3; ++plane) {
    Tiles unfolded(tile_rows_, padded / kTile);
    for (int t = 0; t < frames_; ++t) {
      for (int i = 0; i < taps; ++i) {
        const int frame = 2 * t + plane - 1 + i % 3 - 1;
        if (frame < 0 || frame >= mel.n_frames) continue;
        unfolded.at(t / kTile, i / kTile)[index_a(t % kTile, i % kTile, kTile)] =
            to_bf16(mel.data[i / 3 * mel.stride + frame]);
      }
    }
    // Frame -1 does not exist: the second convolution is padded with zeros.
    runner_.run(Product{.x = unfolded,
                        .linear = linear,
                        .epilogue = Epilogue::gelu,
                        .out = planes,
                        .end_row = frames_,
                        .out_column = plane * high.columns,
                        .first_row = plane == 0 ? 1 : 0});
  }
}

void KernelEncoder::convolve(const model::MelWindow& mel) {
  convolve_first(mel);
  const std::vector<float> weights = read("encoder.conv2.weight", {width_, width_, 3});
  std::vector<float> by_plane(weights.size());
  for (int n = 0; n < width_; ++n) {
    for (int i = 0; i < 3 * width_; ++i) {
      by_plane[static_cast<std::size_t>(n * 3 * width_ + i % 3 * width_ + i / 3)] =
          weights[static_cast<std::size_t>(n * 3 * width_ + i)];
    }
  }
  const Linear linear = make_linear(by_plane, bias("encoder.conv2.bias", width_), 3 * width_);
  Tiles positions_high(tile_rows_, high.columns), positions_low(tile_rows_, high.columns);
  pack_parts(positions_high, positions_low, read("encoder.positional_embedding", {frames_, width_}),
             width_);
  runner_.run(Product{.x = planes,
                      .linear = linear,
                      .epilogue = Epilogue::gelu_planes,
                      .out = high,
                      .end_row = frames_,
                      .low = &low,
                      .planes = {&positions_high, &positions_low}});
}

void KernelEncoder::add_to_residual(const Tiles& x, const Linear& linear) {
  runner_.run(Product{.x = x,
                      .linear = linear,
                      .epilogue = Epilogue::residual,
                      .out = high,
                      .end_row = frames_,
                      .low = &low,
                      .planes = {&high, &low}});
}

void KernelEncoder::attend(int layer) {
  const auto project = [&](Tiles& out, const Linear& linear, Epilogue epilogue) {
    runner_.run(
        Product{.x = high, .linear = linear, .epilogue = epilogue, .out = out, .end_row = frames_});
  };
  project(q, query(layer), Epilogue::norm_a);
  project(k, key(layer), Epilogue::norm_k);
  project(v, value(layer), Epilogue::norm_v);
  runner_.run(Attention{.q = q, .k = k, .v = v, .out = mixed, .keys = frames_});
  add_to_residual(mixed, output(layer));
}

void KernelEncoder::feed_forward(int layer) {
  runner_.run(Product{.x = high,
                      .linear = first(layer),
                      .epilogue = Epilogue::norm_gelu,
                      .out = hidden,
                      .end_row = frames_});
  add_to_residual(hidden, second(layer));
}

std::vector<float> KernelEncoder::features() const {
  const Norm last = norm("encoder.ln_post");
  const auto width = static_cast<std::size_t>(width_);
  Buffer<bfloat16> x(static_cast<std::size_t>(frames_) * width), y(x.size()), gamma(width),
      beta(width);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int row = static_cast<int>(i / width), column = static_cast<int>(i % width);
    x[i] = high.at(row / kTile, column / kTile)[index_a(row % kTile, column % kTile, kTile)];
  }
  for (std::size_t i = 0; i < width; ++i) {
    gamma[i] = to_bf16(last.gamma[i]);
    beta[i] = to_bf16(last.beta[i]);
  }
  host::CoreState core = {.mac_model = runner_.mac_model()};
  const host::CoreScope scope(core);
  layer_norm_bf16(y.data(), x.data(), gamma.data(), beta.data(), frames_, width_);
  return {y.begin(), y.end()};
}

}  // namespace sotto::npu::kernels::testing
