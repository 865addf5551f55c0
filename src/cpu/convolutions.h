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

/// Where the frames of a block of outputs lie for every tap of theirs, in lanes of 32 bits. A row
/// of inputs holds B even frames, a gap and B odd frames, so that each tap is B lanes side by side,
/// in the first convolution too, which makes even and odd frames apart. The gap begins with the
/// even frame that follows and ends with the odd one before; both have their own place in the block
/// beside.
class FrameLayout {
 public:
  /// Rows of n_frames, an even number.
  FrameLayout(int n_frames, int n_rows, int block)
      : block_(block), n_rows_(n_rows), n_blocks_(blocks_of(n_frames / 2, block)) {}

  int n_rows() const { return n_rows_; }
  int n_blocks() const { return n_blocks_; }
  std::ptrdiff_t size() const { return at(0, n_blocks_); }
  /// From one row of a block to the next.
  std::ptrdiff_t row() const { return 2 * block_ + kGap; }
  /// The even (odd = 0) or odd (1) frames of a block.
  std::ptrdiff_t at(int odd, std::int64_t block) const {
    return block * n_rows_ * row() + odd * (block_ + kGap);
  }
  /// From the beginning of a row, at(0, block), to tap 0, 1 or 2 of them.
  std::ptrdiff_t tap(int odd, int tap) const {
    const int frame = odd + tap - 1;  // counted from the block's first
    return at(frame & 1, 0) + (frame == -1 ? -1 : frame / 2);
  }

 private:
  static constexpr std::ptrdiff_t kGap = 16;  // a cache line

  int block_;
  int n_rows_;
  int n_blocks_;
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
