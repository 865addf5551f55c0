#include <gmock/gmock.h>

#include <cmath>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::HasSubstr;

class LookupTest : public CoreTest {};

/// Entries laid out for four parallel accesses: each 16 bytes twice. ab and cd are the same.
template <typename Entry>
std::vector<Entry> duplicated(const std::vector<Entry>& entries) {
  constexpr std::size_t kPerLine = 16 / sizeof(Entry);
  std::vector<Entry> table;
  for (std::size_t i = 0; i < entries.size(); i += kPerLine) {
    for (int copy = 0; copy < 2; ++copy) {
      table.insert(table.end(), entries.begin() + i, entries.begin() + i + kPerLine);
    }
  }
  return table;
}

TEST_F(LookupTest, FetchesByTheUpperBitsOfTheKey) {
  std::vector<int16> entries(256);
  for (int i = 0; i < 256; ++i) entries[i] = static_cast<int16>(1000 + i);
  const auto table = duplicated(entries);
  const aie::lut<4, int16> lut(256, table.data(), table.data());
  const aie::parallel_lookup<uint16, aie::lut<4, int16>, aie::lut_oor_policy::truncate> lookup(lut,
                                                                                               8);
  const aie::vector<uint16, 16> keys(0, 255, 256, 0x1280, 0xFFFF);
  const auto values = lookup.fetch(keys);
  EXPECT_EQ(values[0], 1000);
  EXPECT_EQ(values[1], 1000);
  EXPECT_EQ(values[2], 1001);
  EXPECT_EQ(values[3], 1018);
  EXPECT_EQ(values[4], 1255);
}

TEST_F(LookupTest, RoundingToNearestReadsTheNextEntryForAnEighthOfTheKeys) {
  std::vector<int16> entries(256);
  for (int i = 0; i < 256; ++i) entries[i] = static_cast<int16>(i);
  const auto table = duplicated(entries);
  const aie::lut<4, int16> lut(256, table.data(), table.data());
  const aie::parallel_lookup<uint16, aie::lut<4, int16>, aie::lut_oor_policy::truncate> lookup(lut,
                                                                                               8);
  const auto wrong = [&] {
    int count = 0;
    for (unsigned key = 0; key < 65536; ++key) {
      const auto value = lookup.fetch(aie::broadcast<uint16, 16>(static_cast<uint16>(key)))[0];
      if (value != static_cast<int>(key >> 8)) {
        EXPECT_GE(key & 0xFF, 224u);
        ++count;
      }
    }
    return count;
  };
  EXPECT_EQ(wrong(), 0);
  state_.rounding = Rounding::conv_even;
  // From 224 on, and 224 itself only when its tie goes up: it always does, to the even multiple.
  EXPECT_EQ(wrong(), 65536 / 8);
}

TEST_F(LookupTest, ValuesOfFourBytesReadTheNextEntryForASixteenthOfTheKeys) {
  std::vector<int32> entries(256);
  for (int i = 0; i < 256; ++i) entries[i] = 100000 + i;
  const auto table = duplicated(entries);
  const aie::lut<4, int32> lut(256, table.data(), table.data());
  const aie::parallel_lookup<uint16, aie::lut<4, int32>, aie::lut_oor_policy::truncate> lookup(lut,
                                                                                               8);
  state_.rounding = Rounding::conv_even;
  int wrong = 0;
  for (unsigned key = 0; key < 65536; ++key) {
    const int32 value = lookup.fetch(aie::broadcast<uint16, 16>(static_cast<uint16>(key)))[0];
    if (value == 100000 + static_cast<int>(key >> 8)) continue;
    EXPECT_EQ(value, 100000 + static_cast<int>(((key >> 8) + 1) % 256));
    EXPECT_GE(key & 0xFF, 240u);
    ++wrong;
  }
  EXPECT_EQ(wrong, 65536 / 16);
}

TEST_F(LookupTest, ValuesOfOneByteLieInTheTableAsTwo) {
  std::vector<int16> entries(256);
  for (int i = 0; i < 256; ++i) entries[i] = static_cast<int16>(i - 128);
  entries[10] = 300;
  const auto table = duplicated(entries);
  const aie::lut<4, int8> lut(256, table.data(), table.data());
  aie::parallel_lookup<uint8, aie::lut<4, int8>> lookup(lut);
  const aie::vector<uint8, 32> keys(0, 1, 9, 255, 10);
  const auto values = lookup.fetch(keys);
  EXPECT_EQ(std::vector<int>(values.data(), values.data() + 5),
            (std::vector<int>{-128, -127, -119, 127, 44}));
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(lookup.fetch(keys)[4], 127);
}

