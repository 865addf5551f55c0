#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

TEST(Mask, BitsAndCounts) {
  auto m = aie::mask<48>::from_uint32(0x80000001u, 0xFFFF8000u);
  EXPECT_EQ(m.count(), 3u);  // bits beyond lane 47 are dropped: 0, 31, 47
  EXPECT_TRUE(m.test(0) && m.test(31) && m.test(47));
  EXPECT_EQ(m.ctz(), 0u);
  EXPECT_EQ(m.clz(), 0u);
  m.clear(0);
  m.toggle(47);
  EXPECT_EQ(m.ctz(), 31u);
  EXPECT_EQ(m.clz(), 16u);
  EXPECT_EQ(m.to_uint64(), 0x80000000u);
  EXPECT_TRUE(aie::mask<16>().empty());
  EXPECT_EQ(aie::mask<16>().ctz(), 16u);
  EXPECT_TRUE((~aie::mask<48>()).full());
  aie::mask<16> all;
  all.set();
  EXPECT_EQ(all.to_uint32(), 0xFFFFu);
}

TEST(Mask, Algebra) {
  const auto a = aie::mask<32>::from_uint32(0xF0F01234u);
  const auto b = aie::mask<32>::from_uint32(0x0FF0FFFFu);
  EXPECT_EQ((a & b).to_uint32(), 0xF0F01234u & 0x0FF0FFFFu);
  EXPECT_EQ((a | b).to_uint32(), 0xF0F01234u | 0x0FF0FFFFu);
  EXPECT_EQ((a ^ b).to_uint32(), 0xF0F01234u ^ 0x0FF0FFFFu);
  EXPECT_EQ((~a).to_uint32(), ~0xF0F01234u);
  EXPECT_EQ((a << 5).to_uint32(), 0xF0F01234u << 5);
  EXPECT_EQ((a >> 5).to_uint32(), 0xF0F01234u >> 5);
  EXPECT_EQ(a.extract<16>(1).to_uint32(), 0xF0F0u);
  auto c = a;
  EXPECT_EQ(c.insert(0, aie::mask<8>::from_uint32(0xFFu)).to_uint32(), 0xF0F012FFu);
  const auto wide = aie::mask<128>::from_uint64(1u, 1ull << 63);
  EXPECT_TRUE(wide.test(127) && wide.test(0) && wide.count() == 2);
}

TEST(Mask, OfAllLanesOfPartsAndByWords) {
  EXPECT_EQ(aie::mask<16>(true).to_uint32(), 0xFFFFu);
  EXPECT_TRUE(aie::mask<16>(false).empty());
  auto m = aie::mask<64>::from_masks(aie::mask<32>::from_uint32(1), aie::mask<32>(true));
  EXPECT_EQ(m.to_uint64(), 0xFFFFFFFF00000001u);
  EXPECT_EQ(m.to_uint32(0), 1u);
  EXPECT_EQ(m.to_uint32(1), 0xFFFFFFFFu);
  EXPECT_EQ(m.get_submask<8>(4).to_uint32(), 0xFFu);
  m <<= 31;
  EXPECT_EQ(m.to_uint64(), 0x8000000080000000u);
  m >>= 63;
  EXPECT_EQ(m.to_uint64(), 1u);
  EXPECT_EQ(aie::mask<128>::from_uint64(2u, 3u).to_uint64(1), 3u);
}

template <unsigned Elems, typename... Words>
concept OfWords = requires(Words... words) { aie::mask<Elems>::from_uint32(words...); };
template <unsigned Elems, typename... Words>
concept OfLongWords = requires(Words... words) { aie::mask<Elems>::from_uint64(words...); };
static_assert(OfWords<16, uint32> && !OfWords<16, uint32, uint32>);
static_assert(OfWords<48, uint32, uint32> && !OfWords<48, uint32, uint32, uint32>);
static_assert(OfLongWords<64, uint64> && !OfLongWords<64, uint64, uint64>);
static_assert(OfLongWords<128, uint64, uint64> && !OfLongWords<128, uint64, uint64, uint64>);

