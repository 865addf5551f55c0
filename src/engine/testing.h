// A made-up model for the tests of this folder: a small vocabulary, an encoder that only looks at
// its input, and a decoder whose logits are written down beforehand.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/tokenizer.h"

namespace sotto::engine::testing {

/// The bytes 0 … 255, then the pieces below. Ids: kWord = " a", kWord + 1 = " b", …
inline constexpr int kWord = 256;

inline model::Tokenizer make_tokenizer(bool multilingual, int n_languages = 99) {
  model::Vocabulary vocabulary;
  vocabulary.source = "the tests' vocabulary";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(std::string(1, static_cast<char>(byte)));
  }
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    vocabulary.tokens.push_back(std::string(" ") + letter);
  }
  vocabulary.special = model::special_tokens_from(static_cast<int>(vocabulary.tokens.size()),
                                                  multilingual ? n_languages : 99);
  vocabulary.multilingual = multilingual;
  return model::Tokenizer(std::move(vocabulary));
}

inline model::Dims make_dims(const model::Tokenizer& tokenizer) {
  model::Dims dims;
  dims.n_mels = 80;
  dims.n_audio_ctx = 1500;
  dims.n_audio_state = 4;
  dims.n_text_ctx = 448;
  dims.n_vocab = tokenizer.special().n_tokens();
  return dims;
}

/// Remembers the mean of each window it is given.
class FakeEncoder final : public model::Encoder {
 public:
  explicit FakeEncoder(const model::Dims& dims) : dims_(dims) {}

  void encode(const model::MelWindow& mel, std::span<float> features) override {
    SOTTO_CHECK(mel.n_mels == dims_.n_mels && mel.n_frames == dims_.n_mel_frames());
    SOTTO_CHECK(features.size() == static_cast<std::size_t>(dims_.n_audio_ctx) *
                                       static_cast<std::size_t>(dims_.n_audio_state));
    double sum = 0;
    for (int band = 0; band < mel.n_mels; ++band) {
      sum = std::accumulate(mel.data + band * mel.stride,
                            mel.data + band * mel.stride + mel.n_frames, sum);
    }
    means.push_back(sum / mel.n_mels / mel.n_frames);
  }
  const model::Dims& dims() const override { return dims_; }

  std::vector<double> means;

 private:
  model::Dims dims_;
};

/// Logits that differ from 0.
using Logits = std::vector<std::pair<int, float>>;

struct ScriptedWindow {
  float no_speech_logit = 0;
  std::vector<Logits> steps;  ///< after the last step: the end of the text
};

/// Plays `windows`, one for each decoding; testdata/golden/README.md defines the rule.
class ScriptedDecoder final : public model::Decoder {
 public:
  ScriptedDecoder(const model::Dims& dims, model::SpecialTokens special, int sot_length,
                  std::vector<ScriptedWindow> windows, Logits language_logits = {})
      : dims_(dims),
        special_(std::move(special)),
        sot_length_(sot_length),
        windows_(std::move(windows)),
        language_logits_(std::move(language_logits)) {}

  /// Not for scripts, which are played in the order of decodings.
  std::unique_ptr<model::Decoder> new_sequence() const override { SOTTO_CHECK(false); }
  void start(std::span<const float>) override { tokens_.clear(); }
  void continue_from(const model::Decoder&) override { SOTTO_CHECK(false); }
  void rewind() override { tokens_.clear(); }

  std::span<const float> append(std::span<const int> tokens, int n_rows) override {
    SOTTO_CHECK(!tokens.empty() && n_rows >= 1 && n_rows <= static_cast<int>(tokens.size()));
    SOTTO_CHECK(tokens_.size() + tokens.size() <= static_cast<std::size_t>(dims_.n_text_ctx));
    if (tokens_.empty()) initial_tokens.emplace_back(tokens.begin(), tokens.end());
    const auto n_vocab = static_cast<std::size_t>(dims_.n_vocab);
    rows_.assign(static_cast<std::size_t>(n_rows) * n_vocab, 0.0f);
    auto row = std::span(rows_);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens_.push_back(tokens[i]);
      const bool wanted = tokens.size() - i <= static_cast<std::size_t>(n_rows);
      write_row(wanted ? row.first(n_vocab) : std::span<float>());
      if (wanted) row = row.subspan(n_vocab);
    }
    return rows_;
  }
  int size() const override { return static_cast<int>(tokens_.size()); }
  const model::Dims& dims() const override { return dims_; }

  std::vector<std::vector<int>> initial_tokens;  ///< what each sequence began with

 private:
  /// Writes the row at the last token into zeros; an empty `row` only counts.
  void write_row(std::span<float> row) {
    const auto set = [row](const Logits& logits) {
      if (row.empty()) return;
      for (const auto& [token, logit] : logits) row[static_cast<std::size_t>(token)] = logit;
    };
    const auto sot = std::find(tokens_.begin(), tokens_.end(), special_.sot);
    if (sot == tokens_.end()) return;
    const int from_sot = static_cast<int>(tokens_.end() - sot) - 1;
    const int step = from_sot - (sot_length_ - 1);
    const std::size_t window = step > 0 ? decodings_ - 1 : decodings_;
    if (step == 0) ++decodings_;
    const ScriptedWindow script = window < windows_.size() ? windows_[window] : ScriptedWindow{};
    if (step >= static_cast<int>(script.steps.size())) {
      set({{special_.eot, 20.0f}});
    } else if (step >= 0) {
      set(script.steps[static_cast<std::size_t>(step)]);
    }
    if (from_sot == 0) {
      set({{special_.no_speech, script.no_speech_logit}});
      set(language_logits_);
    }
  }

  model::Dims dims_;
  model::SpecialTokens special_;
  int sot_length_;
  std::vector<ScriptedWindow> windows_;
  Logits language_logits_;
  std::size_t decodings_ = 0;
  std::vector<int> tokens_;
  std::vector<float> rows_;
};

}  // namespace sotto::engine::testing
