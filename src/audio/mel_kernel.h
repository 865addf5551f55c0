// The inner loop of the log-mel spectrogram: one source (mel_kernel.inc), compiled once per
// instruction set, with as many frames side by side as a vector has lanes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sotto::audio {

/// Constants of the transform, read by every copy of the kernel. Plain pointers, so that no library
/// template is compiled with wide instructions.
struct MelPlan {
  /// One input of the DFT's first stage: sample n = 160 hop + position of a frame, n = (25 n1 + 16
  /// n2) mod 400, and its weight in the periodic Hann window.
  struct Input {
    std::uint16_t hop, position;
    double window;
  };
  Input input[25][16];  ///< [n2][n1]
  std::uint8_t bin[9]
                  [25];  ///< [k1][k2]: bin 0 … 200 that k (k mod 16 = k1, k mod 25 = k2) falls on
  double twiddle_re[5][5];  ///< [b][c] cos(2π b c / 25)
  double twiddle_im[5][5];  ///< [b][c] −sin(2π b c / 25)
  int n_mels;
  const int* first_bin;   ///< [n_mels] each filter is non-zero from this bin on,
  const int* n_bins;      ///< [n_mels] for this many bins,
  const double* weights;  ///< with these weights, all filters one after the other
};

/// For frames 0 … n_frames − 1, of which frame t reads samples[160 t … 160 t + 399]:
/// out[m * row + t] = log10(max(1e-10, filter m of |X|²)). Returns the largest of them.
using LogMelKernel = float (*)(float* out, std::size_t row, const float* samples, int n_frames,
                               const MelPlan& plan) noexcept;

float log_mel_portable(float* out, std::size_t row, const float* samples, int n_frames,
                       const MelPlan& plan) noexcept;
float log_mel_avx2(float* out, std::size_t row, const float* samples, int n_frames,
                   const MelPlan& plan) noexcept;
float log_mel_avx512(float* out, std::size_t row, const float* samples, int n_frames,
                     const MelPlan& plan) noexcept;

}  // namespace sotto::audio
