#include <gmock/gmock.h>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::HasSubstr;

TEST(Permute, ShufflesUpAndDown) {
  const auto v = ramp<int8, 32>();
  const auto other = ramp<int8, 32>(64);
  for (const unsigned n : {0u, 1u, 8u, 31u, 32u}) {
    for (unsigned i = 0; i < 32; ++i) {
      const bool from_v_down = i + n < 32;
      const bool from_v_up = i >= n;
      const int down = static_cast<int>(i + n);
      const int up = static_cast<int>(i) - static_cast<int>(n);
      EXPECT_EQ(aie::shuffle_down_fill(v, other, n)[i], from_v_down ? down : 64 + down - 32);
      EXPECT_EQ(aie::shuffle_up_fill(v, other, n)[i], from_v_up ? up : 64 + up + 32);
      EXPECT_EQ(aie::shuffle_down_rotate(v, n)[i], down % 32);
      EXPECT_EQ(aie::shuffle_up_rotate(v, n)[i], (up + 32) % 32);
      EXPECT_EQ(aie::shuffle_down_replicate(v, n)[i], from_v_down ? down : 31);
      EXPECT_EQ(aie::shuffle_up_replicate(v, n)[i], from_v_up ? up : 0);
      if (from_v_down) {
        EXPECT_EQ(aie::shuffle_down(v, n)[i], down);
      }
      if (from_v_up) {
        EXPECT_EQ(aie::shuffle_up(v, n)[i], up);
      }
    }
  }
  EXPECT_EQ(aie::shuffle_down(v, 1)[31], -1);  // undefined
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::shuffle_down(v, 33); }),
              HasSubstr("index 64"));
  EXPECT_EQ(aie::reverse(v)[0], 31);
}

TEST(Permute, FiltersAndInterleaves) {
  const auto a = ramp<int16, 32>();
  const auto b = ramp<int16, 32>(100);
  for (const unsigned chunk : {1u, 2u, 4u, 8u, 16u}) {
    const auto even = aie::filter_even(a, chunk);
    const auto odd = aie::filter_odd(a, chunk);
    const auto [low, high] = aie::interleave_zip(a, b, chunk);
    const auto zipped = aie::concat(low, high);
    for (unsigned i = 0; i < 16; ++i) {
      const unsigned run = i / chunk;
      EXPECT_EQ(even[i], static_cast<int>(2 * run * chunk + i % chunk));
      EXPECT_EQ(odd[i], static_cast<int>((2 * run + 1) * chunk + i % chunk));
    }
    for (unsigned i = 0; i < 64; ++i) {
      const unsigned run = i / chunk;
      const int lane = static_cast<int>(run / 2 * chunk + i % chunk);
      EXPECT_EQ(zipped[i], run % 2 == 0 ? lane : 100 + lane);
    }
    const auto [a_again, b_again] = aie::interleave_unzip(low, high, chunk);
    EXPECT_EQ(lanes(a_again), lanes(a));
    EXPECT_EQ(lanes(b_again), lanes(b));
  }
}

TEST(Permute, Transposes) {
  const auto v = ramp<int8, 64>();
  for (const unsigned rows : {1u, 2u, 4u, 8u, 16u, 32u, 64u}) {
    const unsigned columns = 64 / rows;
    const auto t = aie::transpose(v, rows, columns);
    for (unsigned r = 0; r < rows; ++r) {
      for (unsigned c = 0; c < columns; ++c) EXPECT_EQ(t[c * rows + r], v[r * columns + c]);
    }
    EXPECT_EQ(lanes(aie::transpose(t, columns, rows)), lanes(v));
  }
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::transpose(v, 4, 8); }),
              HasSubstr("transpose of 64 lanes as 4 x 8"));
}

/// Row-major transposition of `rows` x `columns` elements of `bytes`, from the description.
std::vector<uint8> transposed(const std::vector<uint8>& in, unsigned bytes, unsigned rows,
                              unsigned columns) {
  std::vector<uint8> out(in.size());
  for (unsigned r = 0; r < rows; ++r) {
    for (unsigned c = 0; c < columns; ++c) {
      for (unsigned k = 0; k < bytes; ++k) {
        out[(c * rows + r) * bytes + k] = in[(r * columns + c) * bytes + k];
      }
    }
  }
  return out;
}

