#include "npu/kernels/host/fixed_point.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host {
namespace {

using testing::kAllRoundings;

/// The definition: the integer that each mode's name says, from the exact quotient.
std::int64_t rounded(long double x, Rounding rounding) {
  const long double below = std::floor(x);
  const long double above = std::ceil(x);
  const auto nearest = [&](long double on_tie) {
    if (x - below == above - x) return on_tie;
    return x - below < above - x ? below : above;
  };
  const bool below_is_even = std::fmod(below, 2.0L) == 0;
  switch (rounding) {
    case Rounding::floor:
      return static_cast<std::int64_t>(below);
    case Rounding::ceil:
      return static_cast<std::int64_t>(above);
    case Rounding::symmetric_floor:
      return static_cast<std::int64_t>(std::trunc(x));
    case Rounding::symmetric_ceil:
      return static_cast<std::int64_t>(x < 0 ? below : above);
    case Rounding::negative_inf:
      return static_cast<std::int64_t>(nearest(below));
    case Rounding::positive_inf:
      return static_cast<std::int64_t>(nearest(above));
    case Rounding::symmetric_zero:
      return static_cast<std::int64_t>(nearest(std::trunc(x)));
    case Rounding::symmetric_inf:
      return static_cast<std::int64_t>(nearest(x < 0 ? below : above));
    case Rounding::conv_even:
      return static_cast<std::int64_t>(nearest(below_is_even ? below : above));
    case Rounding::conv_odd:
      return static_cast<std::int64_t>(nearest(below_is_even ? above : below));
  }
  return 0;
}

TEST(FixedPoint, RoundsAsTheModesAreNamed) {
  for (const Rounding rounding : kAllRoundings) {
    for (const int shift : {0, 1, 2, 3, 7}) {
      for (std::int64_t value = -70; value <= 70; ++value) {
        EXPECT_EQ(round_shift(value, shift, rounding),
                  rounded(static_cast<long double>(value) / (1 << shift), rounding))
            << value << " >> " << shift << " in mode " << static_cast<int>(rounding);
      }
    }
  }
}

TEST(FixedPoint, ShiftsOfSixtyThreeBits) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
  for (const Rounding rounding : kAllRoundings) {
    EXPECT_EQ(round_shift(kLowest, 63, rounding), -1);
    EXPECT_EQ(round_shift(kHighest, 63, rounding), rounded(1 - 0x1p-63L, rounding));
    EXPECT_EQ(round_shift(-1, 63, rounding), rounded(-0x1p-63L, rounding));
  }
}

TEST(FixedPoint, SaturatesOrKeepsTheLowerBits) {
  EXPECT_EQ(saturate<int8>(300, Saturation::none), 44);
  EXPECT_EQ(saturate<int8>(-300, Saturation::none), -44);
  EXPECT_EQ(saturate<int8>(300, Saturation::saturate), 127);
  EXPECT_EQ(saturate<int8>(-300, Saturation::saturate), -128);
  EXPECT_EQ(saturate<int8>(-300, Saturation::symmetric), -127);
  EXPECT_EQ(saturate<int8>(-128, Saturation::symmetric), -127);
  EXPECT_EQ(saturate<int8>(-127, Saturation::saturate), -127);
  EXPECT_EQ(saturate<uint8>(-1, Saturation::saturate), 0);
  EXPECT_EQ(saturate<uint8>(256, Saturation::saturate), 255);
  EXPECT_EQ(saturate<uint8>(-1, Saturation::none), 255);
  EXPECT_EQ(saturate<uint8>(-1, Saturation::symmetric), 0);
  EXPECT_EQ(saturate<int32>(std::int64_t{1} << 40, Saturation::saturate), 2147483647);
}

TEST(FixedPoint, RoundingMayCarryIntoSaturation) {
  // 127.5 to nearest is 128, which is clamped; without saturation it wraps.
  EXPECT_EQ(shift_round_saturate<int8>(255, 1, Rounding::conv_even, Saturation::saturate), 127);
  EXPECT_EQ(shift_round_saturate<int8>(255, 1, Rounding::conv_even, Saturation::none), -128);
  EXPECT_EQ(shift_round_saturate<int8>(255, 1, Rounding::floor, Saturation::none), 127);
}

TEST(FixedPoint, NegativeShiftMultiplies) {
  EXPECT_EQ(shift_round_saturate<int32>(-3, -4, Rounding::floor, Saturation::none), -48);
  EXPECT_EQ(shift_round_saturate<int16>(3000, -4, Rounding::floor, Saturation::saturate), 32767);
}

TEST(FixedPoint, ShiftsThatMeanNothingAreRefused) {
  using ::sotto::testing::message_of;
  using ::testing::HasSubstr;
  const auto refuses = [](int shift, auto call) {
    EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { call(shift); }),
                HasSubstr("shift by " + std::to_string(shift) + " bits"));
  };
  const aie::vector<int32, 16> v(5);
  const aie::accum<acc64, 16> acc(v);
  for (const int shift : {64, 70, -64}) {
    refuses(shift, [&](int s) { acc.to_vector<int32>(s); });
  }
  for (const int shift : {-1, 64, 65}) {
    refuses(shift, [&](int s) { aie::accum<acc64, 16>(v, s); });
  }
  refuses(64, [&](int s) { aie::downshift(aie::vector<int16, 32>(5), static_cast<unsigned>(s)); });
  refuses(64, [&](int s) { aie::upshift(aie::vector<int16, 32>(5), static_cast<unsigned>(s)); });
  EXPECT_EQ(acc.to_vector<int32>(63)[0], 0);
  EXPECT_EQ(acc.to_vector<int32>(-63)[0], 0);
  EXPECT_EQ((aie::accum<acc64, 16>(v, 63).data()[0]), std::numeric_limits<std::int64_t>::min());
}

TEST(FixedPoint, FloorOfBfloat16) {
  EXPECT_EQ(floor_to_int(bfloat16(1.5f), 0), 1);
  EXPECT_EQ(floor_to_int(bfloat16(-2.5f), 0), -3);
  EXPECT_EQ(floor_to_int(bfloat16(10.0f), 3), 80);
  EXPECT_EQ(floor_to_int(bfloat16(10.0f), -3), 1);
  EXPECT_EQ(floor_to_int(bfloat16(-0.0f), 8), 0);
  EXPECT_EQ(floor_to_int(bfloat16(10.0f), 0x23), 0);     // the lower six bits: -29
  EXPECT_EQ(floor_to_int(bfloat16(10.0f), -249), 1280);  // … and 7
  EXPECT_EQ(floor_to_int(bfloat16(3e9f), 0), 2147483647);
  EXPECT_EQ(floor_to_int(bfloat16(-3e9f), 0), std::numeric_limits<int32>::min());
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0xFF80), 0), std::numeric_limits<int32>::min());
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x7FC0), 0), 2147483647);  // NaN
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x7F80), 0), 2147483647);
  // Subnormals, on the silicon.
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x0001), 0), 0);
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x8001), 0), -1);
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x807F), 31), -1);
  EXPECT_EQ(floor_to_int(bfloat16::from_bits(0x007F), 31), 0);
}

TEST(FixedPoint, ArithmeticWraps) {
  EXPECT_EQ(wrapping_add<int8>(127, 1), -128);
  EXPECT_EQ(wrapping_sub<int32>(std::numeric_limits<int32>::min(), 1), 2147483647);
  EXPECT_EQ(wrapping_mul<uint16>(65535, 65535), 1);
  EXPECT_EQ(wrapping_shift_left<int16>(-1, 15), -32768);
}

}  // namespace
}  // namespace sotto::npu::host
