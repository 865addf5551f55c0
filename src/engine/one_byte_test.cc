// int8 as released models compute in it, one byte for a number, from sound to text. The model that
// ships is narrower, so that this one is made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/testing.h"
#include "engine/engine.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

using model::ComputeType;

/// The narrowest that computes in bytes: tiny's width, with a layer each.
model::Dims narrowest_for_bytes() {
  model::Dims dims = model::testing::tiny_test_dims();
  dims.n_audio_state = dims.n_text_state = 384;
  dims.n_audio_head = dims.n_text_head = 6;
  dims.n_audio_ffn = dims.n_text_ffn = 4 * 384;
  return dims;
}

/// What is told of a recording, to the last bit.
struct Told {
  std::vector<std::vector<int>> tokens;
  std::vector<double> numbers;
  std::string text;
  bool operator==(const Told&) const = default;
};

Told told(const Result& result) {
  Told told{.tokens = {}, .numbers = {}, .text = result.text};
  for (const Segment& segment : result.segments) {
    told.tokens.push_back(segment.tokens);
    told.numbers.insert(told.numbers.end(),
                        {segment.start, segment.end, segment.avg_logprob, segment.no_speech_prob});
  }
  return told;
}

class OneByteTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<sotto::testing::TemporaryFolder>();
    model::testing::write_hf_folder(*folder_ / "model", narrowest_for_bytes(), 1);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  OneByteTest() {
    options_.no_speech_threshold = std::nullopt;
    options_.condition_on_previous_text = false;
    for (const auto& [seed, seconds] : {std::pair{1, 9}, {2, 31}, {3, 4}}) {
      if (sotto::testing::kSlowBuild && seconds == 31) continue;
      recordings_.push_back(
          model::testing::seeded_numbers("audio", static_cast<std::uint64_t>(seed),
                                         static_cast<std::size_t>(seconds) * 16000, 0.0, 0.5));
    }
  }

  static Engine engine(int threads, ComputeType type = ComputeType::int8) {
    return {*folder_ / "model", Device::cpu, threads, type};
  }

  std::vector<Told> alone(Engine& engine) const {
    std::vector<Told> all;
    for (const auto& samples : recordings_) {
      all.push_back(told(engine.transcribe(samples, options_)));
    }
    return all;
  }

  std::vector<Told> together(Engine& engine, int batch_size) const {
    std::vector<Told> all(recordings_.size());
    std::size_t given = 0;
    engine.transcribe_together(
        [&]() -> std::optional<Recording> {
          if (given == recordings_.size()) return std::nullopt;
          Told& to = all[given];
          return Recording{
              .samples = recordings_[given++],
              .on_result = [&to](const Result& result) { to = told(result); },
              .on_error = [](const std::exception_ptr& error) { std::rethrow_exception(error); }};
        },
        options_, batch_size);
    return all;
  }

  inline static std::unique_ptr<sotto::testing::TemporaryFolder> folder_;
  TranscribeOptions options_;
  std::vector<std::vector<float>> recordings_;
};

TEST_F(OneByteTest, NeitherRunsNorThreadsNorOtherRecordingsChangeTheText) {
  Engine two = engine(2);
  EXPECT_EQ(two.compute_types().encoder, ComputeType::int8);
  EXPECT_EQ(two.compute_types().decoder, ComputeType::int8);
  EXPECT_EQ(name_of(two.compute_types()), "int8");
  const std::vector<Told> expected = alone(two);
  for (const Told& one : expected) EXPECT_FALSE(one.tokens.empty());
  EXPECT_NE(expected[0], expected[1]);
  EXPECT_EQ(together(two, 2), expected) << "two at a time";
  if (sotto::testing::kSlowBuild) return;  // a product takes fifty times as long there
  EXPECT_EQ(alone(two), expected) << "another run";
  EXPECT_EQ(together(two, 3), expected) << "all at once";
  for (const int threads : {1, 3}) {
    Engine other = engine(threads);
    EXPECT_EQ(together(other, 3), expected) << threads << " threads";
  }
}

TEST_F(OneByteTest, IsNotTheArithmeticOfOtherTypes) {
  if (sotto::testing::kSlowBuild) GTEST_SKIP() << "skipped: it takes a minute here";
  Engine bytes = engine(2), floats = engine(2, ComputeType::float32),
         two_bytes = engine(2, ComputeType::int8_two_bytes);
  EXPECT_EQ(name_of(two_bytes.compute_types()), "int8_two_bytes");
  const auto first_number = [&](Engine& engine) {
    return engine.transcribe(recordings_.back(), options_).segments.at(0).no_speech_prob;
  };
  const double truth = first_number(floats);
  const double error = std::abs(first_number(bytes) - truth) / truth;
  const double fine_error = std::abs(first_number(two_bytes) - truth) / truth;
  EXPECT_GT(error, 1e-5);
  EXPECT_LT(error, 0.2);
  EXPECT_LT(fine_error, error);
}

}  // namespace
}  // namespace sotto::engine
