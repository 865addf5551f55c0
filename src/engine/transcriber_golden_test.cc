// The sliding window against openai/whisper's own transcribe(), over the same scripted decoder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/testing.h"
#include "engine/golden_testing.h"
#include "engine/testing.h"
#include "engine/transcriber.h"
#include "engine/writers/writers.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

using nlohmann::json;
using ::testing::DoubleNear;
using ::testing::Pointwise;

// openai sums the probabilities of 50,000 tokens in float32.
constexpr double kProbabilityTolerance = 5e-5;

testing::Logits parse_logits(const json& from) {
  testing::Logits logits;
  for (const json& entry : from) logits.emplace_back(entry[0].get<int>(), entry[1].get<float>());
  return logits;
}

std::vector<testing::ScriptedWindow> parse_windows(const json& from) {
  std::vector<testing::ScriptedWindow> windows;
  for (const json& window : from) {
    windows.push_back({.no_speech_logit = window.at("no_speech_logit").get<float>(), .steps = {}});
    for (const json& step : window.at("steps")) {
      windows.back().steps.push_back(parse_logits(step));
    }
  }
  return windows;
}

std::optional<double> parse_threshold(const json& from) {
  return from.is_null() ? std::nullopt : std::optional(from.get<double>());
}

std::vector<int> parse_ids(const std::string& list) {
  std::vector<int> ids;
  std::istringstream in(list);
  for (std::string id; std::getline(in, id, ',');) ids.push_back(std::stoi(id));
  return ids;
}

TranscribeOptions parse_options(const json& from) {
  TranscribeOptions options;
  options.task = from.at("task") == "translate" ? Task::translate : Task::transcribe;
  if (!from.at("language").is_null()) {
    options.language = model::find_language(from.at("language").get<std::string>());
  }
  if (!from.at("initial_prompt").is_null()) {
    options.initial_prompt = from.at("initial_prompt").get<std::string>();
  }
  options.condition_on_previous_text = from.at("condition_on_previous_text").get<bool>();
  options.logprob_threshold = parse_threshold(from.at("logprob_threshold"));
  options.no_speech_threshold = parse_threshold(from.at("no_speech_threshold"));
  options.rules.suppress_tokens = parse_ids(from.at("suppress_tokens").get<std::string>());
  options.rules.without_timestamps = from.at("without_timestamps").get<bool>();
  return options;
}

/// Everything but the two figures that openai computes in float32.
void expect_same(Result actual, const Result& expected) {
  ASSERT_EQ(actual.segments.size(), expected.segments.size());
  for (std::size_t i = 0; i < actual.segments.size(); ++i) {
    Segment& segment = actual.segments[i];
    const Segment& golden = expected.segments[i];
    EXPECT_NEAR(segment.avg_logprob, golden.avg_logprob, kProbabilityTolerance);
    EXPECT_NEAR(segment.no_speech_prob, golden.no_speech_prob, kProbabilityTolerance);
    segment.avg_logprob = golden.avg_logprob;
    segment.no_speech_prob = golden.no_speech_prob;
  }
  EXPECT_EQ(write_json(actual), write_json(expected));
}

class GoldenTest {
 public:
  GoldenTest(const json& scenario, const model::Tokenizer& tokenizer)
      : scenario_(scenario),
        tokenizer_(tokenizer),
        dims_(testing::make_dims(tokenizer)),
        options_(parse_options(scenario.at("options"))) {}

  void run_transcriber() const {
    testing::FakeEncoder encoder(dims_);
    testing::ScriptedDecoder decoder = make_decoder();
    Transcriber transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr);
    const auto noise = model::testing::seeded_numbers(
        "audio", 1, scenario_.at("samples").get<std::size_t>(), 0.0, 0.5);
    expect_same(transcriber.transcribe(noise, options_),
                testing::parse_result(scenario_.at("result")));

    std::vector<double> means;
    std::vector<std::vector<int>> initial_tokens;
    const bool detects_language = !scenario_.at("language_detection").is_null();
    if (detects_language) {
      means.push_back(scenario_.at("language_detection").at("mel_mean").get<double>());
      initial_tokens.push_back({tokenizer_.special().sot});
    }
    for (const json& window : scenario_.at("decoded")) {
      // What the language was detected on is not encoded again when it is the first window.
      const bool is_encoded =
          initial_tokens.size() == 1 && detects_language && noise.size() >= audio::kWindowSamples;
      if (!is_encoded) means.push_back(window.at("mel_mean").get<double>());
      initial_tokens.push_back(window.at("initial_tokens").get<std::vector<int>>());
    }
    EXPECT_EQ(decoder.initial_tokens, initial_tokens);
    EXPECT_THAT(encoder.means, Pointwise(DoubleNear(1e-5), means));
  }

  void decode_windows() const {
    testing::ScriptedDecoder decoder = make_decoder();
    const TokenRules rules(tokenizer_, {}, options_.rules);
    for (const json& window : scenario_.at("decoded")) {
      InitialTokens initial{.tokens = window.at("initial_tokens").get<std::vector<int>>()};
      initial.sot_index =
          static_cast<int>(initial.tokens.size()) - scenario_.at("sot_length").get<int>();
      const DecodingResult result = decode_window(decoder, tokenizer_, rules, initial);
      EXPECT_EQ(result.tokens, window.at("tokens").get<std::vector<int>>());
      EXPECT_NEAR(result.avg_logprob, window.at("avg_logprob").get<double>(),
                  kProbabilityTolerance);
      EXPECT_NEAR(result.no_speech_prob, window.at("no_speech_prob").get<double>(),
                  kProbabilityTolerance);
    }
  }

 private:
  testing::ScriptedDecoder make_decoder() const {
    return testing::ScriptedDecoder(
        dims_, tokenizer_.special(), scenario_.at("sot_length").get<int>(),
        parse_windows(scenario_.at("windows")), parse_logits(scenario_.at("language_logits")));
  }

  const json& scenario_;
  const model::Tokenizer& tokenizer_;
  model::Dims dims_;
  TranscribeOptions options_;
};

void run_scenarios(const std::string& kind, std::optional<int> n_languages) {
  const model::Tokenizer tokenizer = testing::golden_tokenizer(kind, n_languages);
  const json golden = json::parse(
      read_text_file(sotto::testing::source_path("testdata/golden/transcribe_" + kind + ".json")));
  ASSERT_EQ(testing::make_dims(tokenizer).n_vocab, golden.at("model").at("n_vocab").get<int>());
  for (const json& scenario : golden.at("scenarios")) {
    SCOPED_TRACE(scenario.at("name").get<std::string>());
    const GoldenTest test(scenario, tokenizer);
    test.run_transcriber();
    test.decode_windows();
  }
}

TEST(GoldenTranscriber, English) {
  run_scenarios("english", std::nullopt);
}

TEST(GoldenTranscriber, Multilingual) {
  run_scenarios("multilingual", 99);
}

}  // namespace
}  // namespace sotto::engine
