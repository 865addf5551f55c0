#include "cpu/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "cpu/cpu_testing.h"
#include "cpu/fastest_type.h"
#include "cpu/reference.h"
#include "cpu/whisper_base_testing.h"
#include "model/golden_testing.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;
using testing::kOddDims;
using testing::normal_numbers;
using testing::relative_l2;

/// The types that `isa` can encode in, without that for narrow models.
std::vector<ComputeType> types_of(Isa isa) {
  std::vector<ComputeType> types = {ComputeType::float32, ComputeType::int8,
                                    ComputeType::int8_float32, ComputeType::int8_two_bytes};
  if (isa == Isa::avx512_bf16) types.push_back(ComputeType::bfloat16);
  return types;
}

model::MelWindow window(const model::Dims& dims, const std::vector<float>& mel) {
  return {.data = mel.data(),
          .n_mels = dims.n_mels,
          .n_frames = dims.n_mel_frames(),
          .stride = static_cast<std::ptrdiff_t>(mel.size()) / dims.n_mels};
}

std::vector<float> encode(const model::Dims& dims, const model::Weights& weights,
                          const model::MelWindow& mel, Isa isa, ThreadPool& pool,
                          ComputeType type = ComputeType::float32) {
  const auto encoder = make_encoder(dims, weights, isa, type, pool);
  std::vector<float> features(static_cast<std::size_t>(dims.n_audio_ctx) *
                              static_cast<std::size_t>(dims.n_audio_state));
  encoder->encode(mel, features);
  return features;
}

class EncoderTest : public ::testing::TestWithParam<Isa> {};

TEST_P(EncoderTest, AgreesWithTheReferenceOnOddSizes) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 5);
  const std::vector<float> mel =
      normal_numbers(static_cast<std::size_t>(kOddDims.n_mels * (kOddDims.n_mel_frames() + 3)), 1);
  ThreadPool pool(2);
  const auto truth = reference_encode<double>(kOddDims, weights, window(kOddDims, mel), pool);
  EXPECT_LT(relative_l2(encode(kOddDims, weights, window(kOddDims, mel), GetParam(), pool), truth),
            1e-6);
}

TEST_P(EncoderTest, ThreadsDoNotChangeABit) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 6);
  const std::vector<float> mel =
      normal_numbers(static_cast<std::size_t>(kOddDims.n_mels * kOddDims.n_mel_frames()), 1);
  ThreadPool one(1), three(3);
  for (const ComputeType type : types_of(GetParam())) {
    EXPECT_EQ(encode(kOddDims, weights, window(kOddDims, mel), GetParam(), one, type),
              encode(kOddDims, weights, window(kOddDims, mel), GetParam(), three, type))
        << name_of(type);
  }
}

TEST_P(EncoderTest, OtherTypesStayNearTheReferenceOnOddSizes) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 5);
  const std::vector<float> mel =
      normal_numbers(static_cast<std::size_t>(kOddDims.n_mels * (kOddDims.n_mel_frames() + 3)), 1);
  ThreadPool pool(2);
  const auto truth = reference_encode<double>(kOddDims, weights, window(kOddDims, mel), pool);
  for (const ComputeType type : types_of(GetParam())) {
    EXPECT_LT(relative_l2(encode(kOddDims, weights, window(kOddDims, mel), GetParam(), pool, type),
                          truth),
              type == ComputeType::int8_two_bytes ? 1e-4 : 0.03)
        << name_of(type);
  }
}

TEST_P(EncoderTest, AWindowLeavesNothingForTheNext) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 7);
  const auto size = static_cast<std::size_t>(kOddDims.n_mels * kOddDims.n_mel_frames());
  const std::vector<float> first = normal_numbers(size, 1, 30), second = normal_numbers(size, 2);
  ThreadPool pool(2);
  for (const ComputeType type : types_of(GetParam())) {
    const auto encoder = make_encoder(kOddDims, weights, GetParam(), type, pool);
    std::vector<float> features(static_cast<std::size_t>(77 * 36));
    encoder->encode(window(kOddDims, first), features);
    encoder->encode(window(kOddDims, second), features);
    EXPECT_EQ(features, encode(kOddDims, weights, window(kOddDims, second), GetParam(), pool, type))
        << name_of(type);
  }
}

