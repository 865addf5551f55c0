// The numbers that a decoder computes in: which linear layers and caches its layers are made of.
//
// Each set of numbers has
//   Linear  y = act(W x + b) + residual for rows, made of weights in f32
//   Cache   keys and values of one attention of one sequence (kv_cache.h)
//   Inputs  rows of activations on their way into a Linear: rows() makes them what it takes, and
//           precise_rows() what makes its result, without an activation, as exact as its weights
//   Window  the features of a window and their projection to keys and values
//   kIntegers  whether Linear rounds its inputs to bytes, so that they should be alike in size
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "cpu/blocks.h"
#include "cpu/gemv_bf16_linear.h"
#include "cpu/gemv_linear.h"
#include "cpu/int8_blocks.h"
#include "cpu/kv_cache.h"
#include "cpu/parameters.h"
#include "cpu/rows.h"
#include "cpu/two_byte_linear.h"
#include "model/config.h"

namespace sotto::cpu {

using Place = GemvRuntime;

/// Rows as they are.
class FloatInputs {
 public:
  FloatInputs(const model::Dims&) {}
  const float* rows(const Place&, const float* x, int, int) const { return x; }
  const float* precise_rows(const Place&, const float* x, int, int) const { return x; }
};

/// Rows as integers.
class Int8Inputs {
 public:
  explicit Int8Inputs(const model::Dims& dims)
      : scratch_(
            dims.n_text_ctx,
            std::max(2 * blocks_of(dims.n_text_state, kGemvGroup) * kGemvGroup, dims.n_text_ffn)) {}
  GemvRows rows(const Place& place, const float* x, int n_rows, int n) {
    return scratch_.quantise(place, x, n_rows, n);
  }
  PreciseGemvRows precise_rows(const Place& place, const float* x, int n_rows, int n) {
    return scratch_.quantise_with_remainders(place, x, n_rows, n);
  }

 private:
  GemvScratch scratch_;
};

/// Features as blocks, projected in f32 straight into the cache.
class FloatWindow {
 public:
  using Projection = BlocksLinear;

  FloatWindow(const Place& place, const model::Dims& dims)
      : place_(place),
        dims_(dims),
        blocks_(static_cast<std::size_t>(n_blocks() * place.kernels.block) *
                static_cast<std::size_t>(dims.n_audio_state)) {}

  void set(const float* features) {
    to_blocks(place_, blocks_.data(), features, dims_.n_audio_state, dims_.n_audio_ctx,
              dims_.n_audio_state);
  }
  void project(FloatKeyValues& to, const BlocksLinear& projection) const {
    projection(to.data(), blocks_.data(), n_blocks());
  }

 private:
  int n_blocks() const { return blocks_of(dims_.n_audio_ctx, place_.kernels.block); }

  const Place& place_;
  model::Dims dims_;
  Buffer<float> blocks_;
};

/// A linear layer in integers, and what the rounding of its weights took away.
struct GemvLinearWithRemainders {
  GemvLinearWithRemainders(const Place& place, std::span<const float> weight,
                           std::span<const float> bias, int n_out, int n_in)
      : linear(place, weight, bias, n_out, n_in),
        remainders(place, gemv_remainders(weight, n_out, n_in), {}, n_out, n_in) {}

  GemvLinear linear;
  GemvLinear remainders;
};

/// Features as integers, projected to rows, which the cache then takes. A token attends to many
/// positions, which averages what the rounding of features does to them, but not what that of
/// weights does: it is the same for all as far as they are alike. So the rounding of weights is
/// made good for the mean of the features, which is one row.
class Int8Window {
 public:
  using Projection = GemvLinearWithRemainders;

  Int8Window(const Place& place, const model::Dims& dims)
      : place_(place),
        dims_(dims),
        scratch_(dims.n_audio_ctx, dims.n_audio_state),
        mean_scratch_(1, dims.n_audio_state),
        mean_(static_cast<std::size_t>(dims.n_audio_state)),
        bias_(static_cast<std::size_t>(blocks_of(2 * dims.n_text_state, kPanel) * kPanel)),
        key_values_(static_cast<std::size_t>(dims.n_audio_ctx) * 2 *
                    static_cast<std::size_t>(dims.n_text_state)) {}

