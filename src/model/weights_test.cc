#include "model/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <csignal>
#include <cstdlib>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/testing.h"
#include "model/golden_testing.h"
#include "model/json.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;

constexpr Dims kMicro = {80, 1500, 64, 1, 2, 256, 51864, 448, 64, 1, 2, 256};

template <typename T>
Tensor view(DType type, Shape shape, const std::vector<T>& data) {
  return {type, std::move(shape), reinterpret_cast<const std::byte*>(data.data())};
}

std::vector<float> read(const Weights& weights, std::string_view name, const Shape& shape) {
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  std::vector<float> out(static_cast<std::size_t>(size));
  weights.read(name, shape, out);
  return out;
}

TEST(Weights, ReadsEachTypeExactly) {
  const std::vector<float> f32 = {1.5f, -0.0f, 1e-42f};
  const std::vector<std::uint16_t> f16 = {0x3C00, 0x0001, 0xFBFF};
  const std::vector<std::uint16_t> bf16 = {0x3F80, 0x0001, 0xFF7F};
  Weights weights;
  weights.add("a", view(DType::f32, {3}, f32));
  weights.add("b", view(DType::f16, {3, 1}, f16));
  weights.add("c", view(DType::bf16, {1, 3}, bf16));
  EXPECT_EQ(read(weights, "a", {3}), f32);
  EXPECT_EQ(read(weights, "b", {3, 1}), (std::vector<float>{1, 0x1p-24f, -65504}));
  EXPECT_EQ(
      read(weights, "c", {1, 3}),
      (std::vector<float>{1, 0x1p-133f, -std::numeric_limits<float>::max() + 0xFFFF * 0x1p104f}));
}

TEST(Weights, ReadsUnalignedData) {
  const float value = 0.1f;
  std::vector<std::byte> bytes(1 + sizeof value);
  std::memcpy(bytes.data() + 1, &value, sizeof value);
  Weights weights;
  weights.add("a", {DType::f32, {1}, bytes.data() + 1});
  weights.add("h", {DType::f16, {2}, bytes.data() + 1});
  EXPECT_EQ(read(weights, "a", {1}), std::vector<float>{0.1f});
  EXPECT_EQ(read(weights, "h", {2}).size(), 2u);
}

TEST(Weights, ErrorsNameTheFileAndTheTensor) {
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  Weights weights;
  weights.source = "m.bin";
  weights.add("a", view(DType::f32, {2, 3}, data));
  EXPECT_EQ(message_of(ErrorKind::model, [&] { weights.at("b", {64}); }),
            "m.bin: tensor b is missing; it should be [64]");
  EXPECT_EQ(message_of(ErrorKind::model,
                       [&] {
                         weights.at("a", {3, 2});
                       }),
            "m.bin: tensor a is [2, 3], and the model's sizes make it [3, 2]");
  EXPECT_EQ(message_of(ErrorKind::model, [&] { weights.add("a", view(DType::f32, {6}, data)); }),
            "m.bin: tensor a is there twice");
  EXPECT_TRUE(weights.contains("a"));
  EXPECT_FALSE(weights.contains("b"));
}