TEST_P(EncoderTest, AgreesWithOpenaiWhisper) {
  for (const char* name : {"seeded_multilingual.json", "seeded_english.json"}) {
    const model::testing::GoldenModel golden(name);
    ThreadPool pool;
    const std::vector<float> features =
        encode(golden.dims, golden.weights, golden.mel(), GetParam(), pool);
    double squares = 0;
    for (const float value : features) squares += double{value} * value;
    const double norm = golden.json["encoder"]["l2_norm"];
    EXPECT_NEAR(std::sqrt(squares), norm, 1e-5 * norm);
    for (const auto& sample : golden.json["encoder"]["samples"]) {
      const std::size_t at =
          sample[0].get<std::size_t>() * static_cast<std::size_t>(golden.dims.n_audio_state) +
          sample[1].get<std::size_t>();
      EXPECT_NEAR(features[at], sample[2].get<double>(), 2e-5) << sample;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, EncoderTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

TEST(EncoderTypeTest, IsWhatIsWanted) {
  EXPECT_EQ(encoder_type(ComputeType::int8, Isa::portable), ComputeType::int8);
  EXPECT_EQ(encoder_type(ComputeType::bfloat16, Isa::avx512_bf16), ComputeType::bfloat16);
  EXPECT_THAT(
      sotto::testing::message_of(ErrorKind::unsupported,
                                 [] { encoder_type(ComputeType::bfloat16, Isa::avx512_vnni); }),
      ::testing::HasSubstr("only with avx512_bf16"));
}

TEST(ConvolutionTypeTest, IsNotCoarserThanTheRest) {
  for (const Isa isa : available_isas()) {
    for (const ComputeType type :
         {ComputeType::float32, ComputeType::int8_float32, ComputeType::int8_two_bytes}) {
      EXPECT_EQ(convolution_type(type, isa), ConvolutionType::float32);
    }
    const bool has_fast_words = isa != Isa::portable && isa != Isa::avx512;
    EXPECT_EQ(convolution_type(ComputeType::int8, isa),
              has_fast_words ? ConvolutionType::int16 : ConvolutionType::float32);
  }
  EXPECT_EQ(convolution_type(ComputeType::bfloat16, Isa::avx512_bf16), ConvolutionType::bfloat16);
}

TEST(EncoderErrorTest, NamesTheTensorThatIsMissing) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 5);
  model::Dims deeper = kOddDims;
  deeper.n_audio_layer = 3;
  ThreadPool pool(1);
  EXPECT_THAT(
      sotto::testing::message_of(
          ErrorKind::model,
          [&] { make_encoder(deeper, weights, Isa::portable, ComputeType::float32, pool); }),
      ::testing::HasSubstr("encoder.blocks.2."));
}

TEST(EncoderDeathTest, AWindowOfTheWrongLengthIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 5);
  ThreadPool pool(1);
  const auto encoder = make_encoder(kOddDims, weights, Isa::portable, ComputeType::float32, pool);
  std::vector<float> mel(1000), features(static_cast<std::size_t>(77 * 36));
  const model::MelWindow shorter = {
      .data = mel.data(), .n_mels = 7, .n_frames = 100, .stride = 100};
  EXPECT_DEATH(encoder->encode(shorter, features), "mel.n_frames");
}

/// The mean over positions of the cosine between the features and the true ones.
double mean_cosine(const std::vector<float>& features, const std::vector<double>& truth,
                   std::size_t width) {
  double total = 0;
  for (std::size_t row = 0; row < truth.size(); row += width) {
    double product = 0, squares = 0, true_squares = 0;
    for (std::size_t i = row; i < row + width; ++i) {
      product += features[i] * truth[i];
      squares += double{features[i]} * features[i];
      true_squares += truth[i] * truth[i];
    }
    total += product / std::sqrt(squares * true_squares);
  }
  return total / static_cast<double>(truth.size() / width);
}

struct Bar {
  double relative_l2;
  double mean_cosine;
};

Bar bar_of(ComputeType type) {
  if (type == ComputeType::float32) return {.relative_l2 = 1e-5, .mean_cosine = 0.99999};
  if (type == ComputeType::bfloat16) return {.relative_l2 = 0.016, .mean_cosine = 0.9995};
  return {.relative_l2 = 0.04, .mean_cosine = 0.998};
}

TEST(WhisperBaseTest, EveryTypeIsWithinItsBarOnEveryInstructionSet) {
  if (sotto::testing::kSlowBuild) {
    GTEST_SKIP() << "skipped: 44 billion products take minutes here";
  }
  using testing::WhisperBase;
  SOTTO_NEEDS_FILE(WhisperBase::model_path());
  SOTTO_NEEDS_FILE(WhisperBase::audio_path());
  ThreadPool pool;
  const WhisperBase base(pool);
  const auto truth = reference_encode<double>(base.kDims, base.weights, base.window(), pool);
  for (const Isa isa : available_isas()) {
    for (const ComputeType type : types_of(isa)) {
      // Its integers are the same on all.
      if (type == ComputeType::int8_two_bytes && isa != detect_isa()) continue;
      const Bar bar = bar_of(type);
      const auto features = encode(base.kDims, base.weights, base.window(), isa, pool, type);
      const double error = relative_l2(features, truth);
      const double cosine = mean_cosine(features, truth, base.kDims.n_audio_state);
      RecordProperty(concat(name_of(type), "_", name_of(isa)),
                     concat(error, ", mean cosine ", cosine));
      EXPECT_LT(error, bar.relative_l2) << name_of(type) << " with " << name_of(isa);
      EXPECT_GT(cosine, bar.mean_cosine) << name_of(type) << " with " << name_of(isa);
    }
  }
}

}  // namespace
}  // namespace sotto::cpu
