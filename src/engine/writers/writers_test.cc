#include "engine/writers/writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"
#include "engine/golden_testing.h"

namespace sotto::engine {
namespace {

Segment make_segment(double start, double end, const std::string& text) {
  Segment segment;
  segment.start = start;
  segment.end = end;
  segment.text = text;
  return segment;
}

/// openai/whisper's own files for the result NAME.json.
class GoldenWritersTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenWritersTest, WritesTheSameBytesAsOpenai) {
  const std::string name = std::string("testdata/golden/writers/") + GetParam();
  const auto golden = [&](OutputFormat format) {
    return read_text_file(sotto::testing::source_path(concat(name, ".", name_of(format))));
  };
  const Result result = testing::parse_result(nlohmann::json::parse(golden(OutputFormat::json)));
  for (const OutputFormat format : kOutputFormats) {
    EXPECT_EQ(write(result, format), golden(format)) << name_of(format);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenWritersTest,
                         ::testing::Values("ordinary", "unicode", "edges", "empty",
                                           "cleared_middle", "cleared_only", "cleared_first"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(WriteJson, WritesFloatsAsPythonDoes) {
  const auto start = [](double value) {
    const std::string file =
        write_json({.text = "", .segments = {make_segment(value, 0, "x")}, .language = "en"});
    const std::size_t begin = file.find("\"start\": ") + 9;
    return file.substr(begin, file.find(',', begin) - begin);
  };
  EXPECT_EQ(start(0), "0.0");
  EXPECT_EQ(start(-0.0), "-0.0");
  EXPECT_EQ(start(123456789), "123456789.0");
  EXPECT_EQ(start(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(start(0.0001), "0.0001");
  EXPECT_EQ(start(0.00001), "1e-05");
  EXPECT_EQ(start(9999999999999998.0), "9999999999999998.0");
  EXPECT_EQ(start(1e16), "1e+16");
  EXPECT_EQ(start(1.5e-300), "1.5e-300");
  EXPECT_EQ(start(std::nan("")), "NaN");
  EXPECT_EQ(start(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(start(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(Writers, LeaveOutClearedSegmentsBeforeTheFirstText) {
  const Result result{
      .text = " a",
      .segments = {make_segment(0, 1, ""), make_segment(1, 2, " a"), make_segment(2, 3, "")},
      .language = "en"};
  EXPECT_EQ(write_srt(result),
            "1\n00:00:01,000 --> 00:00:02,000\na\n\n"
            "2\n00:00:02,000 --> 00:00:03,000\n\n\n");
  EXPECT_EQ(write_txt(result), "a\n\n");
  EXPECT_EQ(write_txt({.text = "", .segments = {make_segment(0, 1, "")}, .language = "en"}), "");
}

}  // namespace
}  // namespace sotto::engine
