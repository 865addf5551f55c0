#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sotto {
namespace {

TEST(Half, F16KnownValues) {
  EXPECT_EQ(f16_to_f32(0x0000), 0.0f);
  EXPECT_TRUE(std::signbit(f16_to_f32(0x8000)));
  EXPECT_EQ(f16_to_f32(0x3C00), 1.0f);
  EXPECT_EQ(f16_to_f32(0xC000), -2.0f);
  EXPECT_EQ(f16_to_f32(0x7BFF), 65504.0f);
  EXPECT_EQ(f16_to_f32(0x0400), 0x1p-14f);             // smallest normal
  EXPECT_EQ(f16_to_f32(0x0001), 0x1p-24f);             // smallest subnormal
  EXPECT_EQ(f16_to_f32(0x83FF), -1023.0f * 0x1p-24f);  // largest subnormal, negative
  EXPECT_EQ(f16_to_f32(0x7C00), std::numeric_limits<float>::infinity());
  EXPECT_EQ(f16_to_f32(0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(f16_to_f32(0x7E00)));
}

TEST(Half, F16IsMonotonicOverAllFiniteValues) {
  for (unsigned bits = 1; bits < 0x7C00; ++bits) {
    ASSERT_GT(f16_to_f32(static_cast<std::uint16_t>(bits)),
              f16_to_f32(static_cast<std::uint16_t>(bits - 1)))
        << bits;
  }
}

TEST(Half, ToF16RoundsToTheNearestTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    ASSERT_EQ(f32_to_f16(value), half);
    ASSERT_EQ(f32_to_f16(-value), half | 0x8000);
    if (bits == 0x7BFF) break;
    const float next = f16_to_f32(static_cast<std::uint16_t>(bits + 1));
    const float tie = value + (next - value) / 2;  // exact: f32 has more digits
    ASSERT_EQ(f32_to_f16(tie), bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(f32_to_f16(std::nextafter(tie, value)), bits) << bits;
    ASSERT_EQ(f32_to_f16(std::nextafter(tie, next)), bits + 1) << bits;
  }
  EXPECT_EQ(f32_to_f16(std::nextafter(65520.0f, 0.0f)), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xFC00);
  EXPECT_EQ(f32_to_f16(1e-45f), 0);
}

TEST(Half, Bf16KnownValues) {
  EXPECT_EQ(bf16_to_f32(0x3F80), 1.0f);
  EXPECT_EQ(bf16_to_f32(0xC040), -3.0f);
  EXPECT_TRUE(std::isnan(bf16_to_f32(0x7FC0)));
}

TEST(Bf16, RoundsToTheNearestTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    EXPECT_EQ(f32_to_bf16(bf16_to_f32(static_cast<std::uint16_t>(bits))), bits);
  }
  EXPECT_EQ(f32_to_bf16(1 + 0x1p-8f), 0x3F80);  // a tie, down to even
  EXPECT_EQ(f32_to_bf16(1 + 0x1p-8f + 0x1p-20f), 0x3F81);
  EXPECT_EQ(f32_to_bf16(-(1 + 0x3p-8f)), 0xBF82);  // a tie, up to even
}

}  // namespace
}  // namespace sotto
