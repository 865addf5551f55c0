#include <gmock/gmock.h>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::HasSubstr;

class Int4Test : public CoreTest {};

/// The plain twin of a register: one int a lane.
template <typename T, unsigned Elems>
std::vector<int> ints(const aie::vector<T, Elems>& v) {
  std::vector<int> result;
  for (unsigned i = 0; i < Elems; ++i) result.push_back(v.get(i));
  return result;
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> from_ints(const std::vector<int>& values) {
  aie::vector<T, Elems> v;
  for (unsigned i = 0; i < Elems; ++i) v.set(T(values[i]), i);
  return v;
}

TEST_F(Int4Test, ScalarsKeepFourBits) {
  for (int i = -40; i < 40; ++i) {
    EXPECT_EQ(uint4(i), i & 15);
    EXPECT_EQ(int4(i), (i & 15) < 8 ? (i & 15) : (i & 15) - 16);
  }
  static_assert(sizeof(int4) == 1 && int4(9) == -7 && uint4(-1) == 15);
  EXPECT_EQ(std::numeric_limits<int4>::lowest(), -8);
  EXPECT_EQ(std::numeric_limits<int4>::max(), 7);
  EXPECT_EQ(std::numeric_limits<uint4>::max(), 15);
}

TEST_F(Int4Test, TheEvenLaneIsTheLowerHalfOfAByte) {
  aie::vector<uint8, 16> bytes = aie::zeros<uint8, 16>();
  bytes[0] = 0x21;
  bytes[1] = 0x8F;
  const auto v = bytes.cast_to<int4>();
  static_assert(std::is_same_v<decltype(v), const aie::vector<int4, 32>>);
  EXPECT_EQ(v[0], 1);
  EXPECT_EQ(v[1], 2);
  EXPECT_EQ(v[2], -1);
  EXPECT_EQ(v[3], -8);
  EXPECT_EQ(v.cast_to<uint4>()[3], 8);
  EXPECT_EQ(sizeof(v32int4), 16u);
  EXPECT_EQ(sizeof(v128uint4), 64u);
  EXPECT_EQ((aie::vector<int4>::size()), 128u);
  EXPECT_EQ((aie::vector<int4, 64>::type_bits()), 4u);
  EXPECT_TRUE((aie::vector<int4, 64>::is_signed() && aie::vector<int4, 64>::is_integral()));
  EXPECT_EQ(aie::vector_cast<int32>(aie::broadcast<uint4, 32>(7))[3], 0x77777777);
}

TEST_F(Int4Test, LanesMoveLikeThoseOfAnArray) {
  const auto v = random_vector<int4, 128>(1);
  const std::vector<int> plain = ints(v);
  auto changed = v;
  changed.set(-8, 5);
  changed[6] = 3;
  changed[7] = changed[5];
  std::vector<int> expected = plain;
  expected[5] = -8;
  expected[6] = 3;
  expected[7] = -8;
  EXPECT_EQ(ints(changed), expected);
  EXPECT_EQ(ints(changed.push(7)).front(), 7);
  EXPECT_EQ(ints(changed)[6], -8);

  EXPECT_EQ(ints(v.extract<32>(3)), std::vector<int>(plain.begin() + 96, plain.end()));
  EXPECT_EQ(ints(aie::concat(v, v).extract<128>(1)), plain);
  EXPECT_EQ(ints(v.grow<256>(1).extract<128>(1)), plain);
  EXPECT_EQ(ints(v.extract<64>(0).grow_replicate<128>().extract<64>(1)), ints(v.extract<64>(0)));
  EXPECT_EQ(ints(extract_v64int4(v, 1)), ints(v.split<64>()[1]));
  EXPECT_EQ(ints(set_v128int4(0, v.extract<64>(1)).extract<64>(0)), ints(v.extract<64>(1)));
  EXPECT_EQ(ints(aie::reverse(v)), std::vector<int>(plain.rbegin(), plain.rend()));
  EXPECT_EQ(ints(aie::transpose(v, 16, 8))[17], plain[1 * 8 + 1]);
  EXPECT_EQ(ints(aie::filter_odd(v, 2))[1], plain[3]);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { v.get(128); }), HasSubstr("index 128"));
}

