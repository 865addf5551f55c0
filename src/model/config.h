// The sizes of a Whisper model, as its file states them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::model {

/// The names follow openai/whisper's ModelDimensions; the feed-forward widths are added because
/// Hugging Face files state them (openai's models always use 4 × state).
struct Dims {
  int n_mels = 0;         ///< mel bands: 80, or 128 for large-v3 and turbo
  int n_audio_ctx = 0;    ///< encoder positions: 1500 (30 s; one position is 20 ms)
  int n_audio_state = 0;  ///< encoder width D
  int n_audio_head = 0;
  int n_audio_layer = 0;
  int n_audio_ffn = 0;
  int n_vocab = 0;     ///< rows of the embedding: the tokens, then padding that stands for none
  int n_text_ctx = 0;  ///< decoder positions: 448
  int n_text_state = 0;
  int n_text_head = 0;
  int n_text_layer = 0;
  int n_text_ffn = 0;

  bool operator==(const Dims&) const = default;

  /// Mel frames of one window: two per encoder position (3000 for 30 s; one frame is 10 ms).
  int n_mel_frames() const { return 2 * n_audio_ctx; }
};

/// Throws Error{model} that names `source`, the field, its value and the accepted range when a size
/// is not one a Whisper model can have. Called before anything is allocated from these sizes.
void check_dims(const Dims& dims, const std::string& source);

/// Tokens of the released English-only models; the multilingual ones have one or two more.
inline constexpr int kEnglishVocab = 51864;

/// openai/whisper's rule, for formats that do not say it: more tokens than kEnglishVocab.
bool is_multilingual(int n_tokens);

/// "tiny", "tiny.en", …, "large-v3", "turbo", "distil-large-v2", …; empty for a size of its own.
/// Models of equal sizes share a name: "large-v1/v2", "distil-large-v3/v3.5".
std::string size_name(const Dims& dims);

/// The sizes of the released model of that name; nothing for a name that size_name() never gives.
std::optional<Dims> released_dims(std::string_view name);

/// The names that released_dims() knows.
std::vector<std::string_view> released_names();

/// What a Hugging Face generation_config.json adds to the sizes. A field that is absent there, or
/// the whole of it for formats without one, leaves openai/whisper's own rule in force.
struct GenerationConfig {
  std::optional<std::vector<int>> suppress_tokens{};        ///< never sampled
  std::optional<std::vector<int>> begin_suppress_tokens{};  ///< not sampled as the first token
  std::optional<int> max_initial_timestamp_index{};         ///< openai: 50, that is 1.00 s
};

}  // namespace sotto::model
