// The seeded models and vocabularies of testdata/golden, on which openai/whisper's results are
// known.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/testing.h"
#include "model/encoder.h"
#include "model/testing.h"

namespace sotto::model::testing {

/// Of openai's vocabulary, the tokens that the golden data need. `kind`: english or multilingual.
inline Vocabulary golden_vocabulary(const std::string& kind, std::optional<int> n_languages) {
  return tiktoken_vocabulary(
      sotto::testing::source_path("testdata/golden/vocabulary_" + kind + ".tiktoken"), n_languages);
}

/// One file of testdata/golden, for example "seeded_english.json"; its README says what is in it.
struct GoldenModel {
  explicit GoldenModel(const std::string& file)
      : json(nlohmann::json::parse(
            read_text_file(sotto::testing::source_path("testdata/golden/" + file)))) {
    const nlohmann::json& sizes = json.at("dims");
    dims = {.n_mels = sizes.at("n_mels"),
            .n_audio_ctx = sizes.at("n_audio_ctx"),
            .n_audio_state = sizes.at("n_audio_state"),
            .n_audio_head = sizes.at("n_audio_head"),
            .n_audio_layer = sizes.at("n_audio_layer"),
            .n_audio_ffn = sizes.at("n_audio_ffn"),
            .n_vocab = sizes.at("n_vocab"),
            .n_text_ctx = sizes.at("n_text_ctx"),
            .n_text_state = sizes.at("n_text_state"),
            .n_text_head = sizes.at("n_text_head"),
            .n_text_layer = sizes.at("n_text_layer"),
            .n_text_ffn = sizes.at("n_text_ffn")};
    const std::uint64_t seed = json.at("seed");
    weights = seeded_weights(dims, seed);
    mel_numbers = seeded_numbers(
        "mel", seed,
        static_cast<std::size_t>(dims.n_mels) * static_cast<std::size_t>(dims.n_mel_frames()), 0.0,
        0.5);
  }

  MelWindow mel() const {
    return {.data = mel_numbers.data(),
            .n_mels = dims.n_mels,
            .n_frames = dims.n_mel_frames(),
            .stride = dims.n_mel_frames()};
  }

  nlohmann::json json;
  Dims dims;
  Weights weights;
  std::vector<float> mel_numbers;
};

}  // namespace sotto::model::testing
