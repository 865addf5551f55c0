// The model that ships hears the recordings that ship, under every instruction set of this machine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/process.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

using nlohmann::json;

class SamplesTest : public ::testing::TestWithParam<Isa> {};

TEST_P(SamplesTest, AreHeardWordForWord) {
  if (!machine_has(GetParam())) {
    GTEST_SKIP() << "skipped: this machine has no " << name_of(GetParam());
  }
  const json expected =
      json::parse(read_text_file(sotto::testing::source_path("samples/expected.json")));
  ASSERT_GE(expected.size(), 4u);
  const sotto::testing::TemporaryFolder folder;
  std::vector<std::string> arguments = {"transcribe", "-o", "out", "-f", "json"};
  for (const auto& [file, text] : expected.items()) {
    arguments.push_back(sotto::testing::source_path("samples/" + file).string());
  }
  const testing::Outcome outcome = testing::run(folder.path(), arguments, [] {
    ::setenv("SOTTO_ISA", std::string(name_of(GetParam())).c_str(), 1);
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

INSTANTIATE_TEST_SUITE_P(Isas, SamplesTest,
                         ::testing::Values(Isa::portable, Isa::avx2, Isa::avx_vnni, Isa::avx512,
                                           Isa::avx512_vnni, Isa::avx512_bf16),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace sotto::apps
