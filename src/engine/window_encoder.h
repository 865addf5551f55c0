// Encodes windows of spectrograms: when they are asked for, or ahead of that, beside what the
// decoder does in the meantime.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "audio/mel.h"
#include "base/buffer.h"
#include "base/thread_pool.h"
#include "engine/segments.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/encoder.h"

namespace sotto::engine {

class WindowEncoder {
 public:
  /// `encoder` must outlive it, and so must `pool`, which is where the encoder computes; null or of
  /// one thread: nothing is encoded ahead.
  WindowEncoder(model::Encoder& encoder, ThreadPool* pool);
  ~WindowEncoder();
  WindowEncoder(const WindowEncoder&) = delete;
  WindowEncoder& operator=(const WindowEncoder&) = delete;

  const model::Dims& dims() const { return encoder_.dims(); }

  /// Starts `decoder` on the window, filled up with zeros: the features are those that were encoded
  /// ahead, or encoded now. Throws Error{interrupted}, and what the encoder throws.
  void start(model::Decoder& decoder, const audio::LogMel& mel, const Window& window);

  /// Whether begin() may be called: no window is being encoded, and less than `most` wait for
  /// start().
  bool is_free(std::size_t most);
  /// Begins to encode a window that will be asked for, on one of the pool's threads.
  void begin(std::shared_ptr<const audio::LogMel> mel, const Window& window);
  /// Until no window is being encoded.
  void wait();
  /// The window will not be asked for after all, if it has not been yet.
  void forget(const audio::LogMel& mel, const Window& window);
  void forget_all();

 private:
  /// A window that is being encoded, or was.
  struct Ahead {
    std::shared_ptr<const audio::LogMel> mel;
    Window window{};
    Buffer<float> features;
    std::exception_ptr error;
  };

  void encode(const audio::LogMel& mel, const Window& window, Buffer<float>& features);
  std::unique_ptr<Ahead> take(const audio::LogMel& mel, const Window& window);

  model::Encoder& encoder_;
  ThreadPool* pool_;
  Buffer<float> window_mel_;  // n_mels × n_mel_frames
  Buffer<float> features_;    // n_audio_ctx × n_audio_state
  std::vector<std::unique_ptr<Ahead>> ahead_;
  std::vector<std::unique_ptr<Ahead>> unused_;  // whose memory is used again
  bool encodes_ = false;                        // the last of ahead_, on another thread
};

}  // namespace sotto::engine
