// The seeded models of testdata/golden, on which openai/whisper's results are known.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/testing.h"
#include "model/encoder.h"
#include "model/testing.h"

namespace sotto::cpu::testing {

struct Golden {
  explicit Golden(const std::string& name) {
    std::ifstream(sotto::testing::source_path("testdata/golden") / name) >> json;
    const auto get = [&](const char* field) { return json["dims"][field].get<int>(); };
    dims = {.n_mels = get("n_mels"),
            .n_audio_ctx = get("n_audio_ctx"),
            .n_audio_state = get("n_audio_state"),
            .n_audio_head = get("n_audio_head"),
            .n_audio_layer = get("n_audio_layer"),
            .n_audio_ffn = get("n_audio_ffn"),
            .n_vocab = get("n_vocab"),
            .n_text_ctx = get("n_text_ctx"),
            .n_text_state = get("n_text_state"),
            .n_text_head = get("n_text_head"),
            .n_text_layer = get("n_text_layer"),
            .n_text_ffn = get("n_text_ffn")};
    weights = model::testing::seeded_weights(dims, json["seed"].get<std::uint64_t>());
    mel_numbers = seeded_mel();
  }

  model::MelWindow mel() const {
    return {.data = mel_numbers.data(),
            .n_mels = dims.n_mels,
            .n_frames = dims.n_mel_frames(),
            .stride = dims.n_mel_frames()};
  }

  nlohmann::json json;
  model::Dims dims;
  model::Weights weights;
  std::vector<float> mel_numbers;

 private:
  /// The window "mel" of testdata/golden/README.md, by the rule of model::testing::seeded_weights
  /// with the seed of the weights, offset 0 and scale 0.5.
  std::vector<float> seeded_mel() const {
    std::uint64_t state = 0xCBF29CE484222325u;
    for (const char c : std::string("mel")) {
      state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    }
    state ^= json["seed"].get<std::uint64_t>() * 0x9E3779B97F4A7C15u;
    std::vector<float> numbers(static_cast<std::size_t>(dims.n_mels) *
                               static_cast<std::size_t>(dims.n_mel_frames()));
    for (float& number : numbers) {
      std::uint64_t z = state += 0x9E3779B97F4A7C15u;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
      z ^= z >> 31;
      number = static_cast<float>(0.5 * (static_cast<double>(z >> 40) * 0x1p-23 - 1));
    }
    return numbers;
  }
};

}  // namespace sotto::cpu::testing
