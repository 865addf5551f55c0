#include "engine/transcriber.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "engine/search.h"
#include "engine/text.h"

namespace sotto::engine {
namespace {

/// The tokens so far, and how far back the next window may look.
class History {
 public:
  History(const model::Tokenizer& tokenizer, const std::optional<std::string>& initial_prompt) {
    if (!initial_prompt) return;
    tokens_ = tokenizer.encode(concat(" ", strip(*initial_prompt)));
    n_initial_ = tokens_.size();
  }

  void add(const Segment& segment) {
    tokens_.insert(tokens_.end(), segment.tokens.begin(), segment.tokens.end());
  }
  void forget() { forgotten_ = tokens_.size(); }

  std::span<const int> prompt() const { return std::span(tokens_).subspan(forgotten_); }
  std::span<const int> transcribed() const { return std::span(tokens_).subspan(n_initial_); }

 private:
  std::vector<int> tokens_;
  std::size_t n_initial_ = 0;
  std::size_t forgotten_ = 0;
};

bool is_silence(const DecodingResult& decoded, const TranscribeOptions& options) {
  if (!options.no_speech_threshold) return false;
  const bool sure_of_text =
      options.logprob_threshold && decoded.avg_logprob > *options.logprob_threshold;
  return decoded.no_speech_prob > *options.no_speech_threshold && !sure_of_text;
}

template <typename... Args>
void notify(const std::function<void(Args...)>& event, const std::type_identity_t<Args>&... args) {
  if (event) event(args...);
}

}  // namespace

Transcriber::Transcriber(const model::Tokenizer& tokenizer, model::GenerationConfig generation,
                         model::Encoder& encoder, model::Decoder& decoder, Isa isa,
                         ThreadPool* pool)
    : tokenizer_(tokenizer),
      generation_(std::move(generation)),
      encoder_(encoder),
      decoder_(decoder),
      isa_(isa),
      pool_(pool),
      window_mel_(static_cast<std::size_t>(encoder.dims().n_mels) *
                  static_cast<std::size_t>(encoder.dims().n_mel_frames())),
      features_(static_cast<std::size_t>(encoder.dims().n_audio_ctx) *
                static_cast<std::size_t>(encoder.dims().n_audio_state)) {
  const int n_vocab = decoder.dims().n_vocab;
  if (tokenizer.special().n_tokens() > n_vocab) {
    fail(ErrorKind::model, "the model knows ", n_vocab, " tokens, and its tokenizer ",
         tokenizer.special().n_tokens(), ": they do not belong together");
  }
}

Result Transcriber::transcribe(std::span<const float> samples, const TranscribeOptions& options,
                               const TranscribeEvents& events) {
  const int window_frames = encoder_.dims().n_mel_frames();
  const audio::LogMel mel = audio::log_mel_spectrogram(
      samples, static_cast<std::size_t>(window_frames) * audio::kHopLength, encoder_.dims().n_mels,
      isa_, pool_);
  const int content_frames = static_cast<int>(mel.n_frames) - window_frames;
  encoded_.reset();

  const int language = choose_language(mel, options, events);
  const std::vector<int> sot = sot_sequence(language, options);
  const TokenRules rules(tokenizer_, generation_, options.rules);
  History history(tokenizer_, options.initial_prompt);
  Result result;
  result.language = model::languages()[static_cast<std::size_t>(language)].first;

  int seek = 0;
  while (seek < content_frames) {
    const Window window{.seek = seek, .frames = std::min(window_frames, content_frames - seek)};
    encode_window(mel, window);
    const InitialTokens initial = make_initial_tokens(tokenizer_.special(), history.prompt(), sot,
                                                      decoder_.dims().n_text_ctx);
    const DecodingResult decoded = decode_window(decoder_, tokenizer_, rules, initial);
    if (is_silence(decoded, options)) {
      seek += window.frames;
    } else {
      WindowSegments cut = cut_into_segments(window, decoded, tokenizer_);
      for (Segment& segment : cut.segments) {
        segment.id = static_cast<int>(result.segments.size());
        notify(events.on_segment, segment);
        clear_if_blank(segment);
        history.add(segment);
        result.segments.push_back(std::move(segment));
      }
      if (!options.condition_on_previous_text) history.forget();
      seek = cut.next_seek;
    }
    notify(events.on_progress, std::min(seek, content_frames), content_frames);
  }
  result.text = decode_with_specials(tokenizer_, history.transcribed());
  return result;
}

int Transcriber::choose_language(const audio::LogMel& mel, const TranscribeOptions& options,
                                 const TranscribeEvents& events) {
  constexpr int kEnglish = 0;
  if (!tokenizer_.multilingual()) return kEnglish;
  if (options.language) {
    if (*options.language >= tokenizer_.n_languages()) {
      fail(ErrorKind::usage, "the model does not know the language ",
           model::languages()[static_cast<std::size_t>(*options.language)].second,
           ": it knows the first ", tokenizer_.n_languages(), " of Whisper's languages");
    }
    return *options.language;
  }
  // Unlike a window of the loop, this one is not cut at the end of the recording: what follows is
  // the spectrogram of silence, as upstream has it.
  encode_window(mel, {.seek = 0, .frames = encoder_.dims().n_mel_frames()});
  const DetectedLanguage detected = detect_language(decoder_, tokenizer_);
  notify(events.on_language, detected);
  return detected.index;
}

/// <|startoftranscript|>, and for a multilingual model the language and the task.
std::vector<int> Transcriber::sot_sequence(int language, const TranscribeOptions& options) const {
  const model::SpecialTokens& special = tokenizer_.special();
  std::vector<int> sequence = {special.sot};
  if (tokenizer_.multilingual()) {
    sequence.push_back(special.language[static_cast<std::size_t>(language)]);
    sequence.push_back(options.task == Task::translate ? special.translate : special.transcribe);
  }
  if (options.rules.without_timestamps) sequence.push_back(special.no_timestamps);
  return sequence;
}

/// Encodes the window, filled up with zeros, and hands it to the decoder, unless the decoder has
/// it: the language is detected on the first window of a recording that is long enough to fill it.
void Transcriber::encode_window(const audio::LogMel& mel, const Window& window) {
  if (encoded_ == window) return;
  check_interrupted();
  const model::Dims& dims = encoder_.dims();
  const int stride = dims.n_mel_frames();
  std::ranges::fill(window_mel_, 0.0f);
  for (int band = 0; band < mel.n_mels; ++band) {
    std::copy_n(mel.row(band) + window.seek, window.frames, window_mel_.data() + band * stride);
  }
  encoder_.encode(
      {.data = window_mel_.data(), .n_mels = mel.n_mels, .n_frames = stride, .stride = stride},
      {features_.data(), features_.size()});
  check_interrupted();
  decoder_.start({features_.data(), features_.size()});
  encoded_ = window;
}

}  // namespace sotto::engine