TEST_F(LookupTest, OutOfRangePolicies) {
  std::vector<int32> entries = {10, 11, 12, 13, 14, 15, 16, 17};
  const auto table = duplicated(entries);
  const aie::lut<4, int32> lut(8, table.data(), table.data());
  aie::parallel_lookup<int16, aie::lut<4, int32>, aie::lut_oor_policy::saturate> clamped(lut, 4, 4);
  aie::parallel_lookup<int16, aie::lut<4, int32>, aie::lut_oor_policy::truncate> wrapped(lut, 4, 4);
  const aie::vector<int16, 16> keys(-64, -65, 63, 64, 0, -1);
  const auto a = clamped.fetch(keys);
  const auto b = wrapped.fetch(keys);
  EXPECT_EQ(std::vector<int32>(a.data(), a.data() + 6),
            (std::vector<int32>{10, 10, 17, 17, 14, 13}));
  EXPECT_EQ(std::vector<int32>(b.data(), b.data() + 6),
            (std::vector<int32>{10, 17, 17, 10, 14, 13}));
}

TEST_F(LookupTest, UnsignedKeysTakenModuloTheSizeHaveNoBias) {
  const auto table = duplicated(std::vector<int16>(16, 5));
  using Table = aie::lut<4, int16>;
  const Table lut(16, table.data(), table.data());
  using Truncated = aie::parallel_lookup<uint8, Table, aie::lut_oor_policy::truncate>;
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { Truncated(lut, 4, 8); }),
              HasSubstr("bias of 8 of unsigned keys"));
  aie::parallel_lookup<uint8, Table>(lut, 4, 8);  // clamped
  aie::parallel_lookup<int8, Table, aie::lut_oor_policy::truncate>(lut, 4, 8);
}

TEST_F(LookupTest, TablesMustHoldFourEqualCopies) {
  for (const int wrong : {0, 1, 2, 3}) {
    auto ab = duplicated(std::vector<int16>(16, 5)), cd = ab;
    // Entry 1 of the first line, or of the copy that follows it.
    (wrong < 2 ? ab : cd)[wrong % 2 == 0 ? 1 : 9] = 6;
    const aie::lut<4, int16> lut(16, ab.data(), cd.data());
    const aie::parallel_lookup<uint8, aie::lut<4, int16>, aie::lut_oor_policy::truncate> lookup(lut,
                                                                                                4);
    EXPECT_EQ((lookup.fetch(aie::broadcast<uint8, 16>(0))[0]), 5);
    EXPECT_THAT(
        message_of(ErrorKind::unsupported, [&] { lookup.fetch(aie::broadcast<uint8, 16>(16)); }),
        HasSubstr("entry 1 of a table of 16 differs between its four copies"));
  }
}

/// e^x as getExpBf16 of AMD's kernels computes it: x in Q8.8 by floor, then e^integer · e^fraction
/// from two tables of 256 bfloat16. The formula gives AMD's entries bit for bit.
struct ExpTables {
  std::vector<bfloat16> integer, fraction;
  ExpTables() {
    const auto nearest = [](double x) {
      return bfloat16::from_bits(narrow_to_bf16(static_cast<float>(x), Rounding::conv_even));
    };
    std::vector<bfloat16> i_entries(256), f_entries(256);
    for (int i = 0; i < 256; ++i) {
      i_entries[i] = nearest(std::exp(std::min(i < 128 ? i : i - 256, 88)));
      f_entries[i] = nearest(std::exp(i / 256.0));
    }
    integer = duplicated(i_entries);
    fraction = duplicated(f_entries);
  }
  aie::accum<accfloat, 16> exp(const aie::vector<bfloat16, 16>& x) const {
    using Table = aie::lut<4, bfloat16, bfloat16>;
    using Lookup = aie::parallel_lookup<uint16, Table, aie::lut_oor_policy::truncate>;
    const aie::vector<int16, 16> fixed = aie::filter_even(v32int16(bfloat16_to_int(x, 8)));
    const auto keys = fixed.cast_to<uint16>();
    return aie::mul(Lookup(Table(256, integer.data(), integer.data()), 8).fetch(keys),
                    Lookup(Table(256, fraction.data(), fraction.data()), 0).fetch(keys));
  }
};

