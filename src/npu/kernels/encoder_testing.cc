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

/// Sums of x times the weights, tile after tile: start(c, row, n) sets them, finish(c, row, n)
/// takes them.
template <typename Start, typename Finish>
void multiply(const Tiles& x, const Linear& linear, ThreadPool& pool, Start start, Finish finish) {
  pool.parallel_for(x.rows, [&](std::int64_t index, int) {
    const int row = static_cast<int>(index);
    Buffer<float> c(kTile * kTile);
    for (int n = 0; n < linear.tiles.rows; ++n) {
      zero_sums(c.data());
      start(c.data(), row, n);
      for (int k = 0; k < x.columns; ++k) {
        gemm_bf16(c.data(), x.at(row, k), linear.tiles.at(n, k), kTile / 8);
      }
      finish(c.data(), row, n);
    }
  });
}

void nothing(float*, int, int) {}

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

KernelEncoder::KernelEncoder(const model::Dims& dims, const model::Weights& weights,
                             ThreadPool& pool)
    : high((dims.n_audio_ctx + kTile - 1) / kTile, dims.n_audio_state / kTile),
      low(high.rows, high.columns),
      q(high.rows, high.columns),
      k(high.rows, high.columns),
      v(high.rows, high.columns),
      mixed(high.rows, high.columns),
      hidden(high.rows, dims.n_audio_ffn / kTile),
      dims_(dims),
      weights_(weights),
      pool_(pool),
      frames_(dims.n_audio_ctx),
      width_(dims.n_audio_state),
      tile_rows_(high.rows) {
  bias_rows(bias_rows_.data());
}

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

Linear KernelEncoder::projection(int layer, const char* name, double scale) const {
  const std::string prefix = block(layer) + ".attn." + name;
  const Norm before = norm(block(layer) + ".attn_ln");
  return make_linear(read(prefix + ".weight", {width_, width_}), bias(prefix + ".bias", width_),
                     width_, scale, &before);
}

Linear KernelEncoder::output(int layer) const {
  const std::string prefix = block(layer) + ".attn.out";
  return make_linear(read(prefix + ".weight", {width_, width_}), bias(prefix + ".bias", width_),
                     width_);
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

std::vector<RowFold> KernelEncoder::fold() const {
  std::vector<RowFold> folds(static_cast<std::size_t>(tile_rows_));
  Buffer<float> sums(kTileBlocks * kSum), squares(kTileBlocks * kSum);
  for (int row = 0; row < tile_rows_; ++row) {
    RowFold& fold = folds[static_cast<std::size_t>(row)];
    zero_statistics(sums.data(), squares.data());
    for (int column = 0; column < high.columns; ++column) {
      row_statistics(sums.data(), squares.data(), high.at(row, column), kTile / 8);
    }
    finish_statistics(fold.rows.data(), fold.inverse_sigmas.data(), sums.data(), squares.data(),
                      width_);
  }
  return folds;
}

/// The first convolution three times: for the frames 2t - 1, 2t and 2t + 1 that the second one
/// looks at, side by side. Rows of its operand are frames unfolded by three taps, 240 columns of
/// 256.
void KernelEncoder::convolve_first(Tiles& planes, const model::MelWindow& mel) {
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
    multiply(unfolded, linear, pool_, nothing, [&](const float* c, int row, int n) {
      // Frame -1 does not exist: the second convolution is padded with zeros.
      const int before_first = plane == 0 && row == 0 ? 1 : 0;
      for (int strip = 0; strip < kStrips; ++strip) {
        epilogue_gelu(planes.at(row, plane * high.columns + n) + strip * kStrip, c,
                      bias_rows_.data(), linear.step(n), strip, strip == 0 ? before_first : 0,
                      end_of(row, strip));
      }
    });
  }
}

void KernelEncoder::convolve(const model::MelWindow& mel) {
  Tiles planes(tile_rows_, 3 * high.columns);
  convolve_first(planes, mel);
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
  multiply(planes, linear, pool_, nothing, [&](const float* c, int row, int n) {
    for (int strip = 0; strip < kStrips; ++strip) {
      const int at = strip * kStrip;
      epilogue_gelu_positions(high.at(row, n) + at, low.at(row, n) + at, c, bias_rows_.data(),
                              linear.step(n), positions_high.at(row, n) + at,
                              positions_low.at(row, n) + at, strip, 0, end_of(row, strip));
    }
  });
}

void KernelEncoder::add_residual_product(const Tiles& x, const Linear& linear) {
  multiply(
      x, linear, pool_,
      [&](float* c, int row, int n) {
        add_plane(c, high.at(row, n));
        add_plane(c, low.at(row, n));
      },
      [&](const float* c, int row, int n) {
        for (int strip = 0; strip < kStrips; ++strip) {
          epilogue_residual(high.at(row, n) + strip * kStrip, low.at(row, n) + strip * kStrip, c,
                            bias_rows_.data(), linear.step(n), strip, 0, end_of(row, strip));
        }
      });
}

void KernelEncoder::project(Tiles& out, const Linear& linear, const std::vector<RowFold>& folds,
                            NormEpilogue epilogue) {
  multiply(high, linear, pool_, nothing, [&](const float* c, int row, int n) {
    const RowFold& fold = folds[static_cast<std::size_t>(row)];
    for (int strip = 0; strip < kStrips; ++strip) {
      epilogue(out.at(row, n) + strip * kStrip, c, fold.rows.data(), linear.step(n),
               fold.inverse_sigmas.data(), strip, 0, end_of(row, strip));
    }
  });
}

void KernelEncoder::attend(int layer) {
  const std::vector<RowFold> folds = fold();
  project(q, projection(layer, "query", kQueryScale), folds, epilogue_norm_a);
  project(k, projection(layer, "key", 1), folds, epilogue_norm_k);
  project(v, projection(layer, "value", 1), folds, epilogue_norm_v);

  pool_.parallel_for(tile_rows_, [&](std::int64_t index, int) {
    const int row = static_cast<int>(index);
    Buffer<float> o(kTile * kTile), row_sums(kTileBlocks * kSum), offsets(kTileBlocks * kSum);
    Buffer<bfloat16> p(kTile * kTile);
    for (int head = 0; head < high.columns; ++head) {
      zero_sums(o.data());
      attention_reference(offsets.data(), row_sums.data(), q.at(row, head), k.at(0, head),
                          std::min(frames_, kTile));
      for (int tile = 0; tile < tile_rows_; ++tile) {
        attention_tile(o.data(), row_sums.data(), offsets.data(), p.data(), q.at(row, head),
                       k.at(tile, head), v.at(tile, head), std::min(kTile, frames_ - kTile * tile));
      }
      attention_finish(mixed.at(row, head), o.data(), row_sums.data());
    }
  });
  add_residual_product(mixed, output(layer));
}

void KernelEncoder::feed_forward(int layer) {
  project(hidden, first(layer), fold(), epilogue_norm_gelu);
  add_residual_product(hidden, second(layer));
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
  layer_norm_bf16(y.data(), x.data(), gamma.data(), beta.data(), frames_, width_);
  return {y.begin(), y.end()};
}

}  // namespace sotto::npu::kernels::testing
