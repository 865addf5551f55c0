// The features of a window as integers, projected to the keys and values of the decoder's layers
// (decoder_windows.h) on the encoder's kernels (int8.h).
#pragma once

#include <span>
#include <vector>

#include "base/buffer.h"
#include "cpu/gemv_linear.h"
#include "cpu/int8_blocks.h"
#include "cpu/kv_cache.h"
#include "cpu/parameters.h"
#include "model/config.h"

namespace sotto::cpu {

/// Where the layers of a decoder run.
struct Place : GemvRuntime {
  Int8Runtime int8;
};

/// The projection to keys and values of one layer, a group of outputs for each head of either, and
/// what the rounding of its weights took away.
struct Int8Projection {
  Int8Projection(const Place& place, const LinearParameters& linear, const model::Dims& dims);

  Int8Linear linear;
  GemvLinear remainders;

 private:
  Int8Projection(const Place& place, const LinearParameters& linear, const model::Dims& dims,
                 const QuantizedMatrix& matrix);
};

/// A token attends to many positions, which averages what the rounding of features does to them,
/// but not what that of weights does: it is the same for all as far as they are alike. So the
/// rounding of weights is made good for the mean of the features, which is one row.
class Int8Window {
 public:
  using Projection = Int8Projection;
  static Projection read(const Place& place, const Parameters& p, const model::Dims& dims);

  Int8Window(const Place& place, const model::Dims& dims);

  /// n_audio_ctx × n_audio_state, for all layers.
  void set(const float* features);
  void project(Int8KeyValues& to, const Projection& projection);
  void project(FloatKeyValues& to, const Projection& projection);

 private:
  int block() const { return place_.int8.kernels.block; }
  void correct_bias(const Projection& projection);

  const Place& place_;
  model::Dims dims_;
  int n_blocks_;
  Int8Activations features_;
  Buffer<float> sums_;  // of each block's features, n_audio_state
  Buffer<float> mean_;
  GemvScratch mean_scratch_;
  GemvRows mean_row_{};
  Buffer<float> bias_;     // 2D, zeros up to whole panels
  Buffer<float> scratch_;  // a head of a block, by thread
  std::ptrdiff_t scratch_size_;
};

}  // namespace sotto::cpu
