// Whisper's tokens: byte-level BPE text tokens, then the special tokens, then the timestamps.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/string_list.h"

namespace sotto::model {

/// <|0.00|>, <|0.02|>, … <|30.00|>
inline constexpr int kTimestampTokens = 1501;

/// Ids of the special tokens (openai/whisper tokenizer.py). `language[i]` belongs to
/// languages()[i].
struct SpecialTokens {
  int eot = 0;  ///< <|endoftext|>
  int sot = 0;  ///< <|startoftranscript|>
  std::vector<int> language;
  int translate = 0;
  int transcribe = 0;
  int sot_lm = 0;
  int sot_prev = 0;
  int no_speech = 0;  ///< <|nospeech|>, written <|nocaptions|> in older files
  int no_timestamps = 0;
  int timestamp_begin = 0;  ///< <|0.00|>; <|t|> is timestamp_begin + t / 0.02 s

  /// Tokens of the whole vocabulary, which ends with the timestamps.
  int n_tokens() const { return timestamp_begin + kTimestampTokens; }
};

/// The languages in the order of their tokens: "en", "zh", … (99; the 100th, "yue", came with
/// large-v3), with their English names.
std::span<const std::pair<std::string_view, std::string_view>> languages();

/// The index in languages() of a code ("de"), a name ("German") or an alias ("castilian"), in any
/// letter case, as openai/whisper's --language accepts them.
std::optional<int> find_language(std::string_view code_or_name);

/// The special tokens in openai/whisper's order, the first being `eot`: text tokens before them,
/// the timestamps last.
SpecialTokens special_tokens_from(int eot, int n_languages);

/// A vocabulary as a file gives it, before it is checked.
struct Vocabulary {
  std::string source;  ///< names the file in errors
  StringList tokens;   ///< id → bytes of the text tokens (GPT-2's byte letters undone)
  /// Pairs in the order of their merging. Absent in ggml and tiktoken vocabularies, where the rank
  /// of a merge is the id of its result.
  std::optional<StringPairs> merges;
  SpecialTokens special;
  bool multilingual = false;
};

/// Immutable; safe to share between threads.
class Tokenizer {
 public:
  /// Throws Error{model} when a byte has no token, tokens are equal, merges do not fit, or the
  /// special tokens are not behind the text tokens with the timestamps last.
  explicit Tokenizer(Vocabulary vocabulary);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Text → text tokens, split by GPT-2's pattern first. Special tokens written in the text are
  /// encoded as ordinary characters. Invalid UTF-8 is replaced by U+FFFD.
  std::vector<int> encode(std::string_view text) const;

  /// The bytes of one text token; empty for special tokens and timestamps.
  std::string_view bytes(int token) const;

  /// Text tokens → text; special tokens and timestamps are left out. Bytes that do not make UTF-8
  /// are replaced by U+FFFD as Python's errors="replace" does.
  std::string decode(std::span<const int> tokens) const;

  const SpecialTokens& special() const;
  bool multilingual() const;
  int n_languages() const;
  int n_text_tokens() const;  ///< text tokens have ids in [0, n_text_tokens)

  /// openai/whisper's tokenizer.non_speech_tokens: brackets, notes and other marks of speech that
  /// was not spoken, sorted.
  std::vector<int> non_speech_tokens() const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace sotto::model
