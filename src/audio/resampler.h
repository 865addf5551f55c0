// Decoded frames of any rate, format and channels → 16 kHz mono.
#pragma once

#include <string>
#include <vector>

#include "audio/libav.h"

namespace sotto::audio {

/// What the ffmpeg program's filter graph does for `-f s16le -ac 1 -ar 16000`: libswresample with
/// its default options; when the input changes it starts anew, and the few samples that were still
/// inside are dropped.
class Resampler {
 public:
  /// `name` of the file for messages.
  explicit Resampler(std::string name) : name_(std::move(name)) {}
  ~Resampler() { libav().av_channel_layout_uninit(&layout_); }
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  /// Appends what `frame` gives, as s16 / 32768. Throws Error{audio} for a frame that cannot be
  /// converted.
  void add(const AVFrame& frame, std::vector<float>& samples);

  /// Appends what is still inside after the last frame.
  void finish(std::vector<float>& samples);

 private:
  bool fits(const AVFrame& frame) const;
  void start(const AVFrame& frame);
  void convert(const AVFrame* frame, std::vector<float>& samples);

  std::string name_;
  Libav<SwrContext> swr_;
  AVChannelLayout layout_{};  // of the frames that swr_ takes, as the frames state it
  int format_ = -1;
  int rate_ = 0;
  std::vector<std::int16_t> converted_;
};

/// Throws Error{audio} unless 1000 ≤ rate ≤ 768000 Hz and 1 ≤ channels ≤ 64.
void check_audio_format(const std::string& name, int rate, int channels);

}  // namespace sotto::audio
