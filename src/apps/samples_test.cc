// The model that ships hears the recordings that ship, under every instruction set of this machine.
// Without conditioning on earlier text, which so small a model follows badly (see its card).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <utility>

#include "apps/process.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

using nlohmann::json;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// Words to change, leave out or add until `a` is `b` (Levenshtein's distance).
std::size_t word_errors(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

class SamplesTest : public ::testing::TestWithParam<Isa> {};

TEST_P(SamplesTest, AreHeardWithAtMostTwoPercentOfErrors) {
  if (GetParam() > detect_isa()) {
    GTEST_SKIP() << "skipped: this machine has no " << name_of(GetParam());
  }
  const json expected =
      json::parse(read_text_file(sotto::testing::source_path("samples/expected.json")));
  ASSERT_GE(expected.size(), 4u);
  const model::testing::TemporaryFolder folder;
  std::vector<std::string> arguments = {
      "transcribe", "-o", "out", "-f", "json", "--condition-on-previous-text", "False"};
  for (const auto& [file, text] : expected.items()) {
    arguments.push_back(sotto::testing::source_path("samples/" + file).string());
  }
  const testing::Outcome outcome = testing::run(folder.path(), arguments, [] {
    ::setenv("SOTTO_ISA", std::string(name_of(GetParam())).c_str(), 1);
  });
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::size_t n_errors = 0, n_words = 0;
  for (const auto& [file, text] : expected.items()) {
    const std::string name = "out/" + file.substr(0, file.find('.')) + ".json";
    const json result = json::parse(read_text_file(folder / name));
    double last_end = 0;
    for (const json& segment : result["segments"]) {
      EXPECT_LE(last_end, segment["start"].get<double>()) << file;
      last_end = segment["end"];
    }
    const auto spoken = words_of(text);
    const auto heard = words_of(result["text"]);
    EXPECT_LE(word_errors(heard, spoken), 1u) << file << ": " << result["text"];
    n_errors += word_errors(heard, spoken);
    n_words += spoken.size();
  }
  EXPECT_LE(static_cast<double>(n_errors), 0.02 * static_cast<double>(n_words));
}

INSTANTIATE_TEST_SUITE_P(Isas, SamplesTest,
                         ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace sotto::apps
