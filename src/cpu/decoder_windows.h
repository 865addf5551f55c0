// The features of a window on their way to the decoder's keys and values, in each set of numbers
// (decoder_numbers.h). project() takes one layer's projection and fills its cache.
#pragma once

#include <algorithm>
#include <span>

#include "base/buffer.h"
#include "cpu/blocks.h"
#include "cpu/gemv_linear.h"
#include "cpu/kv_cache.h"
#include "cpu/two_byte_linear.h"
#include "model/config.h"

namespace sotto::cpu {

using Place = GemvRuntime;

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

}  // namespace sotto::cpu
