// Language detection and the decoding of a window by the whole CPU engine, against openai/whisper
// with the same seeded weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/isa.h"
#include "base/testing.h"
#include "cpu/decoder.h"
#include "cpu/kernels.h"
#include "engine/encoders.h"
#include "engine/golden_testing.h"
#include "engine/language.h"
#include "engine/search.h"
#include "model/golden_testing.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

using nlohmann::json;
using ::testing::ElementsAreArray;

/// A model with the weights of a golden file, started on its mel window.
class SeededModel {
 public:
  SeededModel(const model::testing::GoldenModel& golden, model::Tokenizer tokenizer)
      : tokenizer(std::move(tokenizer)), pool_(2) {
    const model::Dims& dims = golden.dims;
    std::vector<float> features(static_cast<std::size_t>(dims.n_audio_ctx) *
                                static_cast<std::size_t>(dims.n_audio_state));
    const Isa isa = active_isa();
    constexpr auto kType = model::ComputeType::float32;
    make_encoder(Device::cpu, dims, golden.weights, isa, kType, pool_,
                 std::make_shared<cpu::PackedWeights>())
        ->encode(golden.mel(), features);
    decoder = cpu::make_decoder(dims, golden.weights, isa, kType, pool_);
    decoder->start(features);
  }

  model::Tokenizer tokenizer;
  std::unique_ptr<model::Decoder> decoder;

 private:
  ThreadPool pool_;
};

void check_decoding(SeededModel& model, const json& golden) {
  SCOPED_TRACE(golden.at("name").get<std::string>());
  const model::SpecialTokens& special = model.tokenizer.special();
  InitialTokens initial{.tokens = golden.at("initial_tokens").get<std::vector<int>>()};
  initial.sot_index =
      static_cast<int>(std::ranges::find(initial.tokens, special.sot) - initial.tokens.begin());
  const json& options = golden.at("options");
  const TokenRules rules(model.tokenizer, {},
                         {.without_timestamps = options.at("without_timestamps").get<bool>()});
  DecodingResult result = decode_window(*model.decoder, model.tokenizer, rules, initial);
  EXPECT_NEAR(result.no_speech_prob, golden.at("no_speech_prob").get<double>(), 1e-6);

  const auto tokens = golden.at("tokens").get<std::vector<int>>();
  if (options.at("sample_len") == model.decoder->dims().n_text_ctx / 2) {
    EXPECT_NEAR(result.avg_logprob, golden.at("avg_logprob").get<double>(), 2e-5);
  } else {
    ASSERT_GE(result.tokens.size(), tokens.size());
    result.tokens.resize(tokens.size());  // openai was told to stop there
  }
  EXPECT_THAT(result.tokens, ElementsAreArray(tokens));
}

void check_language(SeededModel& model, const json& golden) {
  const DetectedLanguage detected = detect_language(*model.decoder, model.tokenizer);
  const std::string code(model::languages()[static_cast<std::size_t>(detected.index)].first);
  EXPECT_EQ(code, golden.at("detected").get<std::string>());
  EXPECT_NEAR(detected.probability, golden.at("probabilities").at(code).get<double>(), 1e-6);
}

void run_seeded(const std::string& kind, std::optional<int> n_languages) {
  const model::testing::GoldenModel golden_model("seeded_" + kind + ".json");
  const json& golden = golden_model.json;
  SeededModel model(golden_model, testing::golden_tokenizer(kind, n_languages));
  if (golden.contains("language")) check_language(model, golden.at("language"));
  ASSERT_FALSE(golden.at("decodes").empty());
  for (const json& decoding : golden.at("decodes")) check_decoding(model, decoding);
}

TEST(SeededGolden, English) {
  run_seeded("english", std::nullopt);
}

TEST(SeededGolden, Multilingual) {
  run_seeded("multilingual", 99);
}

}  // namespace
}  // namespace sotto::engine
