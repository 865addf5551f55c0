#include "bench/work.h"

#include <gtest/gtest.h>

namespace sotto::bench {
namespace {

using cpu::ConvolutionType;
using model::ComputeType;

const model::Dims kBase = *model::released_dims("base");

TEST(Work, OfTheEncoderIsTheModelsArithmetic) {
  // 1500 positions, 512 wide, 6 layers: 4·512² + 2·512·2048 products a position and layer.
  const Work linear = linear_layers_work(kBase, ComputeType::int8);
  EXPECT_EQ(linear[Resource::int8], 6.0 * 1500 * 3145728);
  EXPECT_EQ(linear.products(), linear[Resource::int8]);
  // Scores and mixing: 2·1500²·512 a layer.
  EXPECT_EQ(attention_work(kBase, ComputeType::int8)[Resource::int8], 6 * 2.0 * 1500 * 1500 * 512);
  EXPECT_EQ(attention_work(kBase, ComputeType::int8_float32)[Resource::float32],
            6 * 2.0 * 1500 * 1500 * 512);
  // 3000 × 512 × 3·80, then 1500 × 512 × 3·512.
  const double convolutions = 3000.0 * 512 * 240 + 1500.0 * 512 * 1536;
  EXPECT_EQ(convolutions_work(kBase, ConvolutionType::float32)[Resource::float32], convolutions);
  EXPECT_EQ(convolutions_work(kBase, ConvolutionType::bfloat16)[Resource::bfloat16], convolutions);
  EXPECT_EQ(convolutions_work(kBase, ConvolutionType::int16)[Resource::int16], convolutions);
  // 28.3 + 13.8 + 1.55 GMAC.
  const Work encoder = encoder_work(kBase, ComputeType::float32, ConvolutionType::float32);
  EXPECT_NEAR(encoder[Resource::float32] * 1e-9, 43.68, 0.01);
}

TEST(Work, OfAStepReadsTheWeightsOnceAndTheWindowsEach) {
  // 51865·512 + 6·(6·512² + 2·512·2048) weights.
  constexpr double kWeights = 26554880 + 22020096;
  const Work one = step_work(kBase, ComputeType::float32, 1, 1, 0);
  const double cache = 6 * 1500 * 2 * 512 * 4.0;
  EXPECT_EQ(one[Resource::memory], 4 * kWeights + cache);
  EXPECT_EQ(one[Resource::float32], kWeights + 6.0 * 2 * 1500 * 512);
  const Work eight = step_work(kBase, ComputeType::float32, 8, 8, 0);
  EXPECT_EQ(eight[Resource::memory], 4 * kWeights + 8 * cache);
  EXPECT_EQ(eight[Resource::float32], 8 * one[Resource::float32]);
  const Work beams = step_work(kBase, ComputeType::float32, 5, 1, 10);
  EXPECT_EQ(beams[Resource::memory], 4 * kWeights + cache + 5 * 6 * 10 * 2 * 512 * 4.0);
  // A byte for each weight, and two for the scale of each 64.
  const Work bytes = step_work(kBase, ComputeType::int8_float32, 1, 1, 0);
  EXPECT_EQ(bytes[Resource::memory], kWeights * 66 / 64 + cache);
  EXPECT_EQ(bytes[Resource::int8], kWeights);
  EXPECT_EQ(bytes[Resource::float32], 6.0 * 2 * 1500 * 512);
}

// A decoder in bfloat16 reads half of the bytes; what it multiplies are floats (decoder_numbers.h).
TEST(Work, OfADecoderInBfloat16IsThatOfFloatsWithHalfTheWeights) {
  constexpr double kWeights = 26554880 + 22020096;
  const Work floats = cross_kv_work(kBase, ComputeType::float32);
  const Work bfloats = cross_kv_work(kBase, ComputeType::bfloat16);
  EXPECT_EQ(bfloats[Resource::float32], floats[Resource::float32]);
  EXPECT_EQ(bfloats.products(), floats.products());
  const Work step = step_work(kBase, ComputeType::bfloat16, 1, 1, 0);
  const Work float_step = step_work(kBase, ComputeType::float32, 1, 1, 0);
  EXPECT_EQ(step[Resource::float32], float_step[Resource::float32]);
  EXPECT_EQ(step[Resource::bfloat16], 0);
  EXPECT_EQ(float_step[Resource::memory] - step[Resource::memory], 2 * kWeights);
}

TEST(Floor, IsTheProductsOneAfterTheOtherWithMemoryBeside) {
  Work work;
  work[Resource::int8] = 100;
  work[Resource::bfloat16] = 50;
  work[Resource::memory] = 30;
  Rates rates;
  rates[Resource::int8] = 10;
  rates[Resource::bfloat16] = 5;
  rates[Resource::memory] = 1;
  EXPECT_EQ(floor_seconds(work, rates), 30);  // memory: 30, products: 10 + 10
  EXPECT_EQ(bound_of(work, rates), "memory");
  rates[Resource::memory] = 2;
  EXPECT_EQ(floor_seconds(work, rates), 20);
  EXPECT_EQ(bound_of(work, rates), "bfloat16 + int8");
}

TEST(Floor, IsUnknownWithoutWorkOrARate) {
  Work work;
  Rates rates;
  rates[Resource::int8] = 1;
  EXPECT_EQ(floor_seconds(work, rates), std::nullopt);
  EXPECT_EQ(bound_of(work, rates), "");
  work[Resource::int8] = 1;
  work[Resource::bfloat16] = 1;
  EXPECT_EQ(floor_seconds(work, rates), std::nullopt);
}

}  // namespace
}  // namespace sotto::bench
