#include "audio/mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "audio/decode.h"
#include "base/isa.h"
#include "base/testing.h"

namespace sotto {

/// How GoogleTest prints a parameter.
void PrintTo(Isa isa, std::ostream* out) {
  *out << name_of(isa);
}

}  // namespace sotto

namespace sotto::audio {
namespace {

/// Rounding to float of values up to 2 in size, and the logarithm's polynomial.
constexpr double kTolerance = 2e-7;

/// The definition, in double: row-major n_mels × frames.
std::vector<double> reference(const std::vector<float>& samples, std::size_t padding, int n_mels) {
  const auto length = static_cast<std::ptrdiff_t>(samples.size() + padding);
  const auto frames = length / kHopLength;
  const std::vector<float> filters = mel_filters(n_mels);
  std::vector<double> cosine(kFftSize), sine(kFftSize);
  for (std::size_t n = 0; n < kFftSize; ++n) {
    cosine[n] = std::cos(2.0 * std::numbers::pi * static_cast<double>(n) / kFftSize);
    sine[n] = std::sin(2.0 * std::numbers::pi * static_cast<double>(n) / kFftSize);
  }
  std::vector<double> mel(static_cast<std::size_t>(n_mels * frames));
  for (std::ptrdiff_t t = 0; t < frames; ++t) {
    std::vector<double> x(kFftSize);
    for (std::ptrdiff_t n = 0; n < kFftSize; ++n) {
      std::ptrdiff_t i = t * kHopLength - kFftSize / 2 + n;
      while (i < 0 || i >= length) i = i < 0 ? -i : 2 * (length - 1) - i;
      const auto at = static_cast<std::size_t>(i);
      const double window = 0.5 - 0.5 * cosine[static_cast<std::size_t>(n)];
      x[static_cast<std::size_t>(n)] = at < samples.size() ? samples[at] * window : 0.0;
    }
    std::vector<double> power(kFftSize / 2 + 1);
    for (std::size_t k = 0; k < power.size(); ++k) {
      double re = 0.0, im = 0.0;
      for (std::size_t n = 0; n < kFftSize; ++n) {
        re += x[n] * cosine[k * n % kFftSize];
        im -= x[n] * sine[k * n % kFftSize];
      }
      power[k] = re * re + im * im;
    }
    for (int m = 0; m < n_mels; ++m) {
      double sum = 0.0;
      for (std::size_t k = 0; k < power.size(); ++k) {
        sum += power[k] * filters[static_cast<std::size_t>(m) * power.size() + k];
      }
      mel[static_cast<std::size_t>(m * frames + t)] = std::log10(std::max(sum, 1e-10));
    }
  }
  const double top = mel.empty() ? 0.0 : *std::max_element(mel.begin(), mel.end());
  for (double& x : mel) x = (std::max(x, top - 8.0) + 4.0) / 4.0;
  return mel;
}

/// Noise and a tone as a 16-bit recording holds them.
std::vector<float> noisy_tone(std::size_t n) {
  std::vector<float> samples(n);
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < n; ++i) {
    state = state * 1664525 + 1013904223;
    const double noise = static_cast<double>(state >> 8) / 0x1p24 - 0.5;
    const double tone = std::sin(0.37 * static_cast<double>(i));
    samples[i] = static_cast<float>(std::rint((0.1 * noise + 0.5 * tone) * 32768.0) / 32768.0);
  }
  return samples;
}

double largest_error(const LogMel& mel, const std::vector<double>& expected) {
  EXPECT_EQ(mel.data.size(), expected.size());
  double error = 0.0;
  for (std::size_t i = 0; i < std::min(mel.data.size(), expected.size()); ++i) {
    error = std::max(error, std::abs(mel.data[i] - expected[i]));
  }
  return error;
}

/// Every instruction set that this machine has.
class MelTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!machine_has(GetParam())) GTEST_SKIP() << "skipped: this machine lacks it";
  }

  static LogMel log_mel(const std::vector<float>& samples, std::size_t padding, int n_mels,
                        ThreadPool* pool = nullptr) {
    return log_mel_spectrogram(samples, padding, n_mels, GetParam(), pool);
  }
};