TEST_F(Int4Test, UnpackExtendsTheSign) {
  std::vector<int> all;
  for (int i = 0; i < 64; ++i) all.push_back(i % 16 - 8);
  EXPECT_EQ(ints(from_ints<int4, 64>(all).unpack()), all);
  const auto wide = aie::unpack<uint8>(from_ints<uint4, 64>(all));
  static_assert(std::is_same_v<decltype(wide), const aie::vector<uint8, 64>>);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(wide.get(static_cast<unsigned>(i)), (i % 16 + 8) % 16);
}

TEST_F(Int4Test, PackMindsTheSaturationRegister) {
  for (int value = -128; value < 128; ++value) {
    const auto v = aie::broadcast<int8, 32>(static_cast<int8>(value));
    state_.saturation = Saturation::none;
    EXPECT_EQ(v.pack()[0], int4(value));
    EXPECT_EQ(v.cast_to<uint8>().pack()[31], value & 15);
    state_.saturation = Saturation::saturate;
    EXPECT_EQ(aie::pack<int4>(v)[1], std::clamp(value, -8, 7));
    EXPECT_EQ(v.cast_to<uint8>().pack()[30], std::min(value & 255, 15));
    state_.saturation = Saturation::symmetric;
    EXPECT_EQ(v.pack()[0], std::clamp(value, -7, 7));
    EXPECT_EQ(v.cast_to<uint8>().pack()[30], std::min(value & 255, 15));
  }
}

TEST_F(Int4Test, PointersCountBytes) {
  alignas(32) int4 buffer[128];
  for (int i = 0; i < 128; ++i) {
    reinterpret_cast<uint8*>(buffer)[i] =
        static_cast<uint8>(((2 * i) & 15) | ((2 * i + 1) & 15) << 4);
  }
  EXPECT_EQ(aie::load_v<64>(buffer + 32)[0], 0);
  EXPECT_EQ((aie::load_v<128>(buffer).get(127)), int4(127));
  EXPECT_EQ(aie::load_unaligned_v<64>(buffer + 3)[0], 6);
  EXPECT_EQ(aie::load_floor_v<64>(buffer + 60)[1], 1);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::load_v<64>(buffer + 16); }),
              HasSubstr("not a multiple of 32"));
  auto in = aie::cbegin_vector<64>(buffer);
  EXPECT_EQ(reinterpret_cast<const char*>(&*++in) - reinterpret_cast<const char*>(buffer), 32);
  EXPECT_EQ(in - aie::cbegin_vector<64>(buffer), 1);
  auto ring = aie::begin_vector_circular<64>(buffer, 128);
  *ring++ = aie::broadcast<int4, 64>(5);
  *ring++ = aie::broadcast<int4, 64>(-6);
  EXPECT_EQ((*ring)[63], 5);
  EXPECT_EQ(aie::load_v<64>(buffer + 32)[63], -6);
  aie::store_unaligned_v(buffer + 1, aie::broadcast<int4, 32>(1));
  EXPECT_EQ(aie::load_v<64>(buffer)[1], 5);
  EXPECT_EQ(aie::load_v<64>(buffer)[2], 1);
  EXPECT_EQ(aie::load_v<64>(buffer)[33], 1);
  EXPECT_EQ(aie::load_v<64>(buffer)[34], 5);
}

TEST_F(Int4Test, AccumulatorsTakeAndGiveFourBits) {
  const auto v = random_vector<int4, 32>(2);
  const aie::accum<acc32, 32> acc(v, 3);
  for (unsigned i = 0; i < 32; ++i) EXPECT_EQ(acc.data()[i], v.get(i) * 8);
  EXPECT_EQ(ints(acc.to_vector<int4>(3)), ints(v));
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(acc.to_vector<int4>(0)[0], std::clamp(v.get(0) * 8, -8, 7));
  const aie::accum<acc32, 32> thousand(aie::broadcast<int16, 32>(1000));
  EXPECT_EQ(thousand.to_vector<uint4>(0)[0], 15);
}

