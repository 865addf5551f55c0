// The numbers that a decoder computes in: which linear layers and caches its layers are made of.
//
// Each set of numbers has
//   Linear  y = act(W x + b) + residual for rows, made of weights in f32
//   Cache   keys and values of one attention of one sequence (kv_cache.h)
//   Inputs  rows of activations on their way into a Linear: rows() makes them what it takes
//   Window  the features of a window and their projection to keys and values
#pragma once

#include "base/buffer.h"
#include "cpu/blocks.h"
#include "cpu/gemv_linear.h"
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
};
struct Int8Numbers {
  using Linear = GemvLinear;
  using Cache = Int8KeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
};
/// Only the linear layers are integers.
struct Int8Float32Numbers {
  using Linear = GemvLinear;
  using Cache = FloatKeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
};

}  // namespace sotto::cpu
