// The real encoder of Whisper-base and the window that it is tested on, from data that the project
// does not ship.
#pragma once

#include <cstddef>
#include <filesystem>

#include "audio/decode.h"
#include "audio/mel.h"
#include "base/isa.h"
#include "base/testing.h"
#include "model/config.h"
#include "model/encoder.h"
#include "model/huggingface.h"

namespace sotto::cpu::testing {

/// Loaded when made; SOTTO_NEEDS_FILE(model_path()) and SOTTO_NEEDS_FILE(audio_path()) come first.
struct WhisperBase {
  static constexpr model::Dims kDims = {.n_mels = 80,
                                        .n_audio_ctx = 1500,
                                        .n_audio_state = 512,
                                        .n_audio_head = 8,
                                        .n_audio_layer = 6,
                                        .n_audio_ffn = 2048};

  static std::filesystem::path model_path() {
    return sotto::testing::external_data("whisper-base-encoder-f16.safetensors");
  }
  static std::filesystem::path audio_path() {
    return sotto::testing::external_data("audio/jfk.wav");
  }

  explicit WhisperBase(ThreadPool& pool)
      : weights(model::read_hugging_face_weights({model_path()}, "Whisper base")) {
    const audio::Audio audio = audio::decode_file(audio_path());
    mel = audio::log_mel_spectrogram(audio.samples, audio::kWindowSamples - audio.samples.size(),
                                     kDims.n_mels, detect_isa(), &pool);
  }

  /// The recording, filled up with silence to 30 s.
  model::MelWindow window() const {
    return {.data = mel.data.data(),
            .n_mels = kDims.n_mels,
            .n_frames = kDims.n_mel_frames(),
            .stride = static_cast<std::ptrdiff_t>(mel.n_frames)};
  }

  model::Weights weights;
  audio::LogMel mel;
};

}  // namespace sotto::cpu::testing
