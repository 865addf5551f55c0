#include "engine/transcription.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "engine/text.h"

namespace sotto::engine {
namespace {

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

History::History(const model::Tokenizer& tokenizer,
                 const std::optional<std::string>& initial_prompt) {
  if (!initial_prompt) return;
  tokens_ = tokenizer.encode(concat(" ", strip(*initial_prompt)));
  n_initial_ = tokens_.size();
}

void History::add(const Segment& segment) {
  tokens_.insert(tokens_.end(), segment.tokens.begin(), segment.tokens.end());
}

Transcription::Transcription(const model::Tokenizer& tokenizer,
                             const model::GenerationConfig& generation, WindowEncoder& encoder,
                             model::Decoder& sequence, const audio::LogMel& mel, Window stretch,
                             const TranscribeOptions& options, const TranscribeEvents& events)
    : tokenizer_(tokenizer),
      encoder_(encoder),
      sequence_(sequence),
      mel_(mel),
      options_(options),
      events_(events),
      rules_(tokenizer, generation, options.rules),
      history_(tokenizer, options.initial_prompt),
      seek_(stretch.seek),
      begin_(stretch.seek),
      end_(stretch.seek + stretch.frames),
      language_(choose_language(events)) {
  result_.language = model::languages()[static_cast<std::size_t>(language_)].first;
}

int Transcription::choose_language(const TranscribeEvents& events) {
  constexpr int kEnglish = 0;
  if (!tokenizer_.multilingual()) return kEnglish;
  if (options_.language) {
    if (*options_.language >= tokenizer_.n_languages()) {
      fail(ErrorKind::usage, "the model does not know the language ",
           model::languages()[static_cast<std::size_t>(*options_.language)].second,
           ": it knows the first ", tokenizer_.n_languages(), " of Whisper's languages");
    }
    return *options_.language;
  }
  // Unlike a window of the loop, this one is not cut at the end of the recording: what follows is
  // the spectrogram of silence, as upstream has it.
  encode({.seek = begin_, .frames = encoder_.dims().n_mel_frames()});
  const DetectedLanguage detected = detect_language(sequence_, tokenizer_);
  notify(events.on_language, detected);
  return detected.index;
}

/// <|startoftranscript|>, and for a multilingual model the language and the task.
std::vector<int> Transcription::sot_sequence() const {
  const model::SpecialTokens& special = tokenizer_.special();
  std::vector<int> sequence = {special.sot};
  if (tokenizer_.multilingual()) {
    sequence.push_back(special.language[static_cast<std::size_t>(language_)]);
    sequence.push_back(options_.task == Task::translate ? special.translate : special.transcribe);
  }
  if (options_.rules.without_timestamps) sequence.push_back(special.no_timestamps);
  return sequence;
}

/// Unless the sequence has it: the language is detected on the first window of a recording that is
/// long enough to fill it.
void Transcription::encode(const Window& window) {
  if (encoded_ == window) return;
  encoder_.start(sequence_, mel_, window);
  encoded_ = window;
}

bool Transcription::begin_window() {
  if (seek_ >= end_) return false;
  window_ = {.seek = seek_, .frames = std::min(encoder_.dims().n_mel_frames(), end_ - seek_)};
  encode(window_);
  search_.emplace(sequence_, tokenizer_, rules_,
                  make_initial_tokens(tokenizer_.special(), history_.prompt(), sot_sequence(),
                                      sequence_.dims().n_text_ctx));
  return true;
}

void Transcription::end_window() {
  const DecodingResult decoded = search_->result();
  if (is_silence(decoded, options_)) {
    seek_ += window_.frames;
  } else {
    WindowSegments cut = cut_into_segments(window_, decoded, tokenizer_);
    for (Segment& segment : cut.segments) {
      segment.id = static_cast<int>(result_.segments.size());
      notify(events_.on_segment, segment);
      clear_if_blank(segment);
      history_.add(segment);
      result_.segments.push_back(std::move(segment));
    }
    if (!options_.condition_on_previous_text) history_.forget();
    seek_ = cut.next_seek;
  }
  notify(events_.on_progress, std::min(seek_, end_) - begin_, end_ - begin_);
}

Result Transcription::take_result() {
  result_.text = decode_with_specials(tokenizer_, history_.transcribed());
  return std::move(result_);
}

}  // namespace sotto::engine