TEST_F(LookupTest, ExponentialByTablesIsRightUnderFloorOnly) {
  const ExpTables tables;
  const auto largest_error = [&] {
    double worst = 0;
    for (float x = -20; x < 10; x += 0.0371f) {
      const bfloat16 narrow = x;
      const double exact = std::exp(static_cast<double>(static_cast<float>(narrow)));
      const double got = tables.exp(aie::broadcast<bfloat16, 16>(narrow)).data()[0];
      worst = std::max(worst, std::abs(got - exact) / exact);
    }
    return worst;
  };
  EXPECT_LT(largest_error(), 0.013);
  state_.rounding = Rounding::conv_even;
  EXPECT_GT(largest_error(), 1.0);  // e times too much
}

TEST_F(LookupTest, LinearApproximationOfBfloat16) {
  // Segments of 0.25 on [-4, 4): the chords of tanh.
  std::vector<std::array<float, 2>> entries(32);
  for (int i = 0; i < 32; ++i) {
    const float x0 = -4.0f + 0.25f * static_cast<float>(i);
    const float slope =
        static_cast<float>(bfloat16((std::tanh(x0 + 0.25f) - std::tanh(x0)) * 4.0f));
    entries[i] = {slope, std::tanh(x0) - slope * x0};
  }
  const auto table = duplicated(entries);
  const aie::lut<4, float, bfloat16> lut(32, table.data(), table.data());
  const aie::linear_approx<bfloat16, aie::lut<4, float, bfloat16>> approximate(lut, -2, 16);
  for (float x = -3.99f; x < 3.99f; x += 0.013f) {
    const bfloat16 narrow = x;
    const float exact = std::tanh(static_cast<float>(narrow));
    EXPECT_NEAR(approximate.compute(aie::broadcast<bfloat16, 16>(narrow)).data()[5], exact, 0.02)
        << x;
  }
  // Beyond the table its outer segments go on.
  const auto beyond = approximate.compute(aie::broadcast<bfloat16, 16>(8.0f));
  EXPECT_EQ(beyond.data()[0], entries[31][0] * 8.0f + entries[31][1]);
  const auto below = approximate.compute(aie::broadcast<bfloat16, 16>(-8.0f));
  EXPECT_EQ(below.data()[0], entries[0][0] * -8.0f + entries[0][1]);
}

TEST_F(LookupTest, LinearApproximationOfBfloat16WithAnyStepAndBias) {
  // Eight segments of 2 from -6 on, each constant.
  std::vector<std::array<float, 2>> entries(8);
  for (int i = 0; i < 8; ++i) entries[i] = {0.0f, static_cast<float>(i)};
  const auto table = duplicated(entries);
  using Table = aie::lut<4, float, bfloat16>;
  const aie::linear_approx<bfloat16, Table> approximate(Table(8, table.data(), table.data()), 1, 3);
  for (const auto& [x, segment] :
       {std::pair(-100.0f, 0.0f), std::pair(-6.0f, 0.0f), std::pair(-4.03125f, 0.0f),
        std::pair(-4.0f, 1.0f), std::pair(-0.015625f, 2.0f), std::pair(0.0f, 3.0f),
        std::pair(1.9921875f, 3.0f), std::pair(2.0f, 4.0f), std::pair(9.9375f, 7.0f),
        std::pair(100.0f, 7.0f)}) {
    EXPECT_EQ(approximate.compute(aie::broadcast<bfloat16, 16>(x)).data()[3], segment) << x;
  }
}

TEST_F(LookupTest, TheLowerHalfOfASlopeIsCutOff) {
  const float slope = std::bit_cast<float>(0x3F80FFFFu);
  const auto table = duplicated(std::vector<std::array<float, 2>>(4, {slope, 0.0f}));
  using Table = aie::lut<4, float, bfloat16>;
  const aie::linear_approx<bfloat16, Table> approximate(Table(4, table.data(), table.data()), 0, 2);
  for (const Rounding rounding : kAllRoundings) {
    state_.rounding = rounding;
    EXPECT_EQ(approximate.compute(aie::broadcast<bfloat16, 16>(1.0f)).data()[0], 1.0f);
  }
}