template <typename T>
void expect_lane_operations() {
  const auto a = random_vector<T, 64>(3);
  const auto b = random_vector<T, 64>(4);
  const auto wide = random_vector<int8, 64>(5);
  const auto nines = aie::from_vector<acc32>(aie::broadcast<int8, 64>(9));
  for (unsigned i = 0; i < 64; ++i) {
    const int x = a.get(i);
    const int y = b.get(i);
    EXPECT_EQ(aie::add(a, b).get(i), T(x + y));
    EXPECT_EQ(aie::sub(a, b).get(i), T(x - y));
    EXPECT_EQ(aie::max(a, b).get(i), std::max(x, y));
    EXPECT_EQ(aie::min(a, T(3)).get(i), std::min(x, 3));
    EXPECT_EQ(aie::maxdiff(a, b).get(i), x > y ? T(x - y) : T(0));
    EXPECT_EQ(aie::lt(a, b).test(i), x < y);
    EXPECT_EQ(aie::select(a, b, aie::eq(a, T(1))).get(i), x == 1 ? y : x);
    EXPECT_EQ(aie::bit_xor(a, b).get(i), T(x ^ y));
    EXPECT_EQ(aie::bit_not(a).get(i), T(~x));
    EXPECT_EQ(aie::mul(wide, a).data()[i], wide.get(i) * x);
    EXPECT_EQ(aie::msc(nines, a, wide).data()[i], 9 - wide.get(i) * x);
  }
}

TEST_F(Int4Test, OperationsOnLanes) {
  expect_lane_operations<int4>();
  expect_lane_operations<uint4>();
  EXPECT_EQ(aie::neg(aie::broadcast<int4, 32>(-8))[0], -8);
  state_.saturation = Saturation::saturate;
  EXPECT_EQ(aie::neg(aie::broadcast<int4, 32>(-8))[0], 7);
  EXPECT_EQ(aie::add(aie::broadcast<uint4, 32>(9), uint4(9))[0], 15);
}

/// C = A B + A B against three loops over plain integers.
template <unsigned M, unsigned K, unsigned N, typename A, typename B>
void expect_product(const std::vector<int>& a, const std::vector<int>& b, int32 start) {
  using Mmul = aie::mmul<M, K, N, A, B>;
  static_assert(std::is_same_v<typename Mmul::accum_tag, acc32>);
  const auto va = from_ints<A, Mmul::size_A>(a);
  const auto vb = from_ints<B, Mmul::size_B>(b);
  Mmul once;
  once.mul(va, vb);
  aie::accum<acc32, Mmul::size_C> first;
  for (unsigned i = 0; i < Mmul::size_C; ++i) first.data()[i] = start;
  Mmul twice(first);
  twice.mac(va, vb);
  twice.mac(va, vb);
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned n = 0; n < N; ++n) {
      int64 sum = 0;
      for (unsigned k = 0; k < K; ++k) sum += int64{A(a[m * K + k])} * B(b[k * N + n]);
      EXPECT_EQ(once.to_accum().data()[m * N + n], sum);
      EXPECT_EQ(twice.to_accum().data()[m * N + n], static_cast<int32>(start + 2 * sum));
    }
  }
}

template <unsigned M, unsigned K, unsigned N, typename A, typename B>
void expect_products() {
  std::mt19937 engine(6);
  std::vector<int> a(M * K);
  std::vector<int> b(K * N);
  for (const int32 start : {0, -5, std::numeric_limits<int32>::max()}) {
    for (int& x : a) x = static_cast<int>(engine() & 255);
    for (int& x : b) x = static_cast<int>(engine() & 15);
    expect_product<M, K, N, A, B>(a, b, start);
    for (const int extreme_b : {7, 8, 15}) {  // 7, -8 or 8, -1 or 15
      for (int& x : a) x = (engine() & 1) != 0 ? 128 : 127 + static_cast<int>(engine() & 128);
      for (int& x : b) x = extreme_b;
      expect_product<M, K, N, A, B>(a, b, start);
    }
  }
}

template <unsigned M, unsigned K, unsigned N>
void expect_products_of_all_signs() {
  expect_products<M, K, N, int8, int4>();
  expect_products<M, K, N, int8, uint4>();
  expect_products<M, K, N, uint8, int4>();
  expect_products<M, K, N, uint8, uint4>();
}

TEST_F(Int4Test, EveryShapeOf8x4Bits) {
  expect_products_of_all_signs<4, 16, 8>();
  expect_products_of_all_signs<8, 16, 8>();
  expect_products_of_all_signs<4, 32, 8>();
  static_assert(!has_mmul<int4, int8>({4, 16, 8}) && !has_mmul<int4, int4>({4, 16, 8}));
  static_assert(!has_mmul<int16, int4>({4, 16, 8}) && !has_mmul<int8, int4>({4, 8, 8}));
}

}  // namespace
}  // namespace sotto::npu::host::testing
