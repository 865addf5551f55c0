#include "npu/kernels/host/bf16_mac.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/isa.h"

namespace sotto::npu::host {
namespace {

using Bits = std::uint32_t;
using Sums = std::array<float, 16>;

Bits bits_of(float x) {
  return std::bit_cast<Bits>(x);
}
float float_of(Bits bits) {
  return std::bit_cast<float>(bits);
}
bfloat16 bf16_of(float x) {
  return bfloat16::from_bits(narrow_to_bf16(x, Rounding::conv_even));
}

const MacKernels& reference() {
  return mac_kernels(Isa::portable, MacModel::exact);
}

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

// ---- The rule itself, on the reference ----

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

// ---- Every instruction set against the reference ----

/// Operands of one instruction, chosen to visit one corner of the arithmetic.
struct Operands {
  std::array<bfloat16, 32> a, b;
  Sums c;
};

class Source {
 public:
  explicit Source(unsigned seed) : random_(seed) {}

  unsigned below(unsigned n) { return random_() % n; }

  /// Random bits with an exponent field in [low, low + span).
  float number(int low, int span) {
    const Bits field = static_cast<Bits>(low) + below(static_cast<unsigned>(span));
    return float_of((random_() & 0x807FFFFF) | field << 23);
  }
  bfloat16 bf16(int low, int span) {
    return bfloat16::from_bits(static_cast<std::uint16_t>(bits_of(number(low, span)) >> 16));
  }

  Operands next() {
    Operands o;
    const unsigned kind = below(8);
    const int span = kind == 0 ? 256 : 1 << (1 + below(5));
    // Windows whose products lie below, across and above what the fast path takes.
    const int low = kind == 0   ? 0
                    : kind == 1 ? 145 + static_cast<int>(below(16))
                    : kind == 2 ? 60 + static_cast<int>(below(40))
                                : 100 + static_cast<int>(below(40));
    for (bfloat16& x : o.a) x = bf16(low, span);
    for (bfloat16& x : o.b) x = bf16(low, span);
    for (float& x : o.c) {
      const int at = 2 * low - 127 + static_cast<int>(below(60)) - 25;
      x = number(std::clamp(at, 0, 250), 4);
    }
    if (kind == 3) scatter_zeros(o);
    if (kind == 4) few_bits(o);
    if (kind == 5) cancel(o);
    if (kind == 6 && below(4) == 0) scatter_specials(o);
    if (below(16) == 0) o.a.fill(bfloat16::from_bits(0));
    if (below(16) == 0) o.c.fill(below(2) != 0 ? 0.0f : -0.0f);
    return o;
  }

 private:
  void scatter_zeros(Operands& o) {
    const unsigned one_in = 1 + below(4);
    for (bfloat16& x : o.a) {
      if (below(one_in) == 0) x = bf16_of(below(2) != 0 ? 0.0f : -0.0f);
    }
    for (bfloat16& x : o.b) {
      if (below(one_in + 1) == 0) x = bf16_of(0);
    }
    for (float& x : o.c) {
      if (below(2) == 0) x = below(2) != 0 ? 0.0f : -0.0f;
    }
  }
  /// Short significands: many ties, in the terms and in the sum.
  void few_bits(Operands& o) {
    const int e = static_cast<int>(below(30)) - 15;
    for (bfloat16& x : o.a) x = bf16_of(std::ldexp(static_cast<float>(below(7)) - 3, -e));
    for (bfloat16& x : o.b) {
      x = bf16_of(std::ldexp(static_cast<float>(below(7)) - 3, static_cast<int>(below(26))));
    }
    for (float& x : o.c) {
      x = std::ldexp(static_cast<float>((1u << 23) + below(8)), static_cast<int>(below(8)) - 4 - e);
    }
  }
  /// Accumulators that the products cancel, exactly or nearly.
  void cancel(Operands& o) {
    Sums sums{};
    reference().mac_4x8x4(sums.data(), o.a.data(), o.b.data(), 1, 0, 0, false);
    for (int i = 0; i < 16; ++i) {
      o.c[i] = -float_of(bits_of(sums[i]) + (below(2) != 0 ? 0 : below(3)));
    }
  }
  void scatter_specials(Operands& o) {
    static constexpr std::uint16_t kSpecial[] = {0x7F80, 0xFF80, 0x7FC0, 0xFFA1, 0x0001,
                                                 0x807F, 0x7F7F, 0x0080, 0x0000, 0x8000};
    const auto special = [&] { return kSpecial[below(std::size(kSpecial))]; };
    for (bfloat16& x : o.a) {
      if (below(16) == 0) x = bfloat16::from_bits(special());
    }
    for (bfloat16& x : o.b) {
      if (below(16) == 0) x = bfloat16::from_bits(special());
    }
    for (float& x : o.c) {
      if (below(16) == 0) x = float_of(Bits{special()} << 16 | below(2));
    }
  }

