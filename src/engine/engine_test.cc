// The engine as a whole: from the files of a made-up model to tokens.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/mel.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

/// The tokens of each segment.
std::vector<std::vector<int>> tokens_of(const Result& result) {
  std::vector<std::vector<int>> tokens;
  for (const Segment& segment : result.segments) tokens.push_back(segment.tokens);
  return tokens;
}

// A third of the rows of the embedding is padding, as random as the rest: some of it is likelier
// than any token.
TEST(Engine, APaddedVocabularyTranscribesToTheSameTokens) {
  const model::Dims dims = model::testing::tiny_test_dims();
  const sotto::testing::TemporaryFolder folder;
  model::testing::write_hf_folder(folder / "plain", dims, 1);
  model::testing::write_hf_folder(folder / "padded", dims, 1, {.padding = 1016});
  Engine plain(folder / "plain", Device::cpu, 2, model::ComputeType::float32);
  Engine padded(folder / "padded", Device::cpu, 2, model::ComputeType::float32);
  const auto noise =
      model::testing::seeded_numbers("audio", 1, audio::kWindowSamples + 16000, 0.0, 0.5);
  for (const bool without_timestamps : {false, true}) {
    TranscribeOptions options;
    options.no_speech_threshold = std::nullopt;
    options.rules.without_timestamps = without_timestamps;
    const Result expected = plain.transcribe(noise, options);
    const Result result = padded.transcribe(noise, options);
    ASSERT_FALSE(expected.segments.empty());
    EXPECT_EQ(tokens_of(result), tokens_of(expected));
    EXPECT_EQ(result.segments[0].no_speech_prob, expected.segments[0].no_speech_prob);
  }
}

TEST(ComputeTypes, NarrowModelsComputeInFloatsUnlessToldOtherwise) {
  model::Dims dims = model::testing::tiny_test_dims();
  const Isa isa = active_isa();
  EXPECT_EQ(compute_types(Device::cpu, {}, isa, dims).decoder, model::ComputeType::float32);
  EXPECT_EQ(compute_types(Device::cpu, {}, isa, dims).encoder, model::ComputeType::float32);
  for (const auto type : {model::ComputeType::int8, model::ComputeType::int8_float32}) {
    const ComputeTypes types = compute_types(Device::cpu, type, isa, dims);
    EXPECT_EQ(types.encoder, model::ComputeType::int8_two_bytes);
    EXPECT_EQ(types.decoder, model::ComputeType::int8_two_bytes);
  }
  dims.n_text_state = 384;
  EXPECT_EQ(compute_types(Device::cpu, model::ComputeType::int8, isa, dims).decoder,
            model::ComputeType::int8);
  // What nobody asked for is measured: any type but that for narrow models.
  const ComputeTypes fastest = compute_types(Device::cpu, {}, isa, dims);
  for (const auto type : {fastest.encoder, fastest.decoder}) {
    EXPECT_NE(type, model::ComputeType::int8_two_bytes);
    EXPECT_NE(type, model::ComputeType::int8_float32);
  }
}

}  // namespace
}  // namespace sotto::engine
