#include "cpu/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/testing.h"
#include "cpu/cpu_testing.h"
#include "cpu/decoder.h"
#include "cpu/encoder.h"
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
class PackedTest : public ::testing::TestWithParam<std::tuple<Isa, ComputeType>> {
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

INSTANTIATE_TEST_SUITE_P(
    AllTypes, PackedTest,
    ::testing::Combine(::testing::ValuesIn(available_isas()),
                       ::testing::Values(ComputeType::float32, ComputeType::bfloat16,
                                         ComputeType::int8, ComputeType::int8_float32,
                                         ComputeType::int8_two_bytes)),
    [](const auto& info) {
      return std::string(name_of(std::get<0>(info.param))) + "_" +
             std::string(name_of(std::get<1>(info.param)));
    });

/// FNV-1a of the sizes of all arrays, and of the content of those whose numbers are only moved or
/// rounded; smooth() goes through pow(), which differs between C libraries.
std::uint64_t digest(const PackedWeights& packed, ComputeType type) {
  const bool only_moved = type == ComputeType::float32 || type == ComputeType::bfloat16;
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3u; };
  for (const auto& array : packed.arrays()) {
    add(array.size());
    if (!only_moved) continue;
    for (const std::byte byte : array) add(static_cast<std::uint64_t>(byte));
  }
  return hash;
}

/// Which instruction sets have the same arrays: those of floats for float_isa().
struct Format {
  ComputeType type;
  std::uint64_t portable, avx2, avx512;
};

std::uint64_t expected(const Format& format, Isa isa) {
  switch (float_isa(isa)) {
    case Isa::avx2:
      return format.avx2;
    case Isa::avx512:
      return format.avx512;
    default:
      return format.portable;
  }
}

TEST(PackedFormatTest, AChangeOfTheArraysNeedsAnotherFormat) {
  ASSERT_EQ(kPackedFormat, 3u) << "then put the new digests here";
  constexpr Format kEncoders[] = {
      {ComputeType::float32, 14883805659573667719u, 1718128755216267079u, 13571118835678403203u},
      {ComputeType::bfloat16, 0, 0, 2522839933121231349u},
      {ComputeType::int8, 15204618602301691639u, 9429425964418062007u, 12707312828469880415u},
      {ComputeType::int8_float32, 15204618602301691639u, 9429425964418062007u,
       12707312828469880415u},
      {ComputeType::int8_two_bytes, 17054037565883346871u, 17054037565883346871u,
       7891640592709419839u}};
  // Where they are measured to be faster (convolution_type()).
  constexpr std::uint64_t kInt8WithBf16Convolutions = 16448263634607579223u;
  constexpr Format kDecoders[] = {
      {ComputeType::float32, 18211916936382584240u, 15245062561865800108u, 2938643464066328308u},
      {ComputeType::bfloat16, 2811769843642101364u, 2811769843642101364u, 11307560637675069832u},
      {ComputeType::int8, 5264519170995848213u, 5264519170995848213u, 14403860817817694421u},
      {ComputeType::int8_float32, 5264519170995848213u, 5264519170995848213u,
       14403860817817694421u},
      {ComputeType::int8_two_bytes, 16742361785387070271u, 16742361785387070271u,
       16742361785387070271u}};
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool(1);
  for (const Isa isa : available_isas()) {
    for (const Format& format : kEncoders) {
      if (format.type == ComputeType::bfloat16 && isa != Isa::avx512_bf16) continue;
      const bool bf16_convolutions = format.type == ComputeType::int8 &&
                                     convolution_type(format.type, isa) == ComputeType::bfloat16;
      const auto packed = std::make_shared<PackedWeights>();
      make_encoder(kOddDims, weights, isa, format.type, pool, packed);
      EXPECT_EQ(digest(*packed, format.type),
                bf16_convolutions ? kInt8WithBf16Convolutions : expected(format, isa))
          << "count kPackedFormat up: the encoder in " << name_of(format.type) << " with "
          << name_of(isa);
    }
    for (const Format& format : kDecoders) {
      const auto packed = std::make_shared<PackedWeights>();
      make_decoder(kOddDims, weights, isa, format.type, pool, packed);
      EXPECT_EQ(digest(*packed, format.type), expected(format, isa))
          << "count kPackedFormat up: the decoder in " << name_of(format.type) << " with "
          << name_of(isa);
    }
  }
}

}  // namespace
}  // namespace sotto::cpu