template <typename T, unsigned Elems>
void expect_comparisons() {
  const auto a = random_vector<T, Elems>(1);
  auto b = random_vector<T, Elems>(2);
  b[3] = a[3];
  for (unsigned i = 0; i < Elems; ++i) {
    EXPECT_EQ(aie::lt(a, b).test(i), a[i] < b[i]);
    EXPECT_EQ(aie::le(a, b).test(i), a[i] <= b[i]);
    EXPECT_EQ(aie::gt(a, b).test(i), a[i] > b[i]);
    EXPECT_EQ(aie::ge(a, b).test(i), a[i] >= b[i]);
    EXPECT_EQ(aie::eq(a, b).test(i), a[i] == b[i]);
    EXPECT_EQ(aie::neq(a, b).test(i), a[i] != b[i]);
    EXPECT_EQ(aie::lt(a, b[3]).test(i), a[i] < b[3]);
    EXPECT_EQ(aie::lt(b[3], a).test(i), b[3] < a[i]);
    EXPECT_EQ(T(aie::max(a, b)[i]), std::max(a[i], b[i]));
    EXPECT_EQ(T(aie::min(a, b)[i]), std::min(a[i], b[i]));
    EXPECT_EQ(T(aie::max(a, T(1))[i]), std::max(a[i], T(1)));
  }
}

TEST(Compare, EveryTypeAgainstScalars) {
  expect_comparisons<int8, 64>();
  expect_comparisons<uint8, 64>();
  expect_comparisons<int16, 32>();
  expect_comparisons<uint16, 16>();
  expect_comparisons<int32, 16>();
  expect_comparisons<uint32, 32>();
  expect_comparisons<bfloat16, 32>();
  expect_comparisons<float, 16>();
}

