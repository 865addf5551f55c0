#include "audio/resampler.h"

#include "audio/decode.h"
#include "base/error.h"

namespace sotto::audio {
namespace {

// Speech needs some 4000 Hz, and samples at less become many more at 16 kHz.
constexpr int kMinRate = 1000;
constexpr int kMaxRate = 768000;
constexpr int kMaxChannels = 64;  // libswresample's own limit

}  // namespace

void check_audio_format(const std::string& name, int rate, int channels) {
  if (rate < kMinRate || rate > kMaxRate) {
    fail(ErrorKind::audio, "cannot decode ", name, ": a sample rate of ", rate, " Hz is outside ",
         kMinRate, " … ", kMaxRate, "; is its header damaged?");
  }
  if (channels < 1 || channels > kMaxChannels) {
    fail(ErrorKind::audio, "cannot decode ", name, ": ", channels, " channels are outside 1 … ",
         kMaxChannels);
  }
}

void Resampler::add(const AVFrame& frame, std::vector<float>& samples) {
  if (!fits(frame)) start(frame);
  convert(&frame, samples);
}

void Resampler::finish(std::vector<float>& samples) {
  if (swr_ != nullptr) convert(nullptr, samples);
}

bool Resampler::fits(const AVFrame& frame) const {
  return swr_ != nullptr && frame.format == format_ && frame.sample_rate == rate_ &&
         libav().av_channel_layout_compare(&frame.ch_layout, &layout_) == 0;
}

void Resampler::start(const AVFrame& frame) {
  check_audio_format(name_, frame.sample_rate, frame.ch_layout.nb_channels);
  format_ = frame.format;
  rate_ = frame.sample_rate;
  if (libav().av_channel_layout_copy(&layout_, &frame.ch_layout) < 0) throw std::bad_alloc();

  // Channels without names are taken for the usual ones of that number, as ffmpeg does.
  AVChannelLayout input = layout_;  // shares layout_'s memory, if it has any
  if (input.order == AV_CHANNEL_ORDER_UNSPEC) {
    libav().av_channel_layout_default(&input, layout_.nb_channels);
  }
  AVChannelLayout mono{};
  libav().av_channel_layout_default(&mono, 1);
  SwrContext* swr = nullptr;
  const LibavLog log;
  int status = libav().swr_alloc_set_opts2(&swr, &mono, AV_SAMPLE_FMT_S16, kSampleRate, &input,
                                           static_cast<AVSampleFormat>(format_), rate_, 0, nullptr);
  swr_.reset(swr);
  if (status >= 0) status = libav().swr_init(swr);
  if (status < 0) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": its ", layout_.nb_channels, " channels at ",
         rate_, " Hz cannot be mixed down to one: ", libav_error(status), log.in_brackets());
  }
}

void Resampler::convert(const AVFrame* frame, std::vector<float>& samples) {
  const int n_in = frame != nullptr ? frame->nb_samples : 0;
  const int most = libav().swr_get_out_samples(swr_.get(), n_in);
  if (most < 0) fail(ErrorKind::audio, "cannot decode ", name_, ": ", libav_error(most));
  converted_.resize(static_cast<std::size_t>(most));
  std::uint8_t* out = reinterpret_cast<std::uint8_t*>(converted_.data());
  const int n = libav().swr_convert(
      swr_.get(), &out, most,
      frame != nullptr ? const_cast<const std::uint8_t**>(frame->extended_data) : nullptr, n_in);
  if (n < 0) fail(ErrorKind::audio, "cannot decode ", name_, ": ", libav_error(n));
  for (int i = 0; i < n; ++i) {
    samples.push_back(static_cast<float>(converted_[static_cast<std::size_t>(i)]) / 32768.0f);
  }
}

}  // namespace sotto::audio
