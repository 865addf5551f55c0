// The features of a window on their way to the decoder's keys and values, in each set of numbers
// (decoder_numbers.h). read() makes one layer's projection, project() takes it and fills its cache.
#pragma once

#include "base/buffer.h"
#include "cpu/blocks.h"
#include "cpu/int8_window.h"
#include "cpu/kv_cache.h"
#include "cpu/parameters.h"
#include "cpu/two_byte_linear.h"
#include "model/config.h"

namespace sotto::cpu {

/// Features as blocks, projected in f32 straight into the cache.
class FloatWindow {
 public:
  using Projection = BlocksLinear;
  static Projection read(const Place& place, const Parameters& p, const model::Dims& dims) {
    return read_projections<Projection>(place, p, {"key", "value"}, dims.n_text_state);
  }

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

/// Features as integers of two bytes, projected to rows, which the cache then takes.
class TwoByteWindow {
 public:
  using Projection = TwoByteLinear;
  static Projection read(const Place& place, const Parameters& p, const model::Dims& dims) {
    return read_projections<Projection>(place, p, {"key", "value"}, dims.n_text_state);
  }

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
