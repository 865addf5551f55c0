// The numbers that a decoder computes in: which linear layers and caches its layers are made of.
//
// Each set of numbers has
//   Linear  y = act(W x + b) + residual for rows, made of weights in f32
//   Cache   keys and values of one attention of one sequence (kv_cache.h)
//   Inputs  rows of activations on their way into a Linear: rows() makes them what it takes
//   Window  the features of a window and their projection to keys and values
//   kIntegers  whether Linear rounds its inputs, so that they should be alike in size
#pragma once

#include <algorithm>
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
#include "model/config.h"

namespace sotto::cpu {

using Place = GemvRuntime;

/// Rows as they are.
class FloatInputs {
 public:
  FloatInputs(const model::Dims&) {}
  const float* rows(const Place&, const float* x, int, int) const { return x; }
};

/// Rows as integers.
class Int8Inputs {
 public:
  explicit Int8Inputs(const model::Dims& dims)
      : scratch_(dims.n_text_ctx, std::max(dims.n_text_state, dims.n_text_ffn)) {}
  GemvRows rows(const Place& place, const float* x, int n_rows, int n) {
    return scratch_.quantise(place, x, n_rows, n);
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

/// Features as integers, projected to rows, which the cache then takes.
class Int8Window {
 public:
  using Projection = GemvLinear;

  Int8Window(const Place& place, const model::Dims& dims)
      : place_(place),
        dims_(dims),
        scratch_(dims.n_audio_ctx, dims.n_audio_state),
        key_values_(static_cast<std::size_t>(dims.n_audio_ctx) * 2 *
                    static_cast<std::size_t>(dims.n_text_state)) {}

  void set(const float* features) {
    features_ = scratch_.quantise(place_, features, dims_.n_audio_ctx, dims_.n_audio_state);
  }
  template <typename Cache>
  void project(Cache& to, const GemvLinear& projection) {
    projection(key_values_.data(), features_, dims_.n_audio_ctx);
    to.set_all(key_values_.data(), dims_.n_audio_ctx);
  }

 private:
  const Place& place_;
  model::Dims dims_;
  GemvScratch scratch_;
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

/// A LayerNorm and the layer that takes its rows.
template <typename Numbers>
struct NormedLinear {
  LayerNorm norm;
  typename Numbers::Linear linear;
  std::span<const float>
      column_factors;  ///< what smooth() multiplied the weights with; empty: nothing

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
  std::span<const float> factors;
  if constexpr (Numbers::kIntegers) {
    const std::vector<float> old_gamma = gamma, old_beta = beta;
    smooth(gamma, beta, linear.weight);
    factors = place.weights.make<float>(static_cast<std::size_t>(width), [&](std::span<float> all) {
      for (std::size_t i = 0; i < gamma.size(); ++i) {
        const bool by_gamma = gamma[i] != 0;
        const float before = by_gamma ? old_gamma[i] : old_beta[i];
        const float after = by_gamma ? gamma[i] : beta[i];
        all[i] = after != 0 ? before / after : 1.0f;
      }
    });
  }
  return {.norm = LayerNorm(place, gamma, beta, width),
          .linear = {place, linear.weight, linear.bias, n_out, width},
          .column_factors = factors};
}

}  // namespace sotto::cpu
