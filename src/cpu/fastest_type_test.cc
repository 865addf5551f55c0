#include "cpu/fastest_type.h"

#include <gtest/gtest.h>

#include "cpu/cpu_testing.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;

TEST(Fastest, IsFloatUnlessAnotherIsWorthIt) {
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = {}, .int8 = {}}, kWorthInEncoder),
            ComputeType::float32);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = {}, .int8 = 0.95}, kWorthInEncoder),
            ComputeType::float32);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = {}, .int8 = 0.85}, kWorthInEncoder),
            ComputeType::int8);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = 0.5, .int8 = 0.85}, kWorthInEncoder),
            ComputeType::bfloat16);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = 0.5, .int8 = 0.25}, kWorthInEncoder),
            ComputeType::int8);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = 2, .int8 = 4}, kWorthInEncoder),
            ComputeType::float32);
}

TEST(Fastest, InTheDecoderFewerBytesCount) {
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = {}, .int8 = 1.5}, kWorthInDecoder),
            ComputeType::int8);
  EXPECT_EQ(fastest({.float32 = 1, .bfloat16 = {}, .int8 = 2.5}, kWorthInDecoder),
            ComputeType::float32);
}

class TimesTest : public ::testing::TestWithParam<Isa> {};

TEST_P(TimesTest, AreThoseOfTheTypesThatThereAre) {
  const TypeTimes encoder = time_encoder_types(GetParam());
  EXPECT_GT(encoder.float32, 0);
  ASSERT_TRUE(encoder.int8);
  EXPECT_GT(*encoder.int8, 0);
  EXPECT_EQ(encoder.bfloat16.has_value(), GetParam() == Isa::avx512_bf16);
  const TypeTimes decoder = time_decoder_types(GetParam());
  EXPECT_GT(decoder.float32, 0);
  ASSERT_TRUE(decoder.int8);
  EXPECT_GT(*decoder.int8, 0);
  EXPECT_FALSE(decoder.bfloat16);
}

TEST_P(TimesTest, Bfloat16IsNotFasterWhereItIsNotThere) {
  EXPECT_TRUE(GetParam() == Isa::avx512_bf16 || !bfloat16_is_faster(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Isa, TimesTest, ::testing::ValuesIn(available_isas()), testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
