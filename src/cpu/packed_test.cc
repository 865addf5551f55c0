#include "cpu/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/testing.h"
#include "cpu/convolutions.h"
#include "cpu/cpu_testing.h"
#include "cpu/decoder.h"
#include "cpu/encoder.h"
#include "cpu/gemv_linear.h"
#include "cpu/int8_blocks.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;
using sotto::testing::message_of;
using testing::kOddDims;
using testing::normal_numbers;

/// The arrays of `made`, to be taken by another model; `made` outlives them.
std::shared_ptr<PackedWeights> again(const PackedWeights& made) {
  return std::make_shared<PackedWeights>(made.arrays(), std::make_shared<int>());
}

/// What an encoder of `packed` makes of a window, and a decoder of that.
class PackedTest : public ::testing::TestWithParam<testing::IsaAndType> {
 protected:
  Isa isa() const { return std::get<0>(GetParam()); }
  ComputeType type() const { return std::get<1>(GetParam()); }
  bool encodes() const { return type() != ComputeType::bfloat16 || isa() == Isa::avx512_bf16; }

  std::vector<float> encode(const model::Weights& weights,
                            const std::shared_ptr<PackedWeights>& packed) {
    const auto encoder = make_encoder(kOddDims, weights, isa(), type(), pool_, packed);
    const std::vector<float> mel =
        normal_numbers(static_cast<std::size_t>(kOddDims.n_mels * kOddDims.n_mel_frames()), 1);
    std::vector<float> features(77 * 36);
    encoder->encode({.data = mel.data(),
                     .n_mels = kOddDims.n_mels,
                     .n_frames = kOddDims.n_mel_frames(),
                     .stride = kOddDims.n_mel_frames()},
                    features);
    return features;
  }

  std::vector<float> decode(const model::Weights& weights,
                            const std::shared_ptr<PackedWeights>& packed) {
    constexpr std::array<int, 4> kTokens = {100, 0, 7, 7};
    const auto decoder = make_decoder(kOddDims, weights, isa(), type(), pool_, packed);
    decoder->start(normal_numbers(77 * 36, 1));
    const auto logits = decoder->append(kTokens, 2);
    return {logits.begin(), logits.end()};
  }

  const model::Weights weights_ = model::testing::seeded_weights(kOddDims, 8);
  const model::Weights none_;
  ThreadPool pool_{2};
};

TEST_P(PackedTest, ArraysThatWerePackedBeforeGiveTheSameBitsWithoutWeights) {
  const auto made = std::make_shared<PackedWeights>();
  if (encodes()) {
    const std::vector<float> features = encode(weights_, made);
    EXPECT_EQ(encode(none_, again(*made)), features);
  }
  const auto made_for_decoder = std::make_shared<PackedWeights>();
  const std::vector<float> logits = decode(weights_, made_for_decoder);
  EXPECT_EQ(decode(none_, again(*made_for_decoder)), logits);
}

TEST_P(PackedTest, ArraysOfAnotherModelAreRefused) {
  const std::string refusal = "the packed weights are those of another model";
  const auto made = std::make_shared<PackedWeights>();
  decode(weights_, made);
  PackedWeights::Arrays arrays = made->arrays();
  const auto refused = [&] {
    return message_of(ErrorKind::io, [&] {
      decode(none_, std::make_shared<PackedWeights>(arrays, std::make_shared<int>()));
    });
  };
  ASSERT_EQ(refused(), "no error");
  arrays.push_back(arrays.back());
  EXPECT_EQ(refused(), refusal) << "one too many";
  arrays.resize(arrays.size() - 2);
  EXPECT_EQ(refused(), refusal) << "one too few";
  arrays = made->arrays();
  arrays[1] = arrays[1].first(arrays[1].size() - 4);
  EXPECT_EQ(refused(), refusal) << "one too short";
}

INSTANTIATE_TEST_SUITE_P(AllTypes, PackedTest,
                         ::testing::Combine(::testing::ValuesIn(available_isas()),
                                            ::testing::ValuesIn(testing::kComputeTypes)),
                         testing::isa_and_type_name);

/// Whether numbers are only moved or rounded; smooth() goes through pow(), which differs between C
/// libraries.
bool only_moved(ComputeType type) {
  return type == ComputeType::float32 || type == ComputeType::bfloat16;
}

/// FNV-1a of the sizes of arrays, and of their content.
std::uint64_t digest(std::span<const std::span<const std::byte>> arrays, bool content) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3u; };
  for (const auto& array : arrays) {
    add(array.size());
    if (!content) continue;
    for (const std::byte byte : array) add(static_cast<std::uint64_t>(byte));
  }
  return hash;
}

/// Which instruction sets have the same arrays: those of floats for float_isa().
template <typename Type>
struct Format {
  Type type;
  std::uint64_t portable, avx2, avx512;
  std::uint64_t avx_vnni = avx2;

  std::uint64_t digest(Isa isa) const {
    if (isa == Isa::avx_vnni) return avx_vnni;
    switch (float_isa(isa)) {
      case Isa::avx2:
        return avx2;
      case Isa::avx512:
        return avx512;
      default:
        return portable;
    }
  }
};

class PackedFormatTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { ASSERT_EQ(kPackedFormat, 5u) << "then put the new digests here"; }

  const model::Weights weights_ = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool_{1};
};

