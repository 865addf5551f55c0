// Log-mel spectrograms against openai/whisper's own numbers: testdata/golden/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "audio/decode.h"
#include "audio/mel.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::audio {
namespace {

using nlohmann::json;

/// openai computes in float32, where its FFT of loud noise is off by half as much.
constexpr double kTolerance = 1e-4;

void check_case(const json& golden, const std::vector<float>& samples) {
  SCOPED_TRACE(golden.at("name").get<std::string>());
  ASSERT_EQ(samples.size(), golden.at("samples").get<std::size_t>());
  const LogMel mel = log_mel_spectrogram(samples, golden.at("padding").get<std::size_t>(),
                                         golden.at("n_mels").get<int>(), active_isa());
  ASSERT_EQ(mel.n_frames, golden.at("n_frames").get<std::size_t>());
  const auto [low, high] = std::minmax_element(mel.data.begin(), mel.data.end());
  EXPECT_NEAR(*low, golden.at("min").get<double>(), kTolerance);
  EXPECT_NEAR(*high, golden.at("max").get<double>(), kTolerance);
  const double sum = std::accumulate(mel.data.begin(), mel.data.end(), 0.0);
  EXPECT_NEAR(sum / static_cast<double>(mel.data.size()), golden.at("mean").get<double>(),
              kTolerance);
  ASSERT_FALSE(golden.at("values").empty());
  for (const json& value : golden.at("values")) {
    EXPECT_NEAR(mel.row(value[0].get<int>())[value[1].get<std::size_t>()], value[2].get<double>(),
                kTolerance)
        << value;
  }
}

/// The cases of one source; `samples_of` says what it sounds like.
template <typename SamplesOf>
void check_source(const std::string& source, SamplesOf samples_of) {
  const json golden =
      json::parse(read_text_file(sotto::testing::source_path("testdata/golden/mel_golden.json")));
  int checked = 0;
  for (const json& entry : golden.at("cases")) {
    if (entry.at("source") != source) continue;
    check_case(entry, samples_of(entry.at("samples").get<std::size_t>()));
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(MelGolden, NoiseOfAnyLength) {
  check_source("noise", [](std::size_t size) {
    return model::testing::seeded_numbers("audio", 1, size, 0.0, 0.5);
  });
}

TEST(MelGolden, RealSpeech) {
  const auto path = sotto::testing::external_data("audio/jfk.wav");
  SOTTO_NEEDS_FILE(path);
  check_source("jfk.wav", [&](std::size_t) { return decode_file(path).samples; });
}

}  // namespace
}  // namespace sotto::audio
