// The rule itself: what one lane of the reference makes of numbers chosen to show it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "npu/kernels/host/bf16_mac_testing.h"

namespace sotto::npu::host {
namespace {

using testing::bf16_of;
using testing::Bits;
using testing::bits_of;
using testing::float_of;
using testing::reference;
using testing::Sums;

/// One lane of the reference: c ± a·b, up to 8 products.
float lane(float c, const std::vector<bfloat16>& a, const std::vector<bfloat16>& b,
           bool subtract = false) {
  std::array<bfloat16, 32> rows{}, columns{};
  for (std::size_t i = 0; i < a.size(); ++i) {
    rows[i] = a[i];
    columns[4 * i] = b[i];
  }
  Sums sums{};
  sums[0] = c;
  reference().mac_4x8x4(sums.data(), rows.data(), columns.data(), 1, 0, 0, subtract);
  return sums[0];
}

/// `lane` with operands given as bits.
Bits lane_bits(Bits c, const std::array<std::uint16_t, 8>& a,
               const std::array<std::uint16_t, 8>& b) {
  std::vector<bfloat16> x, y;
  for (const std::uint16_t bits : a) x.push_back(bfloat16::from_bits(bits));
  for (const std::uint16_t bits : b) y.push_back(bfloat16::from_bits(bits));
  return bits_of(lane(float_of(c), x, y));
}

std::vector<bfloat16> bf16s(const std::vector<float>& values) {
  std::vector<bfloat16> out;
  for (const float value : values) out.push_back(bf16_of(value));
  return out;
}

/// The place of the leading bit; subnormals count as the smallest normal number.
int place(double x) {
  return std::max(std::ilogb(x), -126);
}

/// The rule of bf16_mac.h for finite operands, in double, where no step below is inexact.
float rule(const std::vector<double>& terms, const std::vector<int>& places) {
  int top = -1000;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i] != 0) top = std::max(top, places[i]);
  }
  double sum = 0;
  for (const double term : terms) {
    if (term != 0) sum += std::nearbyint(std::ldexp(term, 23 - top));
  }
  if (sum == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(sum, &exponent);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(fraction, 24)), exponent - 47 + top);
  if (std::fabs(rounded) >= 0x1p128) return std::copysign(INFINITY, static_cast<float>(sum));
  if (std::fabs(rounded) < 0x1p-126) return std::copysign(0.0f, static_cast<float>(sum));
  return static_cast<float>(rounded);
}
TEST(Bf16MacReference, AddsProducts) {
  const std::vector<bfloat16> ones = bf16s({1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(lane(0, ones, ones), 8);
  EXPECT_EQ(lane(0.5f, ones, bf16s({1, -2, 3, -4, 5, -6, 7, -8})), -3.5f);
  EXPECT_EQ(lane(0.5f, ones, bf16s({1, -2, 3, -4, 5, -6, 7, -8}), true), 4.5f);
}

// Were a product placed at its leading bit, or added one after another, this would be 2.25.
TEST(Bf16MacReference, ProductsAreNotRenormalised) {
  const float tiny = 0x1p-23f;
  EXPECT_EQ(lane(tiny, bf16s({1.5f, tiny}), bf16s({1.5f, 1})), 2.25f + 2 * tiny);
}

// Sequential float32 gives 2^24 + 4, the exact sum and the sum of the products first 2^24 + 10.
TEST(Bf16MacReference, EachTermIsRoundedAloneTiesToEven) {
  const std::vector<bfloat16> ones = bf16s({1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(lane(0x1p24f + 2, ones, ones), 0x1p24f + 2);
  EXPECT_EQ(lane(0x1p24f + 2, bf16s({3}), bf16s({1})), 0x1p24f + 6);           // 1.5 to 2
  EXPECT_EQ(lane(0x1p24f + 2, bf16s({1.0078125f}), bf16s({1})), 0x1p24f + 4);  // above the tie
  EXPECT_EQ(lane(-0x1p24f - 2, ones, ones), -0x1p24f - 2);
  // The accumulator is rounded like the others.
  EXPECT_EQ(lane(1, bf16s({0x1p24f}), bf16s({1})), 0x1p24f);
  EXPECT_EQ(lane(3, bf16s({0x1p24f}), bf16s({1})), 0x1p24f + 4);
}

TEST(Bf16MacReference, TheSumIsRoundedToEven) {
  // At place 23 the grid is 1; the sums 2^24 + 1 and 2^24 + 3 are ties.
  EXPECT_EQ(lane(0x1p23f + 1, bf16s({0x1p23f}), bf16s({1})), 0x1p24f);
  EXPECT_EQ(lane(0x1p23f + 3, bf16s({0x1p23f}), bf16s({1})), 0x1p24f + 4);
}

TEST(Bf16MacReference, ZeroProductsHaveNoPlace) {
  EXPECT_EQ(lane(0x1p-60f, bf16s({0, 0x1p-60f}), bf16s({0x1p100f, 1})), 0x1p-59f);
}

TEST(Bf16MacReference, AnExactZeroIsPositive) {
  EXPECT_EQ(bits_of(lane(-0.0f, bf16s({-0.0f}), bf16s({1}))), 0u);
  EXPECT_EQ(bits_of(lane(-1.5f, bf16s({1.5f}), bf16s({1}))), 0u);
  EXPECT_EQ(bits_of(lane(1.5f, bf16s({-1.5f}), bf16s({1}))), 0u);
}

// Lanes of random bits captured on silicon: xdna-emu, tests/vector-verify/vec_mac_bf16_ovf.
TEST(Bf16MacReference, LanesAsOnSilicon) {
  // Placed at the leading bit, one after another, and exact: each would end in 79e3.
  EXPECT_EQ(lane_bits(0, {0x3516, 0x1A32, 0xFBEA, 0x3F40, 0x7CF6, 0x8B35, 0xBF11, 0xD78C},
                      {0x256E, 0xD9E5, 0x8ADA, 0x000E, 0x8909, 0xE38E, 0xBB5A, 0xA902}),
            0x470579E4u);
  // … in 5221.
  EXPECT_EQ(lane_bits(0, {0xB5FD, 0x8501, 0x5A30, 0x3998, 0x2024, 0xC766, 0x2359, 0x61E6},
                      {0x4769, 0x88C3, 0x39A4, 0xDEE1, 0x53FA, 0x36E4, 0xA724, 0xBFF3}),
            0xE25A5222u);
  // At the leading bit, alone, in acfe.
  EXPECT_EQ(lane_bits(0, {0xB8BF, 0x049A, 0xCA20, 0x706D, 0xEE84, 0xAD54, 0x10BA, 0x5C6F},
                      {0xB57B, 0xEAB1, 0xAF3D, 0x1E1F, 0x9481, 0x61AC, 0x594D, 0x2075}),
            0xCF09ACFFu);
  // A NaN among the operands.
  EXPECT_EQ(lane_bits(0, {0x3E03, 0x1C4F, 0xC89E, 0xE2E0, 0x304E, 0xDC4A, 0xC7E1, 0xC166},
                      {0x3294, 0xB985, 0x59CE, 0x4DEF, 0x7FA1, 0x20BA, 0xBA7D, 0x2341}),
            0xFF905901u);
  // 0 · ∞ where no term has a place (src/interpreter/execute/vector_matmul).
  EXPECT_EQ(lane_bits(0, {0x8000, 0x8036, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000},
                      {0x7F7F, 0x0000, 0x8037, 0x8004, 0x0029, 0x806A, 0xF349, 0x7F80}),
            0x7F800001u);
}

TEST(Bf16MacReference, InfinitiesWinAndContradictionsAreNaN) {
  const Bits inf = 0x7F800000, minus_inf = 0xFF800000;
  EXPECT_EQ(lane_bits(0x3F800000, {0x7F80, 0x4000}, {0x3F80, 0x4000}), inf);
  EXPECT_EQ(lane_bits(0x3F800000, {0x7F80, 0x4000}, {0xBF80, 0x4000}), minus_inf);
  EXPECT_EQ(lane_bits(inf, {0x3F80}, {0x3F80}), inf);
  EXPECT_EQ(lane_bits(minus_inf, {0}, {0}), minus_inf);
  EXPECT_TRUE(std::isnan(float_of(lane_bits(inf, {0xFF80}, {0x3F80}))));
  EXPECT_TRUE(std::isnan(float_of(lane_bits(0, {0x7F80, 0x7F80}, {0x3F80, 0xBF80}))));
  EXPECT_TRUE(std::isnan(float_of(lane_bits(0, {0x7F80}, {0x0000}))));
  EXPECT_TRUE(std::isnan(float_of(lane_bits(0x7FC00000, {0x3F80}, {0x3F80}))));
}

TEST(Bf16MacReference, OverflowIsInfiniteAndUnderflowZero) {
  EXPECT_EQ(lane_bits(0, {0x7F00}, {0x4000}), 0x7F800000u);           // 2^127 · 2
  EXPECT_EQ(lane_bits(0, {0x7F00}, {0xC000}), 0xFF800000u);           //
  EXPECT_EQ(lane_bits(0x7F7FFFFF, {0x7300}, {0x3F80}), 0x7F7FFFFFu);  // half a grid step is none
  EXPECT_EQ(lane_bits(0x7F7FFFFF, {0x7340}, {0x3F80}), 0x7F800000u);  // 3/4 of one is one
  EXPECT_EQ(lane_bits(0, {0x0080}, {0x3F00}), 0x00000000u);           // 2^-126 / 2
  EXPECT_EQ(lane_bits(0, {0x0080}, {0xBF00}), 0x80000000u);           //
  EXPECT_EQ(lane_bits(0, {0x0080}, {0x3F80}), 0x00800000u);
}

TEST(Bf16MacReference, SubnormalOperandsCount) {
  EXPECT_EQ(lane(0, {bfloat16::from_bits(1)}, bf16s({0x1p100f})), 0x1p-33f);
  EXPECT_EQ(lane(0x1p-126f, bf16s({0x1p-126f}), bf16s({1})), 0x1p-125f);
  EXPECT_EQ(lane(float_of(0x00400000), bf16s({0x1p-126f}), bf16s({1})), 0x1.8p-126f);
}

TEST(Bf16MacReference, EqualsTheRuleInDoublesForFiniteNumbers) {
  std::mt19937 random(1);
  for (int round = 0; round < 50'000; ++round) {
    // Over all exponent fields, or within a window, where more terms matter.
    const bool all = round % 2 == 0;
    const int low = all ? 0 : static_cast<int>(random() % 239), span = all ? 255 : 16;
    const auto number = [&](int from, int fields) {
      const Bits field = static_cast<Bits>(
          std::clamp(from + static_cast<int>(random() % static_cast<unsigned>(fields)), 0, 254));
      return float_of((random() & 0x807FFFFF) | field << 23);
    };
    const bool subtract = random() % 2 != 0;
    const float c = all ? number(0, 255) : number(2 * low - 137, 50);
    std::vector<bfloat16> a, b;
    std::vector<double> terms = {c};
    std::vector<int> places = {place(c)};
    for (int i = 0; i < 8; ++i) {
      a.push_back(
          bfloat16::from_bits(static_cast<std::uint16_t>(bits_of(number(low, span)) >> 16)));
      b.push_back(
          bfloat16::from_bits(static_cast<std::uint16_t>(bits_of(number(low, span)) >> 16)));
      const double product = double{a.back()} * double{b.back()};
      terms.push_back(subtract ? -product : product);
      places.push_back(place(a.back()) + place(b.back()));
    }
    ASSERT_EQ(bits_of(lane(c, a, b, subtract)), bits_of(rule(terms, places))) << round;
  }
}

TEST(Bf16MacReference, AdditionIsNotThatOfIeee) {
  Sums c{}, x{};
  c[0] = 1, x[0] = -0x1.fffffep-1f;  // 1 − 2^-24 rounds to 1 on the grid of 1
  c[1] = 0x1.000002p0f, x[1] = 0x1p-24f;
  c[2] = 3, x[2] = 0.25f;
  c[3] = -0.0f, x[3] = -0.0f;
  reference().add_16(c.data(), x.data(), false);
  EXPECT_EQ(bits_of(c[0]), 0u);
  EXPECT_EQ(c[1], 0x1.000002p0f);  // IEEE rounds this tie to 1.000004
  EXPECT_EQ(c[2], 3.25f);
  EXPECT_EQ(bits_of(c[3]), 0u);
  reference().add_16(c.data(), x.data(), true);
  EXPECT_EQ(c[2], 3);
}

}  // namespace
}  // namespace sotto::npu::host