  std::mt19937 random_;
};

class Bf16MacTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!machine_has(GetParam())) GTEST_SKIP() << "this machine lacks " << name_of(GetParam());
  }
  /// Differs between the repetitions of --gtest_shuffle --gtest_repeat.
  static unsigned seed() {
    return static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()) + 1;
  }
  static const MacKernels& fast() { return mac_kernels(GetParam(), MacModel::exact); }
};

::testing::AssertionResult same_bits(const Sums& x, const Sums& y) {
  for (int i = 0; i < 16; ++i) {
    if (bits_of(x[i]) != bits_of(y[i])) {
      return ::testing::AssertionFailure()
             << "lane " << i << ": " << std::hex << bits_of(x[i]) << " is not " << bits_of(y[i]);
    }
  }
  return ::testing::AssertionSuccess();
}

constexpr int kRounds = 40'000;

TEST_P(Bf16MacTest, MatrixInstructionEqualsTheReference) {
  Source source(seed());
  for (int round = 0; round < kRounds; ++round) {
    const Operands o = source.next();
    const bool subtract = round % 3 == 0;
    Sums expected = o.c, c = o.c;
    reference().mac_4x8x4(expected.data(), o.a.data(), o.b.data(), 1, 0, 0, subtract);
    fast().mac_4x8x4(c.data(), o.a.data(), o.b.data(), 1, 0, 0, subtract);
    ASSERT_TRUE(same_bits(c, expected)) << "round " << round;
  }
}

TEST_P(Bf16MacTest, ElementwiseInstructionsEqualTheReference) {
  Source source(seed());
  for (int round = 0; round < kRounds; ++round) {
    const Operands o = source.next();
    const bool subtract = round % 3 == 0;
    Sums expected = o.c, c = o.c;
    reference().mac_elementwise_16(expected.data(), o.a.data(), o.b.data(), subtract);
    fast().mac_elementwise_16(c.data(), o.a.data(), o.b.data(), subtract);
    ASSERT_TRUE(same_bits(c, expected)) << "round " << round;
    reference().mac_elementwise_16x2(expected.data(), o.a.data(), o.b.data(), subtract);
    fast().mac_elementwise_16x2(c.data(), o.a.data(), o.b.data(), subtract);
    ASSERT_TRUE(same_bits(c, expected)) << "round " << round;
  }
}

TEST_P(Bf16MacTest, AdditionEqualsTheReference) {
  Source source(seed());
  for (int round = 0; round < kRounds; ++round) {
    const Sums x = source.next().c;
    Sums c = source.next().c;
    if (round % 2 == 0) {
      for (int i = 0; i < 16; ++i) c[i] = float_of(bits_of(x[i]) ^ source.below(4) << 30);
    }
    Sums expected = c;
    reference().add_16(expected.data(), x.data(), round % 3 == 0);
    fast().add_16(c.data(), x.data(), round % 3 == 0);
    ASSERT_TRUE(same_bits(c, expected)) << "round " << round;
  }
}