TEST(Permute, ShuffleModesOfBothOperands) {
  const auto a = ramp<uint8, 64>();
  const auto b = ramp<uint8, 64>(64);
  std::vector<uint8> both = lanes(aie::concat(a, b));
  const struct {
    unsigned low, bytes, rows, columns;
  } modes[] = {{T8_64x2_lo, 1, 64, 2},  {T16_32x2_lo, 2, 32, 2}, {T32_16x2_lo, 4, 16, 2},
               {T64_8x2_lo, 8, 8, 2},   {T128_4x2_lo, 16, 4, 2}, {T256_2x2_lo, 32, 2, 2},
               {T128_2x4_lo, 16, 2, 4}, {T64_2x8_lo, 8, 2, 8},   {T32_2x16_lo, 4, 2, 16},
               {T16_2x32_lo, 2, 2, 32}, {T8_2x64_lo, 1, 2, 64},  {T512_1x2_lo, 64, 1, 2},
               {T16_16x4_lo, 2, 16, 4}, {T16_4x16_lo, 2, 4, 16}, {T32_8x4_lo, 4, 8, 4},
               {T32_4x8_lo, 4, 4, 8}};
  for (const auto& m : modes) {
    const std::vector<uint8> expected = transposed(both, m.bytes, m.rows, m.columns);
    const auto low = lanes(shuffle(a, b, m.low));
    const auto high = lanes(shuffle(a, b, m.low + 1));
    EXPECT_TRUE(std::equal(low.begin(), low.end(), expected.begin())) << m.low;
    EXPECT_TRUE(std::equal(high.begin(), high.end(), expected.begin() + 64)) << m.low + 1;
  }
}

TEST(Permute, ShuffleModesOfOneOperand) {
  const auto a = ramp<uint8, 64>();
  const struct {
    unsigned mode, bytes, rows, columns;
  } modes[] = {{T16_8x4, 2, 8, 4},   {T16_4x8, 2, 4, 8},  {T32_4x4, 4, 4, 4}, {T8_8x8, 1, 8, 8},
               {T8_16x4, 1, 16, 4},  {T8_4x16, 1, 4, 16}, {T16_4x4, 2, 4, 4}, {T16_4x2, 2, 4, 2},
               {T16_2x4, 2, 2, 4},   {T16_8x2, 2, 8, 2},  {T16_2x8, 2, 2, 8}, {T16_16x2, 2, 16, 2},
               {T16_2x16, 2, 2, 16}, {T8_8x4, 1, 8, 4},   {T8_4x8, 1, 4, 8}};
  for (const auto& m : modes) {
    // Smaller matrices lie one after another.
    std::vector<uint8> expected;
    const unsigned size = m.bytes * m.rows * m.columns;
    for (unsigned at = 0; at < 64; at += size) {
      std::vector<uint8> matrix;
      for (unsigned i = 0; i < size; ++i) matrix.push_back(a[at + i]);
      const auto turned = transposed(matrix, m.bytes, m.rows, m.columns);
      expected.insert(expected.end(), turned.begin(), turned.end());
    }
    EXPECT_EQ(lanes(shuffle(a, m.mode)), expected) << m.mode;
  }
  const auto flipped = shuffle(a, a, T16_1x2_flip);
  EXPECT_EQ(flipped[0], 2);
  EXPECT_EQ(flipped[1], 3);
  EXPECT_EQ(flipped[2], 0);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { shuffle(a, a, 48); }),
              HasSubstr("index 48"));
}

TEST(Permute, ModesHaveTheNumbersOfTheInstruction) {
  // llvm-aie, aiev2_enums.h: a kernel may pass the number.
  EXPECT_EQ(T8_64x2_lo, 0u);
  EXPECT_EQ(T256_2x2_hi, 11u);
  EXPECT_EQ(T512_1x2_lo, 22u);
  EXPECT_EQ(T16_8x4, 28u);
  EXPECT_EQ(T32_4x4, 34u);
  EXPECT_EQ(T16_1x2_flip, 38u);
  EXPECT_EQ(T16_2x16, 45u);
  EXPECT_EQ(T8_4x8, 47u);
}

TEST(Permute, ModesByWhatTheyDo) {
  const auto a = ramp<int16, 32>();
  const auto b = ramp<int16, 32>(100);
  const auto low = shuffle(a, b, INTLV_lo_16o32);
  const auto high = shuffle(a, b, INTLV_hi_16o32);
  EXPECT_EQ(low[0], 0);
  EXPECT_EQ(low[1], 100);
  EXPECT_EQ(low[31], 115);
  EXPECT_EQ(high[0], 16);
  EXPECT_EQ(high[31], 131);
  EXPECT_EQ(lanes(shuffle(low, high, DINTLV_lo_16o32)), lanes(a));
  EXPECT_EQ(lanes(shuffle(low, high, DINTLV_hi_16o32)), lanes(b));
  EXPECT_EQ(shuffle(a, b, INTLV_hi_256o512)[0], 16);
  EXPECT_EQ(shuffle(a, b, INTLV_hi_256o512)[16], 116);
  EXPECT_EQ(shuffle(a, b, DINTLV_hi_512o1024)[0], 100);
}

TEST(Permute, BytesShiftThroughTwoRegisters) {
  const auto a = ramp<int32, 16>();
  const auto b = ramp<int32, 16>(100);
  EXPECT_EQ(shift_bytes(a, b, 0)[0], 0);
  EXPECT_EQ(shift_bytes(a, b, 32)[0], 8);
  EXPECT_EQ(shift_bytes(a, b, 32)[15], 107);
  EXPECT_EQ(shift_bytes(a, b, 64)[0], 100);
}

}  // namespace
}  // namespace sotto::npu::host::testing