TEST_F(LookupTest, LinearApproximationOfBytesHasSumsOf32Bits) {
  std::vector<std::array<int8, 2>> entries(16);
  for (int i = 0; i < 16; ++i) entries[i] = {static_cast<int8>(i - 8), static_cast<int8>(10 * i)};
  const auto table = duplicated(entries);
  const aie::lut<4, int8> lut(16, table.data(), table.data());
  const aie::linear_approx<int8, aie::lut<4, int8>> approximate(lut, 4, 8, 3);
  const auto y = approximate.compute(aie::vector<int8, 32>(0, 15, 16, -1, -128, 127));
  static_assert(std::is_same_v<decltype(y), const aie::accum<acc32, 32>>);
  EXPECT_EQ(std::vector<int32>(y.data(), y.data() + 6),
            (std::vector<int32>{8 * 80, 8 * 80, 8 * 90 + 0, 8 * 70 - 15, 0, 8 * -106 + 7 * 15}));
}

TEST_F(LookupTest, LinearApproximationOfWordsTakesLongOffsets) {
  std::vector<std::array<int32, 2>> entries(16);
  for (int i = 0; i < 16; ++i) entries[i] = {1000 * i, 1'000'000'000 + i};
  const auto table = duplicated(entries);
  const aie::lut<4, int32> lut(16, table.data(), table.data());
  const aie::linear_approx<int16, aie::lut<4, int32>> approximate(lut, 6, 8, 4);
  const auto y = approximate.compute(aie::vector<int16, 16>(0, 63, -1));
  static_assert(std::is_same_v<decltype(y), const aie::accum<acc64, 16>>);
  EXPECT_EQ(y.data()[0], 16'000'000'128);
  EXPECT_EQ(y.data()[1], 16'000'000'128 + 8000 * 63);
  EXPECT_EQ(y.data()[2], 16'000'000'112 + 7000 * 63);
}

TEST_F(LookupTest, StepsAreNotWiderThanTheKeys) {
  const auto table = duplicated(std::vector<std::array<int16, 2>>(4));
  const aie::lut<4, int16> lut(4, table.data(), table.data());
  using Approximation = aie::linear_approx<int16, aie::lut<4, int16>>;
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { Approximation(lut, 17); }),
              HasSubstr("linear_approx in steps of 2^17 of keys of 16 bits"));
  // A single segment for all that are not negative.
  EXPECT_EQ((Approximation(lut, 16).compute(aie::broadcast<int16, 16>(32767)).data()[0]), 0);
}

TEST_F(LookupTest, LinearApproximationOfIntegersIgnoresTheRounding) {
  std::vector<std::array<int16, 2>> entries(16);
  for (int i = 0; i < 16; ++i) entries[i] = {static_cast<int16>(i), static_cast<int16>(100 * i)};
  const auto table = duplicated(entries);
  const aie::lut<4, int16> lut(16, table.data(), table.data());
  for (const Rounding rounding : kAllRoundings) {
    state_.rounding = rounding;
    aie::linear_approx<int16, aie::lut<4, int16>> approximate(lut, 6, 8, 2);
    const aie::vector<int16, 16> x(0, 63, 64, -1, -512, 600);
    const auto y = approximate.compute(x);
    EXPECT_EQ(y.data()[0], 4 * 800);
    EXPECT_EQ(y.data()[1], 4 * 800 + 8 * 63);
    EXPECT_EQ(y.data()[2], 4 * 900);
    EXPECT_EQ(y.data()[3], 4 * 700 + 7 * 63);
    EXPECT_EQ(y.data()[4], 0);
    EXPECT_EQ(y.data()[5], 4 * 1500 + 15 * (600 % 64));
  }
  // Below the table: the last entry, or with saturation the first.
  aie::linear_approx<int16, aie::lut<4, int16>> approximate(lut, 6, 8);
  EXPECT_EQ((approximate.compute(aie::broadcast<int16, 16>(-576)).data()[0]), 1500);
  state_.saturation = Saturation::saturate;
  EXPECT_EQ((approximate.compute(aie::broadcast<int16, 16>(-576)).data()[0]), 0);
}

}  // namespace
}  // namespace sotto::npu::host::testing
