// The seam to the encoder: the CPU engine, the simulated NPU and the NPU are three Encoders.
#pragma once

#include <span>

#include "model/config.h"

namespace sotto::model {

/// A window of log-mel: rows are mel bands, columns frames. Row r begins at data + r * stride.
struct MelWindow {
  const float* data = nullptr;
  int n_mels = 0;
  int n_frames = 0;
  std::ptrdiff_t stride = 0;
};

class Encoder {
 public:
  virtual ~Encoder() = default;

  /// One 30 s window, n_mels × 2·n_audio_ctx, to audio features: n_audio_ctx × n_audio_state
  /// numbers, row-major, after the final LayerNorm. One window at a time; it may be encoded as a
  /// job beside (base/thread_pool.h) what decoders do.
  virtual void encode(const MelWindow& mel, std::span<float> features) = 0;

  virtual const Dims& dims() const = 0;
};

}  // namespace sotto::model
