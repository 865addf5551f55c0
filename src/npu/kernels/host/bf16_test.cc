#include "npu/kernels/host/bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

namespace sotto::npu::host {
namespace {

constexpr Rounding kRoundings[] = {
    Rounding::floor,          Rounding::ceil,          Rounding::symmetric_floor,
    Rounding::symmetric_ceil, Rounding::negative_inf,  Rounding::positive_inf,
    Rounding::symmetric_zero, Rounding::symmetric_inf, Rounding::conv_even,
    Rounding::conv_odd,
};

float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

/// A bfloat16 as a number; the one above the largest is 2^128.
double number(std::uint32_t magnitude) {
  return magnitude == 0x7F80 ? 0x1p128 : widen_bf16(static_cast<std::uint16_t>(magnitude));
}

/// The definition: of the two neighbours of x the one that the mode's name says, by their values.
std::uint16_t nearest(float x, Rounding rounding) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 31 << 15, inner = bits >> 16 & 0x7FFF, outer = inner + 1;
  const double magnitude = std::fabs(double{x});
  const bool negative = sign != 0;
  if (number(inner) == magnitude) return static_cast<std::uint16_t>(sign | inner);
  const double to_inner = magnitude - number(inner), to_outer = number(outer) - magnitude;
  const auto pick = [&](bool outwards) {
    return static_cast<std::uint16_t>(sign | (outwards ? outer : inner));
  };
  switch (rounding) {
    case Rounding::floor:
      return pick(negative);
    case Rounding::ceil:
      return pick(!negative);
    case Rounding::symmetric_floor:
      return pick(false);
    case Rounding::symmetric_ceil:
      return pick(true);
    default:
      break;
  }
  if (to_inner != to_outer) return pick(to_outer < to_inner);
  switch (rounding) {
    case Rounding::negative_inf:
      return pick(negative);
    case Rounding::positive_inf:
      return pick(!negative);
    case Rounding::symmetric_zero:
      return pick(false);
    case Rounding::symmetric_inf:
      return pick(true);
    case Rounding::conv_even:
      return pick(outer % 2 == 0);
    default:
      return pick(outer % 2 == 1);
  }
}

TEST(Bf16, WideningKeepsEveryPattern) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(widen_bf16(static_cast<std::uint16_t>(bits))),
              bits << 16);
  }
}

TEST(Bf16, NarrowsEveryFiniteNumberAsTheModeSays) {
  for (const Rounding rounding : kRoundings) {
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
      if ((upper & 0x7F80) == 0x7F80) continue;
      for (const std::uint32_t lower : {0x0u, 0x1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
        const float x = float_of(upper << 16 | lower);
        ASSERT_EQ(narrow_to_bf16(x, rounding), nearest(x, rounding))
            << std::hex << (upper << 16 | lower) << " mode " << static_cast<int>(rounding);
      }
    }
  }
}

struct Narrowing {
  std::uint32_t from;
  std::uint16_t floor, ceil, conv_even, conv_odd;
};

// Captured on silicon: xdna-emu, tests/vector-verify/vec_conv_bf16_edge_r{0,1,12,13}.
TEST(Bf16, EdgesAsOnSilicon) {
  const Narrowing cases[] = {
      {0x00000001, 0x0000, 0x0001, 0x0000, 0x0000},  // subnormals are rounded, not flushed
      {0x00008000, 0x0000, 0x0001, 0x0000, 0x0001},  //
      {0x0000C000, 0x0000, 0x0001, 0x0001, 0x0001},  //
      {0x80000001, 0x8001, 0x8000, 0x8000, 0x8000},  //
      {0x80000000, 0x8000, 0x8000, 0x8000, 0x8000},  // -0
      {0x007FFFFF, 0x007F, 0x0080, 0x0080, 0x0080},  // up to the smallest normal number
      {0x7F800000, 0x7F80, 0x7F80, 0x7F80, 0x7F80},  // infinity
      {0x7F800001, 0x7F81, 0x7F81, 0x7F81, 0x7F81},  // NaN stays one
      {0xFF804001, 0xFF81, 0xFF81, 0xFF81, 0xFF81},  //
      {0x7FFFFFFF, 0x7FFF, 0x7FFF, 0x7FFF, 0x7FFF},  // and is never rounded
      {0xFFFF8001, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},  //
  };
  for (const Narrowing& c : cases) {
    const float x = float_of(c.from);
    EXPECT_EQ(narrow_to_bf16(x, Rounding::floor), c.floor) << std::hex << c.from;
    EXPECT_EQ(narrow_to_bf16(x, Rounding::ceil), c.ceil) << std::hex << c.from;
    EXPECT_EQ(narrow_to_bf16(x, Rounding::conv_even), c.conv_even) << std::hex << c.from;
    EXPECT_EQ(narrow_to_bf16(x, Rounding::conv_odd), c.conv_odd) << std::hex << c.from;
  }
}

TEST(Bf16, TheLargestNumbersBecomeInfiniteOnlyOutwards) {
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(narrow_to_bf16(largest, Rounding::floor), 0x7F7F);
  EXPECT_EQ(narrow_to_bf16(-largest, Rounding::floor), 0xFF80);
  EXPECT_EQ(narrow_to_bf16(largest, Rounding::conv_even), 0x7F80);
  EXPECT_EQ(narrow_to_bf16(-largest, Rounding::symmetric_floor), 0xFF7F);
}

constexpr float kBetween = 1.01f;  // 0x3F8147AE: between 0x3F81 and 0x3F82, nearer to the first

TEST(CoreState, ACoreThatNobodySetUpRoundsToFloor) {
  CoreState state;
  const CoreScope scope(state);
  EXPECT_EQ(core().rounding, Rounding::floor);
  EXPECT_EQ(core().saturation, Saturation::none);
  EXPECT_EQ(core().mac_model, MacModel::exact);
  const volatile float x = -kBetween;
  EXPECT_EQ(bfloat16(x).bits(), 0xBF82);
  state.rounding = Rounding::conv_even;
  EXPECT_EQ(bfloat16(x).bits(), 0xBF81);
}

TEST(CoreState, ConstantsAreRoundedToNearestByTheCompiler) {
  CoreState state{.rounding = Rounding::ceil};
  const CoreScope scope(state);
  constexpr bfloat16 constant = kBetween;
  const volatile float x = kBetween;
  EXPECT_EQ(constant.bits(), 0x3F81);
  EXPECT_EQ(bfloat16(x).bits(), 0x3F82);
  EXPECT_EQ(constant * 2.0f, 2.015625f);
}

TEST(CoreState, ScopesNestAndEveryThreadHasItsOwn) {
  CoreState& lone = core();
  CoreState first, second;
  {
    const CoreScope outer(first);
    EXPECT_EQ(&core(), &first);
    {
      const CoreScope inner(second);
      EXPECT_EQ(&core(), &second);
      std::thread([&] {
        EXPECT_NE(&core(), &second);
        EXPECT_NE(&core(), &lone);
      }).join();
    }
    EXPECT_EQ(&core(), &first);
  }
  EXPECT_EQ(&core(), &lone);
}

}  // namespace
}  // namespace sotto::npu::host
