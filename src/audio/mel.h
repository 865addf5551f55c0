// Log-mel spectrogram exactly as openai/whisper's audio.py computes it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/isa.h"
#include "base/thread_pool.h"

namespace sotto::audio {

inline constexpr int kFftSize = 400;           ///< samples (25 ms)
inline constexpr int kHopLength = 160;         ///< samples (10 ms): one frame
inline constexpr int kWindowSamples = 480000;  ///< 30 s, what one encoder window covers

/// n_mels rows of n_frames numbers, row-major.
struct LogMel {
  int n_mels = 0;
  std::size_t n_frames = 0;
  std::vector<float> data;

  const float* row(int mel) const { return data.data() + static_cast<std::size_t>(mel) * n_frames; }
};

/// The log-mel spectrogram of `samples` followed by `padding` zeros: periodic Hann window of 400,
/// hop 160, centred with reflection, |X|², Slaney mel filters, log10 of at least 1e-10, at least
/// the whole signal's maximum − 8, (x + 4) / 4. (samples.size() + padding) / 160 frames. `n_mels`
/// is 80 or 128 in released models; 1 … 201 are computed. `isa` is one that this machine has;
/// `pool` may be null.
LogMel log_mel_spectrogram(std::span<const float> samples, std::size_t padding, int n_mels, Isa isa,
                           ThreadPool* pool = nullptr);

/// librosa.filters.mel(sr=16000, n_fft=400, n_mels): n_mels × 201, row-major.
std::vector<float> mel_filters(int n_mels);

}  // namespace sotto::audio
