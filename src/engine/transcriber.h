// Whole recordings to text: openai/whisper's sliding window (transcribe.py), for one recording or
// for several whose windows are decoded together.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "engine/transcription.h"

namespace sotto::engine {

/// One of several recordings, and what is to be called for it, in the thread that transcribes.
struct Recording {
  std::vector<float> samples;  ///< 16 kHz mono in [-1, 1)
  TranscribeEvents events{};
  std::function<void(Result)> on_result;
  /// The recording cannot be transcribed, because of an Error or for want of memory; the others
  /// can.
  std::function<void(std::exception_ptr)> on_error;
};

/// Borrows tokenizer, encoder, decoder and pool, which must outlive it.
class Transcriber {
 public:
  /// `isa` and `pool` compute the spectrogram; the pool, which may be null, is the one that encoder
  /// and decoder compute in. Throws Error{model} when
  /// encoder, decoder and tokenizer do not belong together.
  Transcriber(const model::Tokenizer& tokenizer, model::GenerationConfig generation,
              model::Encoder& encoder, model::Decoder& decoder, Isa isa, ThreadPool* pool);

  /// `samples`: 16 kHz mono in [-1, 1). Less than 160 of them are an empty result. An English-only
  /// model writes English whatever language is asked for. Throws Error{usage} for a language that
  /// the model does not know, Error{model} and Error{interrupted}.
  Result transcribe(std::span<const float> samples, const TranscribeOptions& options,
                    const TranscribeEvents& events = {});

  /// Transcribes what `next` gives until it gives nothing, up to `batch_size` windows at a time:
  /// of as many recordings, or of their pieces when they are cut at pauses. Results and segments
  /// are those of one recording after the other, to the bit; only the order in which recordings
  /// become ready differs. Throws Error{usage}, Error{interrupted} and what callbacks throw.
  void transcribe_together(const std::function<std::optional<Recording>()>& next,
                           const TranscribeOptions& options, int batch_size);

 private:
  const model::Tokenizer& tokenizer_;
  model::GenerationConfig generation_;
  WindowEncoder encoder_;
  model::Decoder& decoder_;
  Isa isa_;
  ThreadPool* pool_;
};

}  // namespace sotto::engine
