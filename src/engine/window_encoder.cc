#include "engine/window_encoder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

namespace sotto::engine {
namespace {

Buffer<float> room_for_features(const model::Dims& dims) {
  return Buffer<float>(static_cast<std::size_t>(dims.n_audio_ctx) *
                       static_cast<std::size_t>(dims.n_audio_state));
}

}  // namespace

WindowEncoder::WindowEncoder(model::Encoder& encoder, ThreadPool* pool)
    : encoder_(encoder),
      pool_(pool),
      window_mel_(static_cast<std::size_t>(encoder.dims().n_mels) *
                  static_cast<std::size_t>(encoder.dims().n_mel_frames())),
      features_(room_for_features(encoder.dims())) {}

WindowEncoder::~WindowEncoder() {
  wait();
}

/// One window at a time: the encoder and window_mel_ are there once.
void WindowEncoder::encode(const audio::LogMel& mel, const Window& window,
                           Buffer<float>& features) {
  check_interrupted();
  const int stride = dims().n_mel_frames();
  std::ranges::fill(window_mel_, 0.0f);
  for (int band = 0; band < mel.n_mels; ++band) {
    std::copy_n(mel.row(band) + window.seek, window.frames, window_mel_.data() + band * stride);
  }
  encoder_.encode(
      {.data = window_mel_.data(), .n_mels = mel.n_mels, .n_frames = stride, .stride = stride},
      features.span());
  check_interrupted();
}

void WindowEncoder::start(model::Decoder& decoder, const audio::LogMel& mel, const Window& window) {
  if (std::unique_ptr<Ahead> ready = take(mel, window)) {
    const std::exception_ptr error = std::exchange(ready->error, nullptr);
    if (!error) decoder.start(std::as_const(ready->features).span());
    unused_.push_back(std::move(ready));
    if (error) std::rethrow_exception(error);
    return;
  }
  wait();
  encode(mel, window, features_);
  decoder.start(std::as_const(features_).span());
}

bool WindowEncoder::is_free(std::size_t most) {
  if (pool_ == nullptr || pool_->size() == 1 || ahead_.size() >= most) return false;
  if (encodes_ && pool_->beside_is_done()) wait();
  return !encodes_;
}

void WindowEncoder::begin(std::shared_ptr<const audio::LogMel> mel, const Window& window) {
  SOTTO_CHECK(!encodes_);
  if (unused_.empty()) {
    unused_.push_back(std::make_unique<Ahead>());
    unused_.back()->features = room_for_features(dims());
  }
  ahead_.push_back(std::move(unused_.back()));
  unused_.pop_back();
  Ahead& it = *ahead_.back();
  it.mel = std::move(mel);
  it.window = window;
  encodes_ = true;
  pool_->start_beside([this, &it] {
    try {
      encode(*it.mel, it.window, it.features);
    } catch (...) {
      it.error = std::current_exception();
    }
  });
}

/// For the window that is being encoded, if there is one.
void WindowEncoder::wait() {
  if (std::exchange(encodes_, false)) pool_->finish_beside();
}

/// The window, when it was encoded ahead.
std::unique_ptr<WindowEncoder::Ahead> WindowEncoder::take(const audio::LogMel& mel,
                                                          const Window& window) {
  const auto it = std::ranges::find_if(
      ahead_, [&](const auto& a) { return a->mel.get() == &mel && a->window == window; });
  if (it == ahead_.end()) return nullptr;
  if (std::next(it) == ahead_.end()) wait();
  std::unique_ptr<Ahead> taken = std::move(*it);
  ahead_.erase(it);
  taken->mel.reset();
  return taken;
}

void WindowEncoder::forget(const audio::LogMel& mel, const Window& window) {
  std::unique_ptr<Ahead> taken = take(mel, window);
  if (!taken) return;
  taken->error = nullptr;
  unused_.push_back(std::move(taken));
}

void WindowEncoder::forget_all() {
  wait();
  ahead_.clear();
}

}  // namespace sotto::engine