TEST_P(PackedFormatTest, AChangeOfTheEncodersLayersNeedsAnotherFormat) {
  constexpr Format<ComputeType> kEncoders[] = {
      {ComputeType::float32, 12613867043960330865u, 9283289545431015017u, 6498302569884491053u},
      {ComputeType::bfloat16, 0, 0, 1100221756949513274u},
      {ComputeType::int8, 13198418042493869271u, 14266639684337511319u, 2153749481067444727u,
       18265907590474091703u},
      {ComputeType::int8_float32, 13198418042493869271u, 14266639684337511319u,
       2153749481067444727u, 18265907590474091703u},
      {ComputeType::int8_two_bytes, 12024291437640699543u, 12024291437640699543u,
       208559798471850903u}};
  for (const auto& format : kEncoders) {
    if (format.type == ComputeType::bfloat16 && GetParam() != Isa::avx512_bf16) continue;
    const auto packed = std::make_shared<PackedWeights>();
    make_encoder(kOddDims, weights_, GetParam(), format.type, pool_, packed);
    // Those of the convolutions, which have a test of their own, come first.
    const bool words = convolution_type(format.type, GetParam()) == ConvolutionType::int16;
    const auto arrays = std::span(packed->arrays()).subspan(words ? 6 : 4);
    EXPECT_EQ(digest(arrays, only_moved(format.type)), format.digest(GetParam()))
        << "count kPackedFormat up: the encoder in " << name_of(format.type);
  }
}

TEST_P(PackedFormatTest, AChangeOfTheConvolutionsNeedsAnotherFormat) {
  constexpr Format<ConvolutionType> kConvolutions[] = {
      {ConvolutionType::float32, 10739778261831744691u, 10739778261831744691u,
       8086112398399790787u},
      {ConvolutionType::bfloat16, 0, 0, 6972167692705514836u},
      {ConvolutionType::int16, 77548392223607149u, 7313491312905277933u, 1912271027957684913u,
       2022041355117736505u}};
  for (const auto& format : kConvolutions) {
    if (format.type == ConvolutionType::bfloat16 && GetParam() != Isa::avx512_bf16) continue;
    PackedWeights packed;
    const Runtime runtime{kernels_for(GetParam()), pool_, packed};
    make_convolutions(runtime, GetParam(), format.type, {weights_, "encoder", packed}, kOddDims);
    EXPECT_EQ(digest(packed.arrays(), true), format.digest(GetParam()))
        << "count kPackedFormat up: convolutions in " << name_of(format.type);
  }
}

/// Multiples of 1/128 without a rule, which every C library rounds alike.
std::vector<float> whole_weights(std::size_t n) {
  std::vector<float> weights(n);
  std::uint32_t state = 1;
  for (float& weight : weights) {
    state = state * 1664525 + 1013904223;
    weight = static_cast<float>(static_cast<int>(state >> 24) - 128) / 128;
  }
  return weights;
}

// What smooth() has no part in: rounding, the order of the bytes, scales and offsets.
TEST_P(PackedFormatTest, AChangeOfALayerOfBytesNeedsAnotherFormat) {
  constexpr int kOut = 72, kIn = 300;
  constexpr Format<ComputeType> kEncoder{ComputeType::int8, 5445183900590659418u,
                                         5445183900590659418u, 378533610123864342u,
                                         8852833479370346534u};
  constexpr std::uint64_t kDecoder = 15283176418763126823u;  // whatever the instruction set
  const std::vector<float> weights = whole_weights(std::size_t{kOut} * kIn);
  const auto bias = std::span(weights).first(kOut);
  PackedWeights encoder, decoder;
  const Int8Runtime runtime{int8_kernels_for(GetParam()), pool_, encoder};
  Int8Linear(runtime, quantize(weights, kOut, kIn), bias, 24);
  EXPECT_EQ(digest(encoder.arrays(), true), kEncoder.digest(GetParam()))
      << "count kPackedFormat up: an int8 layer of the encoder";
  const GemvRuntime rows{{kernels_for(GetParam()), pool_, decoder}, gemv_int8_for(GetParam())};
  GemvLinear(rows, weights, bias, kOut, kIn);
  EXPECT_EQ(digest(decoder.arrays(), true), kDecoder)
      << "count kPackedFormat up: an int8 layer of the decoder";
}

TEST_P(PackedFormatTest, AChangeOfTheDecoderNeedsAnotherFormat) {
  constexpr Format<ComputeType> kDecoders[] = {
      {ComputeType::float32, 18211916936382584240u, 15245062561865800108u, 2938643464066328308u},
      {ComputeType::bfloat16, 2811769843642101364u, 2811769843642101364u, 11307560637675069832u},
      {ComputeType::int8, 5264519170995848213u, 5264519170995848213u, 14403860817817694421u},
      {ComputeType::int8_float32, 5264519170995848213u, 5264519170995848213u,
       14403860817817694421u},
      {ComputeType::int8_two_bytes, 16742361785387070271u, 16742361785387070271u,
       16742361785387070271u}};
  for (const auto& format : kDecoders) {
    const auto packed = std::make_shared<PackedWeights>();
    make_decoder(kOddDims, weights_, GetParam(), format.type, pool_, packed);
    EXPECT_EQ(digest(packed->arrays(), only_moved(format.type)), format.digest(GetParam()))
        << "count kPackedFormat up: the decoder in " << name_of(format.type);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, PackedFormatTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