TEST(Weights, RefusesNumbersThatAreNotFinite) {
  const std::vector<float> nan = {1, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<std::uint16_t> infinity = {0x3C00, 0x3C00, 0xFC00};
  Weights weights;
  weights.source = "m.bin";
  weights.add("a", view(DType::f32, {2}, nan));
  weights.add("b", view(DType::f16, {3}, infinity));
  EXPECT_THAT(
      message_of(ErrorKind::model, [&] { read(weights, "a", {2}); }),
      ::testing::StartsWith("m.bin: tensor a holds nan at index 1; weights must be finite"));
  EXPECT_THAT(message_of(ErrorKind::model, [&] { read(weights, "b", {3}); }),
              ::testing::StartsWith("m.bin: tensor b holds -inf at index 2"));
}

TEST(Weights, ReadingStopsAfterCtrlC) {
  const auto read_after_signal = [] {
    catch_interrupts();
    std::raise(SIGINT);
    const std::vector<float> numbers(3);
    Weights weights;
    weights.add("a", {.type = DType::f32,
                      .shape = {3},
                      .data = reinterpret_cast<const std::byte*>(numbers.data())});
    try {
      weights.check_finite();
    } catch (const Error& error) {
      std::exit(error.kind() == ErrorKind::interrupted ? 7 : 1);
    }
    std::exit(0);
  };
  EXPECT_EXIT(read_after_signal(), ::testing::ExitedWithCode(7), "");
}

TEST(Weights, KeepsOwnersAlive) {
  Weights weights;
  auto owner = std::make_shared<const std::vector<float>>(1, 7.0f);
  const std::weak_ptr<const void> watch = owner;
  weights.add("a", view(DType::f32, {1}, *owner));
  weights.keep(std::move(owner));
  EXPECT_EQ(read(weights, "a", {1}), std::vector<float>{7});
  weights = Weights();
  EXPECT_TRUE(watch.expired());
}

TEST(RequiredTensors, CountAndNames) {
  // Encoder: 2 convolutions × 2, positions, 15 a layer, final LayerNorm × 2.
  EXPECT_EQ(required_tensors(kMicro, Part::encoder).size(), 4u + 1 + 15 * 2 + 2);
  // Decoder: 2 embeddings, 24 a layer, final LayerNorm × 2.
  EXPECT_EQ(required_tensors(kMicro, Part::decoder).size(), 2u + 24 * 2 + 2);
  const auto contains = [](const std::string& name, const Shape& shape) {
    return ::testing::Contains(::testing::Pair(name, shape));
  };
  const auto encoder = required_tensors(kMicro, Part::encoder);
  EXPECT_THAT(encoder, contains("encoder.conv1.weight", {64, 80, 3}));
  EXPECT_THAT(encoder, contains("encoder.positional_embedding", {1500, 64}));
  EXPECT_THAT(encoder, contains("encoder.blocks.1.mlp.0.weight", {256, 64}));
  EXPECT_THAT(encoder, contains("encoder.blocks.1.mlp.2.weight", {64, 256}));
  EXPECT_THAT(encoder, contains("encoder.ln_post.bias", {64}));
  const auto decoder = required_tensors(kMicro, Part::decoder);
  EXPECT_THAT(decoder, contains("decoder.token_embedding.weight", {51864, 64}));
  EXPECT_THAT(decoder, contains("decoder.positional_embedding", {448, 64}));
  EXPECT_THAT(decoder, contains("decoder.blocks.0.cross_attn_ln.weight", {64}));
  EXPECT_THAT(decoder, contains("decoder.blocks.1.cross_attn.key.weight", {64, 64}));
  EXPECT_THAT(decoder, ::testing::Not(contains("decoder.blocks.1.cross_attn.key.bias", {64})));
}

// The expected numbers come from an independent Python program that follows testing.h.
TEST(SeededWeights, KnownNumbers) {
  Dims dims = kMicro;
  dims.n_vocab = 2000;
  const Weights weights = testing::seeded_weights(dims, 7);
  EXPECT_NO_THROW(weights.check(dims, Part::encoder));
  EXPECT_NO_THROW(weights.check(dims, Part::decoder));
  const auto conv1 = read(weights, "encoder.conv1.weight", {64, 80, 3});
  EXPECT_EQ(conv1[0], 0x1.3f0226p-4f);
  EXPECT_EQ(conv1[1], -0x1.5915d8p-4f);
  EXPECT_EQ(conv1[2], 0x1.9b6168p-5f);
  const auto ln = read(weights, "encoder.blocks.0.attn_ln.weight", {64});
  EXPECT_EQ(ln[0], 0x1.078e4ep+0f);
  EXPECT_EQ(ln[1], 0x1.f48b78p-1f);
  EXPECT_EQ(read(weights, "decoder.blocks.0.cross_attn.out.bias", {64}).back(), -0x1.12939ap-6f);
  EXPECT_EQ(read(weights, "decoder.token_embedding.weight", {2000, 64}).back(), -0x1.8d41d0p-3f);
  const auto positions = read(weights, "encoder.positional_embedding", {1500, 64});
  EXPECT_EQ(positions[0], 0.0f);
  EXPECT_EQ(positions[32], 1.0f);
  EXPECT_EQ(positions[1499 * 64 + 31], 0x1.31d8c8p-3f);
  EXPECT_EQ(positions[1499 * 64 + 33], -0x1.122664p-7f);
  EXPECT_EQ(positions[700 * 64 + 40], -0x1.1b4f60p-1f);
  EXPECT_EQ(read(testing::seeded_weights(dims, ~0ull), "decoder.ln.weight", {64}).back(),
            0x1.f70e98p-1f);
}

TEST(SeededWeights, AsTheGoldenDataWereMadeWith) {
  for (const char* name : {"english", "multilingual"}) {
    const testing::GoldenModel model(concat("seeded_", name, ".json"));
    const Weights& weights = model.weights;
    const Json& golden = model.json;
    ASSERT_EQ(golden["weights"].size(), weights.tensors().size());
    for (const Json& expected : golden["weights"]) {
      const auto tensor = expected["name"].get<std::string>();
      const auto values = read(weights, tensor, expected["shape"].get<Shape>());
      for (std::size_t i = 0; i < expected["first"].size(); ++i) {
        EXPECT_EQ(values[i], expected["first"][i].get<float>()) << tensor;
      }
      if (expected["crc32"].is_null()) continue;
      const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(values.data()),
                               static_cast<uInt>(values.size() * sizeof(float)));
      EXPECT_EQ(crc, expected["crc32"].get<unsigned long>()) << tensor;
    }
  }
}

}  // namespace
}  // namespace sotto::model
