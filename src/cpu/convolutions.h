// The two convolutions at the beginning of Whisper's encoder, in each type of numbers:
// gelu(Conv1d(gelu(Conv1d(mel)))) with three taps and padding 1, the second in steps of two frames.
#pragma once

#include <cstddef>
#include <memory>

#include "base/isa.h"
#include "cpu/blocks.h"
#include "cpu/convolution_type.h"
#include "cpu/parameters.h"
#include "model/config.h"
#include "model/encoder.h"

namespace sotto::cpu {

/// Where frames lie that a convolution reads, in lanes of 32 bits: a row of inputs has its even
/// frames, then its odd ones, so that every tap of B outputs is B lanes side by side, in the first
/// convolution too, which makes even and odd frames apart. Lanes that are never written are zeros:
/// so is what a tap finds before the first frame and after the last.
class FrameLayout {
 public:
  /// n_frames is even.
  FrameLayout(int n_frames, int block)
      : block_(block),
        n_blocks_(blocks_of(n_frames / 2, block)),
        half_(std::ptrdiff_t{n_blocks_} * block) {}

  /// Blocks of the even frames, and of the odd ones.
  int n_blocks() const { return n_blocks_; }
  /// From one row to the next: an odd number of cache lines, which spreads rows over the cache,
  /// where blocks are whole cache lines.
  std::ptrdiff_t row() const { return 2 * half_ + kGap; }
  /// From the beginning of a row to a block of the even frames (odd = 0) or of the odd ones (1).
  std::ptrdiff_t at(int odd, std::int64_t block) const {
    return odd * (half_ + kGap) + block * block_;
  }
  /// The same to tap 0 … 2 of the frames of a block.
  std::ptrdiff_t tap(int odd, std::int64_t block, int tap) const {
    const int frame = odd + tap - 1;  // −1 … 2, counted from the first frame of the even block
    return at(frame & 1, block) + (frame == -1 ? -1 : frame / 2);
  }

 private:
  static constexpr std::ptrdiff_t kGap = 16;  // zeros between the halves

  int block_;
  int n_blocks_;
  std::ptrdiff_t half_;
};

class Convolutions {
 public:
  virtual ~Convolutions() = default;
  /// mel: n_mels × 2·n_audio_ctx. y: blocks, n_audio_ctx × n_audio_state, the result and
  /// `positions`, which are blocks too.
  virtual void operator()(float* y, const model::MelWindow& mel, const float* positions) = 0;
};

/// `p` names the encoder; `type` is one that `isa` has. `runtime` must outlive the result.
std::unique_ptr<Convolutions> make_convolutions(const Runtime& runtime, Isa isa,
                                                ConvolutionType type, const Parameters& p,
                                                const model::Dims& dims);

}  // namespace sotto::cpu