/// A comparison of two numbers, by its lane 3.
template <typename T>
struct Comparison {
  T a, b;
  bool lt, le, gt, ge, eq, neq;
};
template <typename T>
void expect_comparison(const Comparison<T>& c) {
  const auto a = aie::broadcast<T, 32>(c.a);
  const auto b = aie::broadcast<T, 32>(c.b);
  EXPECT_EQ(aie::lt(a, b).test(3), c.lt) << c.a << " < " << c.b;
  EXPECT_EQ(aie::le(a, b).test(3), c.le) << c.a << " <= " << c.b;
  EXPECT_EQ(aie::gt(a, b).test(3), c.gt) << c.a << " > " << c.b;
  EXPECT_EQ(aie::ge(a, b).test(3), c.ge) << c.a << " >= " << c.b;
  EXPECT_EQ(aie::eq(a, b).test(3), c.eq) << c.a << " == " << c.b;
  EXPECT_EQ(aie::neq(a, b).test(3), c.neq) << c.a << " != " << c.b;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(Compare, Bfloat16ZerosSubnormalsAndNaN) {
  const bfloat16 zero = 0.0f, minus_zero = -0.0f, one = 1.0f, nan = kNaN, infinity = kInfinity;
  const bfloat16 tiny = bfloat16::from_bits(1);
  //                                     lt     le     gt     ge     eq     neq
  expect_comparison<bfloat16>({minus_zero, zero, false, true, false, true, true, false});
  expect_comparison<bfloat16>({zero, minus_zero, false, false, true, true, true, false});
  expect_comparison<bfloat16>({nan, one, false, false, false, false, false, false});
  expect_comparison<bfloat16>({one, nan, false, false, false, false, false, false});
  expect_comparison<bfloat16>({infinity, infinity, false, true, false, true, true, false});
  // The first operand becomes zero where it is subnormal.
  expect_comparison<bfloat16>({tiny, tiny, true, true, false, false, false, true});
}

TEST(Compare, FloatsByTheirDifference) {
  //                                     lt     le     gt     ge     eq     neq
  expect_comparison<float>({1.0f, 1.0f, false, true, false, true, true, false});
  expect_comparison<float>({-0.0f, 0.0f, false, true, false, true, true, false});
  expect_comparison<float>({-3e38f, 3e38f, true, true, false, false, false, true});
  expect_comparison<float>({kNaN, 1.0f, false, false, false, false, false, false});
  expect_comparison<float>({kInfinity, kInfinity, false, false, false, false, false, false});
  // The core's subtraction first rounds 1 - 2^-24 to a multiple of 2^-23.
  expect_comparison<float>({1.0f - 0x1p-24f, 1.0f, false, true, false, true, true, false});
  expect_comparison<float>({1.0f - 0x1p-23f, 1.0f, true, true, false, false, false, true});
  // A difference below the normal numbers is a zero with a sign.
  expect_comparison<float>({0x1.8p-126f, 0x1p-126f, false, false, false, true, false, true});
  expect_comparison<float>({0x1p-126f, 0x1.8p-126f, true, true, false, false, false, true});
}

TEST(Compare, ExtremesOfFloatsTakeTheFirstWhereNothingIsLess) {
  const auto max = [](auto a, auto b) {
    using T = decltype(a);
    return T(aie::max(aie::broadcast<T, 32>(a), aie::broadcast<T, 32>(b))[31]);
  };
  const auto min = [](auto a, auto b) {
    using T = decltype(a);
    return T(aie::min(aie::broadcast<T, 32>(a), aie::broadcast<T, 32>(b))[31]);
  };
  const bfloat16 zero = 0.0f, minus_zero = -0.0f, one = 1.0f, nan = kNaN;
  // Of bfloat16 zeros the signs count (seen on silicon).
  EXPECT_EQ(max(minus_zero, zero).bits(), 0x0000);
  EXPECT_EQ(max(zero, minus_zero).bits(), 0x0000);
  EXPECT_EQ(min(zero, minus_zero).bits(), 0x8000);
  EXPECT_EQ(min(minus_zero, zero).bits(), 0x8000);
  EXPECT_EQ(max(nan, one).bits(), nan.bits());
  EXPECT_EQ(max(one, nan).bits(), one.bits());
  EXPECT_EQ(min(nan, one).bits(), nan.bits());
  EXPECT_EQ(max(1.0f - 0x1p-24f, 1.0f), 1.0f - 0x1p-24f);
  EXPECT_EQ(min(1.0f, 1.0f - 0x1p-24f), 1.0f - 0x1p-24f);
  EXPECT_EQ(max(kInfinity, kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(max(kNaN, 1.0f)));
  EXPECT_EQ(max(1.0f, kNaN), 1.0f);
}

TEST(Compare, SelectTakesTheSecondWhereTheMaskIsSet) {
  const auto a = ramp<int16, 32>();
  const auto b = ramp<int16, 32>(100);
  const auto m = aie::mask<32>::from_uint32(0xFFFF0001u);
  const auto v = aie::select(a, b, m);
  EXPECT_EQ(v[0], 100);
  EXPECT_EQ(v[1], 1);
  EXPECT_EQ(v[15], 15);
  EXPECT_EQ(v[16], 116);
  EXPECT_EQ(aie::select(int16(-1), b, m)[1], -1);
  EXPECT_EQ(aie::select(a, int16(-1), m)[0], -1);
  EXPECT_EQ(aie::select(int16(3), int16(4), m)[31], 4);
}

TEST(Compare, MaxAndMinWithTheirMasks) {
  const aie::vector<int32, 8> a(1, 5, 3, 0, 0, 0, 0, 0);
  const aie::vector<int32, 8> b(2, 4, 3, 0, 0, 0, 0, 0);
  const auto [highest, from_b] = aie::max_cmp(a, b);
  EXPECT_EQ(highest[0], 2);
  EXPECT_EQ(from_b.to_uint32(), 1u);
  const auto [lowest, from_b_too] = aie::min_cmp(a, b);
  EXPECT_EQ(lowest[1], 4);
  EXPECT_TRUE(from_b_too.test(1));
  EXPECT_FALSE(from_b_too.test(0));
  EXPECT_EQ(aie::clamp(ramp<int16, 16>(-8), int16(-2), int16(3))[0], -2);
  EXPECT_EQ(aie::clamp(ramp<int16, 16>(-8), int16(-2), int16(3))[15], 3);
  EXPECT_EQ(aie::clamp(ramp<int16, 16>(-8), int16(-2), int16(3))[8], 0);
  const auto clamped = aie::clamp(ramp<int16, 16>(), ramp<int16, 16>(2), ramp<int16, 16>(3));
  EXPECT_EQ(clamped[5], 7);
  EXPECT_EQ(aie::clamp(ramp<int16, 16>(9), ramp<int16, 16>(2), ramp<int16, 16>(3))[5], 8);
}

TEST(Compare, Equality) {
  auto a = ramp<uint8, 32>();
  EXPECT_TRUE(aie::equal(a, ramp<uint8, 32>()));
  a[31] = 0;
  EXPECT_TRUE(aie::not_equal(a, ramp<uint8, 32>()));
  EXPECT_TRUE(aie::contains(7, a));
  EXPECT_FALSE(aie::contains(31, a));
}

}  // namespace
}  // namespace sotto::npu::host::testing