INSTANTIATE_TEST_SUITE_P(Isas, MelTest, ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(MelTest, AgreesWithTheDefinitionAtOddLengths) {
  for (const std::size_t n :
       {0,   1,   159, 160, 161,  199,  200,  201,  319,   320,   399,   400,
        401, 559, 560, 561, 1000, 2560, 2561, 5000, 10240, 10400, 10401, 20000}) {
    for (const std::size_t padding : {0, 1, 40, 160, 200, 201, 3000}) {
      const std::vector<float> samples = noisy_tone(n);
      const LogMel mel = log_mel(samples, padding, 80);
      EXPECT_EQ(mel.n_mels, 80);
      EXPECT_EQ(mel.n_frames, (n + padding) / 160);
      EXPECT_LE(largest_error(mel, reference(samples, padding, 80)), kTolerance)
          << n << " + " << padding;
    }
  }
}

TEST_P(MelTest, AgreesWithTheDefinitionForAnyNumberOfMels) {
  const std::vector<float> samples = noisy_tone(7777);
  for (const int n_mels : {1, 2, 40, 79, 80, 81, 128, 200, 201}) {
    const LogMel mel = log_mel(samples, 0, n_mels);
    EXPECT_LE(largest_error(mel, reference(samples, 0, n_mels)), kTolerance) << n_mels;
  }
}

TEST_P(MelTest, EveryDftBinStandsInItsPlace) {
  // A tone in the middle of each bin over some noise, and as many mels as bins: the spectrum's
  // shape.
  const std::vector<float> noise = noisy_tone(1600);
  for (int k = 0; k <= kFftSize / 2; ++k) {
    std::vector<float> samples(noise.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double turns = static_cast<double>(i) * k / kFftSize;
      samples[i] = 0.1f * noise[i] +
                   static_cast<float>(0.5 * std::cos(2.0 * std::numbers::pi * turns + 0.3));
    }
    const LogMel mel = log_mel(samples, 0, 201);
    ASSERT_LE(largest_error(mel, reference(samples, 0, 201)), kTolerance) << "bin " << k;
  }
}

TEST_P(MelTest, OnlyWholeFramesCountForTheMaximum) {
  // A click that stands in the middle of a frame which is not there.
  std::vector<float> samples(10 * 160 + 159, 1e-4f);
  samples.back() = 1.0f;
  for (std::size_t n = 1600; n <= samples.size(); ++n) {
    const std::vector<float> part(samples.end() - static_cast<std::ptrdiff_t>(n), samples.end());
    ASSERT_LE(largest_error(log_mel(part, 0, 80), reference(part, 0, 80)), kTolerance);
  }
}

TEST_P(MelTest, SilenceIsTheFloor) {
  const LogMel silent = log_mel(std::vector<float>(4000, 0.0f), 800, 80);
  ASSERT_EQ(silent.data.size(), 80u * 30);
  for (const float x : silent.data) ASSERT_EQ(x, -1.5f);  // (log10(1e-10) + 4) / 4
}

TEST_P(MelTest, PaddingIsTheSameAsZerosInTheSignal) {
  std::vector<float> samples = noisy_tone(5003);
  const LogMel padded = log_mel(samples, kWindowSamples, 80);
  samples.resize(samples.size() + kWindowSamples);
  const LogMel zeros = log_mel(samples, 0, 80);
  EXPECT_EQ(padded.n_frames, 3031u);
  EXPECT_EQ(padded.data, zeros.data);
}

TEST_P(MelTest, ThreadsChangeNothing) {
  ThreadPool pool(3);
  for (const std::size_t n : {0, 100, 1000, 64 * 160, 64 * 160 + 1, 100000}) {
    const std::vector<float> samples = noisy_tone(n);
    EXPECT_EQ(log_mel(samples, 4000, 128, &pool).data, log_mel(samples, 4000, 128).data) << n;
  }
}

TEST_P(MelTest, RealSpeechAgreesWithOpenaiAndWithTheDefinition) {
  const auto path = sotto::testing::external_data("audio/jfk.wav");
  SOTTO_NEEDS_FILE(path);
  const std::vector<float> samples = decode_file(path).samples;
  ASSERT_EQ(samples.size(), 176000u);
  // Computed in double with openai/whisper's own mel_filters.npz.
  struct Expected {
    int n_mels;
    std::size_t padding, n_frames;
    double min, max, mean, rms, at_10_100, at_40_500;
  };
  const Expected table[] = {
      {80, 0, 1100, -0.538742, 1.461258, 0.125139, 0.471275, 0.428438, -0.044362},
      {80, 480000, 4100, -0.538742, 1.461258, -0.360415, 0.521446, 0.428438, -0.044362},
      {128, 0, 1100, -0.506308, 1.493692, 0.106977, 0.454704, 0.888772, -0.046033},
      {128, 480000, 4100, -0.506308, 1.493692, -0.341573, 0.492951, 0.888772, -0.046033}};
  for (const Expected& expected : table) {
    SCOPED_TRACE(expected.n_mels);
    const LogMel mel = log_mel(samples, expected.padding, expected.n_mels);
    ASSERT_EQ(mel.n_frames, expected.n_frames);
    double sum = 0.0, squares = 0.0;
    for (const float x : mel.data) {
      sum += x;
      squares += static_cast<double>(x) * x;
    }
    const auto [min, max] = std::minmax_element(mel.data.begin(), mel.data.end());
    const auto n = static_cast<double>(mel.data.size());
    EXPECT_NEAR(*min, expected.min, 1e-6);
    EXPECT_NEAR(*max, expected.max, 1e-6);
    EXPECT_NEAR(sum / n, expected.mean, 1e-6);
    EXPECT_NEAR(std::sqrt(squares / n), expected.rms, 1e-6);
    EXPECT_NEAR(mel.row(10)[100], expected.at_10_100, 1e-6);
    EXPECT_NEAR(mel.row(40)[500], expected.at_40_500, 1e-6);
    if (expected.padding == 0) {
      const double error = largest_error(mel, reference(samples, 0, expected.n_mels));
      RecordProperty("largest_error", std::to_string(error * 1e6) + "e-6");
      EXPECT_LE(error, kTolerance);
    }
  }
}

TEST(MelFilters, AreThoseThatOpenaiShips) {
  struct Expected {
    int n_mels;
    long non_zero;
    double sum;
  };
  for (const Expected& expected : {Expected{80, 391, 1.999024092}, {128, 394, 3.190985541}}) {
    const std::vector<float> filters = mel_filters(expected.n_mels);
    ASSERT_EQ(filters.size(), static_cast<std::size_t>(expected.n_mels) * 201);
    double sum = 0.0;
    for (const float weight : filters) sum += weight;
    EXPECT_NEAR(sum, expected.sum, 5e-10);
    EXPECT_EQ(std::count_if(filters.begin(), filters.end(), [](float w) { return w != 0.0f; }),
              expected.non_zero);
  }
}

}  // namespace
}  // namespace sotto::audio
