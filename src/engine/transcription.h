// A stretch of a recording to text, window by window (transcribe.py): what is to be decoded next,
// and what was found. Who steps the search of the window is left to the caller, so that the windows
// of several recordings can take their steps together.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/mel.h"
#include "engine/language.h"
#include "engine/result.h"
#include "engine/rules.h"
#include "engine/search.h"
#include "engine/segments.h"
#include "engine/window_encoder.h"
#include "model/config.h"
#include "model/decoder.h"
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
  /// openai's loop begins a window where the text of the one before it ends. With this, recordings
  /// are cut at pauses beforehand (cuts.h), and each piece is transcribed as if it stood alone.
  bool cut_at_pauses = false;
};

/// Called while a transcription runs, in its thread; any may be empty. What they throw ends it.
struct TranscribeEvents {
  std::function<void(const DetectedLanguage&)> on_language;
  /// Each segment in its turn, before blank ones are cleared.
  std::function<void(const Segment&)> on_segment;
  /// Frames of 10 ms that are done, of all.
  std::function<void(int done, int all)> on_progress;
};

/// The tokens so far, and how far back the next window may look.
class History {
 public:
  History(const model::Tokenizer& tokenizer, const std::optional<std::string>& initial_prompt);

  void add(const Segment& segment);
  void forget() { forgotten_ = tokens_.size(); }

  std::span<const int> prompt() const { return std::span(tokens_).subspan(forgotten_); }
  std::span<const int> transcribed() const { return std::span(tokens_).subspan(n_initial_); }

 private:
  std::vector<int> tokens_;
  std::size_t n_initial_ = 0;
  std::size_t forgotten_ = 0;
};

class Transcription {
 public:
  /// Borrows all it is given. `stretch` is what to transcribe of `mel`, which ends in silence of a
  /// window's length. Chooses the language, which may encode a window. Throws Error{usage} for a
  /// language that the model does not know, Error{model} and Error{interrupted}.
  Transcription(const model::Tokenizer& tokenizer, const model::GenerationConfig& generation,
                WindowEncoder& encoder, model::Decoder& sequence, const audio::LogMel& mel,
                Window stretch, const TranscribeOptions& options, const TranscribeEvents& events);
  Transcription(const Transcription&) = delete;
  Transcription& operator=(const Transcription&) = delete;

  int language() const { return language_; }

  /// Encodes the next window and begins to search it; false when there is none.
  bool begin_window();
  /// The search of the window; when it is done, end_window() follows.
  WindowSearch& search() { return *search_; }
  void end_window();

  /// After the last window.
  Result take_result();

 private:
  int choose_language(const TranscribeEvents& events);
  std::vector<int> sot_sequence() const;
  void encode(const Window& window);

  const model::Tokenizer& tokenizer_;
  WindowEncoder& encoder_;
  model::Decoder& sequence_;
  const audio::LogMel& mel_;
  const TranscribeOptions& options_;
  const TranscribeEvents& events_;
  TokenRules rules_;
  History history_;
  std::optional<Window> encoded_;  // what the sequence was last started with
  int seek_;
  int begin_;
  int end_;
  int language_;
  Window window_{};
  std::optional<WindowSearch> search_;
  Result result_;
};

}  // namespace sotto::engine
