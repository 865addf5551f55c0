// The model that ships hears the recordings that ship, under every instruction set of this machine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/process.h"
#include "base/error.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

using nlohmann::json;

class SamplesTest : public ::testing::TestWithParam<std::tuple<Isa, const char*>> {};

TEST_P(SamplesTest, AreHeardWordForWord) {
  const auto [isa, type] = GetParam();
  if (!machine_has(isa)) {
    GTEST_SKIP() << "skipped: this machine has no " << name_of(isa);
  }
  const json expected =
      json::parse(read_text_file(sotto::testing::source_path("samples/expected.json")));
  ASSERT_GE(expected.size(), 4u);
  const sotto::testing::TemporaryFolder folder;
  std::vector<std::string> arguments = {"transcribe",     "-o", "out", "-f", "json",
                                        "--compute-type", type};
  for (const auto& [file, text] : expected.items()) {
    arguments.push_back(sotto::testing::source_path("samples/" + file).string());
  }
  const testing::Outcome outcome = testing::run(folder.path(), arguments, [isa] {
    ::setenv("SOTTO_ISA", std::string(name_of(isa)).c_str(), 1);
  });
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const auto& [file, text] : expected.items()) {
    const std::string name = "out/" + file.substr(0, file.find('.')) + ".json";
    const json result = json::parse(read_text_file(folder / name));
    EXPECT_EQ(result["text"], " " + text.get<std::string>()) << file;
    double last_end = 0;
    for (const json& segment : result["segments"]) {
      EXPECT_LE(last_end, segment["start"].get<double>()) << file;
      last_end = segment["end"];
    }
  }
}

/// The tokens of each segment of each sample, transcribed with more arguments: all in one call, or
/// each alone.
std::vector<json> tokens_of_samples(const std::vector<std::string>& more, bool together) {
  const json expected =
      json::parse(read_text_file(sotto::testing::source_path("samples/expected.json")));
  const sotto::testing::TemporaryFolder folder;
  std::vector<std::vector<std::string>> calls(1);
  for (const auto& [file, text] : expected.items()) {
    if (!together && !calls.back().empty()) calls.emplace_back();
    calls.back().push_back(sotto::testing::source_path("samples/" + file).string());
  }
  for (std::vector<std::string>& call : calls) {
    call.insert(call.begin(), {"transcribe", "-o", "out", "-f", "json"});
    call.insert(call.end(), more.begin(), more.end());
    const testing::Outcome outcome = testing::run(folder.path(), call);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  std::vector<json> tokens;
  for (const auto& [file, text] : expected.items()) {
    const json result =
        json::parse(read_text_file(folder / ("out/" + file.substr(0, file.find('.')) + ".json")));
    EXPECT_EQ(result["text"], " " + text.get<std::string>()) << file;
    for (const json& segment : result["segments"]) {
      tokens.push_back({file, segment["start"], segment["tokens"], segment["avg_logprob"]});
    }
  }
  return tokens;
}

TEST(SamplesTogether, AreHeardAsAloneToTheLastBit) {
  for (const char* type : {"float32", "int8", "int8_float32"}) {
    const std::vector<std::string> arguments = {"--compute-type", type};
    EXPECT_EQ(tokens_of_samples(arguments, true), tokens_of_samples(arguments, false)) << type;
  }
}

TEST(SamplesTogether, PiecesAreHeardTheSameWhateverTheBatch) {
  const auto one = tokens_of_samples({"--batch-size", "1"}, false);
  EXPECT_EQ(tokens_of_samples({"--batch-size", "3"}, true), one);
}

TEST(SamplesInIntegers, HaveTheTokensOfFloat32) {
  const auto without_logprobs = [](std::vector<json> tokens) {
    for (json& segment : tokens) segment.erase(3);
    return tokens;
  };
  EXPECT_EQ(without_logprobs(tokens_of_samples({"--compute-type", "int8"}, true)),
            without_logprobs(tokens_of_samples({"--compute-type", "float32"}, true)));
}

INSTANTIATE_TEST_SUITE_P(Isas, SamplesTest,
                         ::testing::Combine(::testing::Values(Isa::portable, Isa::avx2,
                                                              Isa::avx_vnni, Isa::avx512,
                                                              Isa::avx512_vnni, Isa::avx512_bf16),
                                            ::testing::Values("float32", "int8")),
                         [](const auto& info) {
                           return concat(name_of(std::get<0>(info.param)), "_",
                                         std::get<1>(info.param));
                         });

}  // namespace
}  // namespace sotto::apps
