// A whole recording to text: openai/whisper's sliding window (transcribe.py).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/mel.h"
#include "base/buffer.h"
#include "base/isa.h"
#include "base/thread_pool.h"
#include "engine/language.h"
#include "engine/result.h"
#include "engine/rules.h"
#include "engine/segments.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/tokenizer.h"

namespace sotto::engine {

enum class Task { transcribe, translate };

/// How to transcribe; the defaults are openai's.
struct TranscribeOptions {
  Task task = Task::transcribe;
  std::optional<int> language{};                ///< index in model::languages(); absent: detected
  std::optional<std::string> initial_prompt{};  ///< text that the first window follows
  bool condition_on_previous_text = true;
  /// A window is skipped as silence when the probability of <|nospeech|> is above the one and the
  /// average log-probability of its tokens is not above the other.
  std::optional<double> no_speech_threshold = 0.6;
  std::optional<double> logprob_threshold = -1.0;
  RuleOptions rules{};
};

/// Called while a transcription runs, in its thread; any may be empty. What they throw ends it.
struct TranscribeEvents {
  std::function<void(const DetectedLanguage&)> on_language;
  /// Each segment in its turn, before blank ones are cleared.
  std::function<void(const Segment&)> on_segment;
  /// Frames of 10 ms that are done, of all.
  std::function<void(int done, int all)> on_progress;
};

/// Borrows tokenizer, encoder, decoder and pool, which must outlive it. Transcribes one recording
/// at a time.
class Transcriber {
 public:
  /// `isa` and `pool` compute the spectrogram; the pool may be null. Throws Error{model} when
  /// encoder, decoder and tokenizer do not belong together.
  Transcriber(const model::Tokenizer& tokenizer, model::GenerationConfig generation,
              model::Encoder& encoder, model::Decoder& decoder, Isa isa, ThreadPool* pool);

  /// `samples`: 16 kHz mono in [-1, 1). Less than 160 of them are an empty result. An English-only
  /// model writes English whatever language is asked for. Throws Error{usage} for a language that
  /// the model does not know, Error{model} and Error{interrupted}.
  Result transcribe(std::span<const float> samples, const TranscribeOptions& options,
                    const TranscribeEvents& events = {});

 private:
  int choose_language(const audio::LogMel& mel, const TranscribeOptions& options,
                      const TranscribeEvents& events);
  std::vector<int> sot_sequence(int language, const TranscribeOptions& options) const;
  void encode_window(const audio::LogMel& mel, const Window& window);

  const model::Tokenizer& tokenizer_;
  model::GenerationConfig generation_;
  model::Encoder& encoder_;
  model::Decoder& decoder_;
  Isa isa_;
  ThreadPool* pool_;
  std::optional<Window> encoded_;  // of this recording: what the decoder was last started with
  Buffer<float> window_mel_;       // n_mels × n_mel_frames
  Buffer<float> features_;         // n_audio_ctx × n_audio_state
};

}  // namespace sotto::engine
