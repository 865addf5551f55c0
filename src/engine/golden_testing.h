// What tests need to compare with openai/whisper's results: testdata/golden/README.md says how they
// were made.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/result.h"
#include "model/golden_testing.h"

namespace sotto::engine::testing {

/// openai's tokenizer, as far as the golden data go. `kind`: english or multilingual.
inline model::Tokenizer golden_tokenizer(const std::string& kind, std::optional<int> n_languages) {
  return model::Tokenizer(model::testing::golden_vocabulary(kind, n_languages));
}

inline Result parse_result(const nlohmann::json& json) {
  Result result;
  result.text = json.at("text").get<std::string>();
  result.language = json.at("language").get<std::string>();
  for (const nlohmann::json& from : json.at("segments")) {
    Segment segment;
    segment.id = from.at("id").get<int>();
    segment.seek = from.at("seek").get<int>();
    segment.start = from.at("start").get<double>();
    segment.end = from.at("end").get<double>();
    segment.text = from.at("text").get<std::string>();
    segment.tokens = from.at("tokens").get<std::vector<int>>();
    segment.temperature = from.at("temperature").get<double>();
    segment.avg_logprob = from.at("avg_logprob").get<double>();
    segment.compression_ratio = from.at("compression_ratio").get<double>();
    segment.no_speech_prob = from.at("no_speech_prob").get<double>();
    result.segments.push_back(std::move(segment));
  }
  return result;
}

}  // namespace sotto::engine::testing