  void set(const float* features) {
    features_ = scratch_.quantise(place_, features, dims_.n_audio_ctx, dims_.n_audio_state);
    const std::ptrdiff_t width = dims_.n_audio_state;
    std::fill(mean_.begin(), mean_.end(), 0.0f);
    for (std::ptrdiff_t row = 0; row < dims_.n_audio_ctx; ++row) {
      for (std::ptrdiff_t i = 0; i < width; ++i) mean_.data()[i] += features[row * width + i];
    }
    for (float& m : mean_) m /= static_cast<float>(dims_.n_audio_ctx);
    mean_row_ = mean_scratch_.quantise(place_, mean_.data(), 1, dims_.n_audio_state);
  }
  template <typename Cache>
  void project(Cache& to, const Projection& projection) {
    projection.remainders(bias_.data(), mean_row_, 1);
    const std::span<const float> bias = projection.linear.bias();
    for (std::size_t i = 0; i < bias.size(); ++i) bias_.data()[i] += bias[i];
    projection.linear(key_values_.data(), features_, dims_.n_audio_ctx, Activation::none, nullptr,
                      bias_.data());
    to.set_all(key_values_.data(), dims_.n_audio_ctx);
  }

 private:
  const Place& place_;
  model::Dims dims_;
  GemvScratch scratch_;
  GemvScratch mean_scratch_;
  GemvRows features_{};
  GemvRows mean_row_{};
  Buffer<float> mean_;
  Buffer<float> bias_;  // 2D, zeros up to whole panels
  Buffer<float> key_values_;
};

/// Rows as integers of two bytes.
class TwoByteInputs {
 public:
  explicit TwoByteInputs(const model::Dims& dims)
      : rows_(dims.n_text_ctx, std::max(dims.n_text_state, dims.n_text_ffn)) {}
  GemvRows rows(const Place& place, const float* x, int n_rows, int n) {
    return rows_.quantise(place, x, n_rows, n);
  }
  GemvRows precise_rows(const Place& place, const float* x, int n_rows, int n) {
    return rows(place, x, n_rows, n);
  }

 private:
  TwoByteRows rows_;
};

/// Features as integers of two bytes, projected to rows, which the cache then takes.
class TwoByteWindow {
 public:
  using Projection = TwoByteLinear;

  TwoByteWindow(const Place& place, const model::Dims& dims)
      : place_(place),
        dims_(dims),
        rows_(dims.n_audio_ctx, dims.n_audio_state),
        key_values_(static_cast<std::size_t>(dims.n_audio_ctx) * 2 *
                    static_cast<std::size_t>(dims.n_text_state)) {}

  void set(const float* features) {
    features_ = rows_.quantise(place_, features, dims_.n_audio_ctx, dims_.n_audio_state);
  }
  void project(FloatKeyValues& to, const TwoByteLinear& projection) {
    projection(key_values_.data(), features_, dims_.n_audio_ctx);
    to.set_all(key_values_.data(), dims_.n_audio_ctx);
  }

