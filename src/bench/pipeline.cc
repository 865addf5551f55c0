#include "bench/pipeline.h"

#include "audio/mel.h"
#include "base/error.h"
#include "base/stopwatch.h"

namespace sotto::bench {

Pipeline::Pipeline(Subject& subject, Isa isa, ThreadPool& pool, int n_windows)
    : subject_(subject),
      isa_(isa),
      pool_(pool),
      batch_(*subject.decoder, n_windows),
      features_(static_cast<std::size_t>(subject.dims.n_audio_ctx) *
                static_cast<std::size_t>(subject.dims.n_audio_state)),
      encoder_(*subject.encoder, &pool) {}

double Pipeline::encode(std::span<const float> samples, std::size_t padding) {
  const int n_frames = subject_.dims.n_mel_frames();
  const audio::LogMel mel =
      audio::log_mel_spectrogram(samples, padding, subject_.dims.n_mels, isa_, &pool_);
  SOTTO_CHECK(mel.n_frames >= static_cast<std::size_t>(n_frames));
  const Stopwatch stopwatch;
  subject_.encoder->encode({.data = mel.data.data(),
                            .n_mels = mel.n_mels,
                            .n_frames = n_frames,
                            .stride = static_cast<std::ptrdiff_t>(mel.n_frames)},
                           features_);
  return stopwatch.seconds();
}

void Pipeline::run(std::span<const float> samples, std::size_t padding, int n_tokens) {
  for (int i = 0; i < batch_.size(); ++i) {
    encode(samples, padding);
    batch_.start(i, features_);
  }
  batch_.prompt();
  for (int token = 0; token < n_tokens; ++token) batch_.step();
}

void Pipeline::run_on(std::span<const float> samples, int n_tokens) {
  const auto most = static_cast<std::size_t>(batch_.size());
  const auto hear = [&] {
    return std::make_shared<const audio::LogMel>(
        audio::log_mel_spectrogram(samples, 0, subject_.dims.n_mels, isa_, &pool_));
  };
  const engine::Window window = {.seek = 0, .frames = subject_.dims.n_mel_frames()};
  for (int i = 0; i < batch_.size(); ++i) {
    if (ahead_.empty()) ahead_.push_back(hear());
    encoder_.start(batch_.sequence(i), *ahead_.front(), window);
    ahead_.pop_front();
  }
  batch_.prompt();
  for (int token = 0; token < n_tokens; ++token) {
    if (ahead_.size() < most && encoder_.is_free(most)) {
      ahead_.push_back(hear());
      encoder_.begin(ahead_.back(), window);
    }
    batch_.step();
  }
}

}  // namespace sotto::bench
