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
std::uint64_t digest(ComputeType type) {
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool(1);
  const auto packed = std::make_shared<PackedWeights>();
  if (type != ComputeType::bfloat16) {
    make_encoder(kOddDims, weights, Isa::portable, type, pool, packed);
  }
  make_decoder(kOddDims, weights, Isa::portable, type, pool, packed);
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3u; };
  for (const auto& array : packed->arrays()) {
    add(array.size());
    if (type == ComputeType::int8 || type == ComputeType::int8_float32) continue;
    for (const std::byte byte : array) add(static_cast<std::uint64_t>(byte));
  }
  return hash;
}

TEST(PackedFormatTest, AChangeOfTheArraysNeedsAnotherFormat) {
  ASSERT_EQ(kPackedFormat, 3u) << "then put the new digests here";
  EXPECT_EQ(digest(ComputeType::float32), 8414839499706304618u) << "count kPackedFormat up";
  EXPECT_EQ(digest(ComputeType::bfloat16), 2811769843642101364u) << "count kPackedFormat up";
  EXPECT_EQ(digest(ComputeType::int8), 10660469110745872167u) << "count kPackedFormat up";
  EXPECT_EQ(digest(ComputeType::int8_float32), 10660469110745872167u) << "count kPackedFormat up";
}

}  // namespace
}  // namespace sotto::cpu
