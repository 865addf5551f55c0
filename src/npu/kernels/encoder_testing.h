// A Whisper encoder computed by the device kernels alone, on the host and without an array: every
// activation lies in tiles as in the NPU's memory, every product, epilogue and attention is the
// kernel that a core runs. The host packs and says what comes after what; a Runner computes.
#pragma once

#include <vector>

#include "model/encoder.h"
#include "model/weights.h"
#include "npu/kernels/runner_testing.h"

namespace sotto::npu::kernels::testing {

struct Norm {
  std::vector<float> gamma, beta;
};

class KernelEncoder {
 public:
  /// All three must outlive it.
  KernelEncoder(const model::Dims& dims, const model::Weights& weights, Runner& runner);

  /// Both convolutions and the positions; leaves planes.
  void convolve(const model::MelWindow& mel);
  /// Self-attention and its residual; leaves q, k, v and mixed as they were used.
  void attend(int layer);
  /// The multi-layer perceptron and its residual; leaves hidden.
  void feed_forward(int layer);
  /// The features after the last LayerNorm, n_audio_ctx x n_audio_state.
  std::vector<float> features() const;

  Tiles high, low;       ///< the residual stream in two parts
  Tiles q, k, v, mixed;  ///< layouts A, K, V, A
  Tiles mixed_low;       ///< the second part of mixed, where it has two
  Tiles hidden;
  Tiles planes;  ///< the first convolution's frames 2t - 1, 2t and 2t + 1 side by side

  /// Whether the layer's values see both parts of the residual stream, and its output both parts of
  /// what attention mixed from them (docs/npu/core.md says why the first layer's do).
  static bool has_two_parts(int layer) { return layer == 0; }
  Linear query(int layer) const;
  Linear key(int layer) const;
  Linear value(int layer) const;
  Linear output(int layer) const;
  Linear first(int layer) const;  ///< of the perceptron
  Linear second(int layer) const;
  Norm norm(const std::string& name) const;
  std::vector<float> read(const std::string& name, const model::Shape& shape) const;

 private:
  Linear key_or_value(int layer, const char* name) const;
  std::vector<float> bias(const std::string& name, int size) const;
  void add_to_residual(const Tiles& x, const Tiles* low_x, const Linear& linear);
  void convolve_first(const model::MelWindow& mel);

  const model::Dims dims_;
  const model::Weights& weights_;
  Runner& runner_;
  const int frames_, width_, tile_rows_;
};

/// log2(e) / sqrt(64): what the queries' weights carry.
inline const double kQueryScale = 1.4426950408889634 / 8;

}  // namespace sotto::npu::kernels::testing