TEST_P(Bf16MacTest, ChainEqualsItsInstructionsAndKeepsToItsStrides) {
  Source source(seed());
  for (std::ptrdiff_t count : {0, 1, 2, 7, 64}) {
    for (const std::ptrdiff_t a_stride : {0, 32, 35}) {
      const std::ptrdiff_t b_stride = 67 - a_stride;
      std::vector<bfloat16> a(static_cast<std::size_t>(a_stride * count + 32));
      std::vector<bfloat16> b(static_cast<std::size_t>(b_stride * count + 32));
      for (bfloat16& x : a) x = source.bf16(118, 12);
      for (bfloat16& x : b) x = source.bf16(118, 12);
      for (const bool subtract : {false, true}) {
        Sums expected{}, c{};
        for (std::ptrdiff_t i = 0; i < count; ++i) {
          reference().mac_4x8x4(expected.data(), &a[i * a_stride], &b[i * b_stride], 1, 0, 0,
                                subtract);
        }
        fast().mac_4x8x4(c.data(), a.data(), b.data(), count, a_stride, b_stride, subtract);
        EXPECT_TRUE(same_bits(c, expected)) << count << " of stride " << a_stride;
      }
    }
  }
}

class PlainMacTest : public Bf16MacTest {};

TEST_P(PlainMacTest, AddsOneProductAfterAnother) {
  const MacKernels& plain = mac_kernels(GetParam(), MacModel::plain_f32);
  Source source(seed());
  for (int round = 0; round < 1000; ++round) {
    Operands o;
    for (bfloat16& x : o.a) x = source.bf16(110, 24);
    for (bfloat16& x : o.b) x = source.bf16(110, 24);
    for (float& x : o.c) x = source.number(110, 24);
    const bool subtract = round % 2 != 0;
    const float sign = subtract ? -1.0f : 1.0f;
    Sums matrix = o.c, expected = o.c;
    for (int i = 0; i < 16; ++i) {
      for (int k = 0; k < 8; ++k) {
        expected[i] += sign * float{o.a[i / 4 * 8 + k]} * float{o.b[4 * k + i % 4]};
      }
    }
    plain.mac_4x8x4(matrix.data(), o.a.data(), o.b.data(), 1, 0, 0, subtract);
    ASSERT_TRUE(same_bits(matrix, expected)) << "round " << round;

    Sums one = o.c, two = o.c, one_expected = o.c, two_expected = o.c, added = o.c;
    for (int i = 0; i < 16; ++i) {
      one_expected[i] += sign * float{o.a[i]} * float{o.b[i]};
      two_expected[i] = one_expected[i] + sign * float{o.a[i + 16]} * float{o.b[i + 16]};
      added[i] = o.c[i] + sign * matrix[i];
    }
    plain.mac_elementwise_16(one.data(), o.a.data(), o.b.data(), subtract);
    plain.mac_elementwise_16x2(two.data(), o.a.data(), o.b.data(), subtract);
    ASSERT_TRUE(same_bits(one, one_expected)) << "round " << round;
    ASSERT_TRUE(same_bits(two, two_expected)) << "round " << round;
    plain.add_16(o.c.data(), matrix.data(), subtract);
    ASSERT_TRUE(same_bits(o.c, added)) << "round " << round;
  }
}

const auto kIsaName = [](const auto& test) { return std::string(name_of(test.param)); };
INSTANTIATE_TEST_SUITE_P(, Bf16MacTest, ::testing::Values(Isa::avx2, Isa::avx512), kIsaName);
INSTANTIATE_TEST_SUITE_P(, PlainMacTest, ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         kIsaName);

// ---- The current core decides ----

