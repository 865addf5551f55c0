// Every instruction set against the reference, and who chooses among them.
#include "npu/kernels/host/bf16_mac.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/isa.h"
#include "npu/kernels/host/bf16_mac_testing.h"

namespace sotto::npu::host {
namespace {

using testing::bf16_of;
using testing::Bits;
using testing::bits_of;
using testing::float_of;
using testing::reference;
using testing::Sums;

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
    if (GetParam() > detect_isa()) GTEST_SKIP() << "this machine lacks " << name_of(GetParam());
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
