#include "model/compute_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using ::testing::HasSubstr;

TEST(ComputeTypeTest, EachNameIsReadAsWritten) {
  for (const ComputeType type : {ComputeType::float32, ComputeType::bfloat16, ComputeType::int8,
                                 ComputeType::int8_float32, ComputeType::int8_two_bytes}) {
    EXPECT_EQ(parse_compute_type(name_of(type)), type);
  }
  EXPECT_EQ(parse_compute_type("auto"), std::nullopt);
}

TEST(ComputeTypeTest, TypesOfFasterWhisperAreRefusedWithTheNearest) {
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_compute_type("float16"); }),
              HasSubstr("the nearest is float32, or bfloat16 on processors with AVX-512 BF16"));
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_compute_type("int8_float16"); }),
              HasSubstr("the nearest is int8"));
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_compute_type("fp8"); }),
              HasSubstr("auto, float32, bfloat16, int8, int8_float32 and int8_two_bytes"));
}

}  // namespace
}  // namespace sotto::model