TEST(Bf16Mac, TheCurrentCoreChoosesTheModel) {
  std::array<bfloat16, 32> ones;
  ones.fill(bf16_of(1));
  CoreState state;
  const CoreScope scope(state);
  Sums c;
  const auto after = [&](auto instruction) {
    c.fill(0x1p24f + 2);
    instruction();
    return c[15] - 0x1p24f;
  };
  const auto mac = [&] { mac_4x8x4(c.data(), ones.data(), ones.data()); };
  const auto msc = [&] { msc_4x8x4(c.data(), ones.data(), ones.data()); };
  const auto chain = [&] { mac_4x8x4_chain(c.data(), ones.data(), ones.data(), 3, 0, 0); };
  const auto one = [&] { mac_elementwise_16(c.data(), ones.data(), ones.data()); };
  const auto minus_one = [&] { msc_elementwise_16(c.data(), ones.data(), ones.data()); };
  const auto two = [&] { mac_elementwise_16x2(c.data(), ones.data(), ones.data()); };
  const auto minus_two = [&] { msc_elementwise_16x2(c.data(), ones.data(), ones.data()); };
  EXPECT_EQ(after(mac), 2);
  EXPECT_EQ(after(msc), 2);
  EXPECT_EQ(after(chain), 2);
  EXPECT_EQ(after(one), 2);
  EXPECT_EQ(after(minus_one), 2);
  EXPECT_EQ(after(two), 2);
  EXPECT_EQ(after(minus_two), 2);
  state.mac_model = MacModel::plain_f32;
  EXPECT_EQ(after(mac), 4);
  EXPECT_EQ(after(msc), -7);
  EXPECT_EQ(after(chain), 4);
  EXPECT_EQ(after(one), 4);
  EXPECT_EQ(after(minus_one), 0);
  EXPECT_EQ(after(two), 4);
  EXPECT_EQ(after(minus_two), -1);
}

TEST(Bf16Mac, AccumulatorsAreAddedByTheModelToo) {
  CoreState state;
  const CoreScope scope(state);
  Sums x, c;
  x.fill(0x1p-24f);
  c.fill(0x1.000002p0f);
  add_16(c.data(), x.data());
  EXPECT_EQ(c[7], 0x1.000002p0f);
  state.mac_model = MacModel::plain_f32;
  add_16(c.data(), x.data());
  EXPECT_EQ(c[7], 0x1.000004p0f);
  sub_16(c.data(), c.data());
  EXPECT_EQ(c[7], 0);
}

// How far the model moves a result: 64×64 sums of 512 normally distributed products.
TEST(Bf16Mac, ModelsAgreeWithinFloat32) {
  constexpr int kSize = 64, kK = 512;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  // Blocks of 4×8 and 8×4, those along k side by side.
  std::vector<bfloat16> a(kSize * kK), b(kSize * kK);
  for (bfloat16& x : a) x = bf16_of(normal(random));
  for (bfloat16& x : b) x = bf16_of(normal(random));
  double norm = 0, error_exact = 0, error_plain = 0, between = 0;
  for (int m = 0; m < kSize / 4; ++m) {
    for (int n = 0; n < kSize / 4; ++n) {
      const bfloat16* const rows = &a[m * 4 * kK];
      const bfloat16* const columns = &b[n * 4 * kK];
      Sums exact{}, plain{};
      mac_kernels(Isa::portable, MacModel::exact)
          .mac_4x8x4(exact.data(), rows, columns, kK / 8, 32, 32, false);
      mac_kernels(Isa::portable, MacModel::plain_f32)
          .mac_4x8x4(plain.data(), rows, columns, kK / 8, 32, 32, false);
      for (int i = 0; i < 16; ++i) {
        double truth = 0;
        for (int k = 0; k < kK; ++k) {
          truth += double{rows[k / 8 * 32 + i / 4 * 8 + k % 8]} *
                   double{columns[k / 8 * 32 + k % 8 * 4 + i % 4]};
        }
        norm += truth * truth;
        error_exact += (exact[i] - truth) * (exact[i] - truth);
        error_plain += (plain[i] - truth) * (plain[i] - truth);
        between += (double{exact[i]} - plain[i]) * (double{exact[i]} - plain[i]);
      }
    }
  }
  EXPECT_LT(std::sqrt(error_exact / norm), 5e-7);
  EXPECT_LT(std::sqrt(error_plain / norm), 5e-7);
  EXPECT_GT(std::sqrt(between / norm), 1e-8);  // they are two models
  RecordProperty("exact_relative_l2", std::to_string(std::sqrt(error_exact / norm) * 1e9) + "e-9");
  RecordProperty("plain_relative_l2", std::to_string(std::sqrt(error_plain / norm) * 1e9) + "e-9");
  RecordProperty("between_relative_l2", std::to_string(std::sqrt(between / norm) * 1e9) + "e-9");
}

}  // namespace
}  // namespace sotto::npu::host