 private:
  const Place& place_;
  model::Dims dims_;
  TwoByteRows rows_;
  GemvRows features_{};
  Buffer<float> key_values_;
};

struct Float32Numbers {
  using Linear = RowsLinear;
  using Cache = FloatKeyValues;
  using Inputs = FloatInputs;
  using Window = FloatWindow;
  static constexpr bool kIntegers = false;
};
/// Only the weights of the linear layers are narrow: it is they that a step reads.
struct Bfloat16Numbers {
  using Linear = GemvBf16Linear;
  using Cache = FloatKeyValues;
  using Inputs = FloatInputs;
  using Window = FloatWindow;
  static constexpr bool kIntegers = false;
};
struct Int8Numbers {
  using Linear = GemvLinear;
  using Cache = Int8KeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
  static constexpr bool kIntegers = true;
};
/// Only the linear layers are integers.
struct Int8Float32Numbers {
  using Linear = GemvLinear;
  using Cache = FloatKeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
  static constexpr bool kIntegers = true;
};
/// Only the linear layers are integers, of two bytes, which need no smoothing.
struct TwoByteNumbers {
  using Linear = TwoByteLinear;
  using Cache = FloatKeyValues;
  using Inputs = TwoByteInputs;
  using Window = TwoByteWindow;
  static constexpr bool kIntegers = false;
};

/// x += W rows + b
template <typename Linear, typename Rows>
void add(float* x, const Linear& linear, const Rows& rows, int n) {
  linear(x, rows, n, Activation::none, x);
}
inline void add(float* x, const GemvLinear& linear, const PreciseGemvRows& rows, int n) {
  linear(x, rows, n, x);
}

/// The two layers of a feed-forward network.
struct MlpParameters {
  LinearParameters up;
  LinearParameters down;
};

/// Hidden numbers in the order of their largest weight in `down`: those that count much then share
/// their scales with each other.
inline void sort_hidden(MlpParameters& p, int n_hidden) {
  const auto n = static_cast<std::size_t>(n_hidden);
  if (p.down.weight.empty()) return;
  std::vector<float> top(n);
  for (std::size_t i = 0; i < p.down.weight.size(); ++i) {
    top[i % n] = std::max(top[i % n], std::abs(p.down.weight[i]));
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return top[i]; });
  const MlpParameters before = p;
  const std::size_t n_in = p.up.weight.size() / n;
  for (std::size_t i = 0; i < n; ++i) {
    p.up.bias[i] = before.up.bias[order[i]];
    std::copy_n(before.up.weight.begin() + static_cast<std::ptrdiff_t>(order[i] * n_in), n_in,
                p.up.weight.begin() + static_cast<std::ptrdiff_t>(i * n_in));
    for (std::size_t row = 0; row < p.down.weight.size(); row += n) {
      p.down.weight[row + i] = before.down.weight[row + order[i]];
    }
  }
}

template <typename Numbers>
MlpParameters read_mlp_parameters(const Parameters& p, int n_hidden, int width) {
  MlpParameters mlp{.up = read_linear_parameters(p / "0", n_hidden, width),
                    .down = read_linear_parameters(p / "2", width, n_hidden)};
  if constexpr (Numbers::kIntegers) sort_hidden(mlp, n_hidden);
  return mlp;
}

/// A LayerNorm and the layer that takes its rows.
template <typename Numbers>
struct NormedLinear {
  LayerNorm norm;
  typename Numbers::Linear linear;
  std::vector<float> column_factors;  ///< what smooth() multiplied the weights with; empty: nothing

  /// Row `n` of the weights as they were read.
  void weight_row(float* out, int n) const {
    linear.weight_row(out, n);
    for (std::size_t i = 0; i < column_factors.size(); ++i) out[i] /= column_factors[i];
  }
};

template <typename Numbers>
NormedLinear<Numbers> read_normed_linear(const Place& place, const Parameters& norm,
                                         LinearParameters linear, int n_out, int width) {
  std::vector<float> gamma = norm.read("weight", {width}), beta = norm.read("bias", {width});
  std::vector<float> factors;
  if constexpr (Numbers::kIntegers) {
    const std::vector<float> old_gamma = gamma, old_beta = beta;
    smooth(gamma, beta, linear.weight);
    for (std::size_t i = 0; i < gamma.size(); ++i) {
      const bool by_gamma = gamma[i] != 0;
      const float before = by_gamma ? old_gamma[i] : old_beta[i];
      const float after = by_gamma ? gamma[i] : beta[i];
      factors.push_back(after != 0 ? before / after : 1.0f);
    }
  }
  return {.norm = LayerNorm(place, gamma, beta),
          .linear = {place, linear.weight, linear.bias, n_out, width},
          .column_factors = std::move(factors)};
}

}  // namespace sotto::cpu
