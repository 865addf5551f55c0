#include <gmock/gmock.h>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VectorTest : public CoreTest {};
class AccumTest : public CoreTest {};

TEST_F(VectorTest, UndefinedLanesAreConspicuous) {
  EXPECT_TRUE(std::isnan((aie::vector<float, 16>()[3])));
  EXPECT_EQ((aie::vector<int8, 16>()[15]), -1);
  const aie::vector<int16, 8> partial(7, 8);
  EXPECT_THAT(lanes(partial), ElementsAre(7, 8, -1, -1, -1, -1, -1, -1));
}

TEST_F(VectorTest, CastsKeepTheBytes) {
  aie::vector<int32, 8> v = ramp<int32, 8>(0x01020304);
  EXPECT_EQ(v.cast_to<uint8>()[0], 4);
  EXPECT_EQ(v.cast_to<uint8>()[3], 1);
  EXPECT_EQ(v.cast_to<int16>()[3], 0x0102);
  EXPECT_EQ((lanes(v.cast_to<int16>().cast_to<int32>())), lanes(v));
  EXPECT_EQ(aie::vector_cast<int16>(v)[2], 0x0305);
}

TEST_F(VectorTest, PartsGoInAndOut) {
  aie::vector<int8, 64> v = ramp<int8, 64>();
  EXPECT_EQ(v.extract<16>(2)[0], 32);
  v.insert(3, ramp<int8, 16>(100));
  EXPECT_EQ(v[47], 47);
  EXPECT_EQ(v[48], 100);
  EXPECT_EQ(v[63], 115);
  const auto grown = ramp<int8, 16>().grow<64>(1);
  EXPECT_EQ(grown[15], -1);
  EXPECT_EQ(grown[16], 0);
  EXPECT_EQ(grown[31], 15);
  EXPECT_EQ(grown[32], -1);
  EXPECT_EQ((ramp<int8, 16>().grow_replicate<64>()[50]), 2);
  const aie::accum<acc32, 8> part(ramp<int16, 8>());
  EXPECT_EQ((part.grow_replicate<32>().data()[29]), 5);
  const auto joined = aie::concat(ramp<int16, 8>(), ramp<int16, 8>(50));
  EXPECT_EQ(joined[7], 7);
  EXPECT_EQ(joined[8], 50);
  const auto [low, high] = joined.split<8>();
  EXPECT_EQ(low[7], 7);
  EXPECT_EQ(high[0], 50);
  aie::vector<int16, 8> pushed = ramp<int16, 8>();
  EXPECT_THAT(lanes(pushed.push(9)), ElementsAre(9, 0, 1, 2, 3, 4, 5, 6));
}

TEST_F(VectorTest, IndicesAreChecked) {
  aie::vector<int16, 16> v = ramp<int16, 16>();
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { v[16] = 0; }),
              HasSubstr("index 16 of a vector register with 16"));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { v.extract<8>(2); }),
              HasSubstr("index 2 of a vector register with 2"));
}

TEST_F(VectorTest, UnpackKeepsTheSignAndPackObeysSaturation) {
  EXPECT_EQ((aie::broadcast<int8, 32>(-5).unpack()[0]), -5);
  EXPECT_EQ((aie::broadcast<uint8, 32>(250).unpack()[0]), 250);
  const aie::vector<int16, 32> v = aie::broadcast<int16, 32>(300);
  EXPECT_EQ(v.pack()[0], 44);
  EXPECT_EQ((aie::broadcast<int8, 32>(-5).unpack_sign(false)[3]), 251);
  EXPECT_EQ((aie::broadcast<uint8, 32>(251).unpack_sign(true)[3]), 0xFFFB);
  const aie::vector<int32, 16> wide = aie::broadcast<int32, 16>(-70000);
  EXPECT_EQ(wide.pack()[0], static_cast<int16>(-70000));
  aie::set_saturation(aie::saturation_mode::saturate);
  EXPECT_EQ(v.pack()[0], 127);
  EXPECT_EQ(wide.pack()[0], -32768);
  EXPECT_EQ((aie::broadcast<int16, 32>(200).pack_sign(false)[0]), static_cast<int8>(200));
  EXPECT_EQ((aie::broadcast<int16, 32>(-1).pack_sign(true)[0]), -1);
  EXPECT_EQ((aie::broadcast<uint16, 32>(300).pack_sign(true)[0]), 127);
  aie::set_saturation(aie::saturation_mode::symmetric);
  EXPECT_EQ(wide.pack()[0], -32767);
}

TEST_F(AccumTest, TagsAreRoundedUpToLanes) {
  static_assert(aie::accum<acc24, 16>::accum_bits() == 32);
  static_assert(aie::accum<acc48, 16>::accum_bits() == 64);
  static_assert(std::is_same_v<accum_tag_t<accauto, int16, int16>, acc32>);
  static_assert(std::is_same_v<accum_tag_t<accauto, int32, int16>, acc48>);
  static_assert(std::is_same_v<accum_tag_t<accauto, int32, int32>, acc64>);
  static_assert(std::is_same_v<accum_tag_t<accauto, bfloat16, bfloat16>, accfloat>);
  const aie::accum<acc48, 16> acc(ramp<int32, 16>());
  const aie::accum<acc64, 16> same = acc;
  EXPECT_EQ(lanes(same), lanes(acc));
}

TEST_F(AccumTest, StartsWithFloorAndWithoutSaturation) {
  const aie::accum<acc32, 32> acc(aie::broadcast<int16, 32>(-3));
  EXPECT_EQ(acc.to_vector<int16>(1)[0], -2);
  const aie::accum<acc32, 32> large(aie::broadcast<int16, 32>(300));
  EXPECT_EQ(large.to_vector<int8>()[0], 44);
  const aie::accum<accfloat, 16> third(aie::broadcast<float, 16>(1.0f / 3));
  EXPECT_EQ(third.to_vector<bfloat16>()[0].bits(), 0x3EAA);  // 0x3EAAAAAB cut off
}

TEST_F(AccumTest, EveryRoundingModeReachesTheStores) {
  for (const Rounding rounding : kAllRoundings) {
    state_.rounding = rounding;
    for (const int value : {-7, -6, -5, 5, 6, 7, 10, -10}) {
      const aie::accum<acc32, 16> acc(aie::broadcast<int16, 16>(static_cast<int16>(value)));
      EXPECT_EQ(acc.to_vector<int8>(2)[15], round_shift(value, 2, rounding));
    }
    for (const float value : {1.00390625f, -1.00390625f, 1.01171875f, 1.0f / 3, -1.0f / 3}) {
      const aie::accum<accfloat, 16> acc(aie::broadcast<float, 16>(value));
      EXPECT_EQ(acc.to_vector<bfloat16>()[0].bits(), narrow_to_bf16(value, rounding));
    }
  }
}

TEST_F(AccumTest, SaturatesToTheResultsRange) {
  state_.saturation = Saturation::saturate;
  const aie::accum<acc32, 16> acc(aie::broadcast<int16, 16>(-300));
  EXPECT_EQ(acc.to_vector<int8>()[0], -128);
  EXPECT_EQ(acc.to_vector<uint8>()[0], 0);
  EXPECT_EQ(acc.to_vector_sign<int8>(false)[0], 0);
  EXPECT_EQ(acc.to_vector_sign<uint8>(true)[0], 128);  // -128 as bits
  state_.saturation = Saturation::symmetric;
  EXPECT_EQ(acc.to_vector<int8>()[0], -127);
}

TEST_F(AccumTest, UpshiftMultiplies) {
  const aie::accum<acc32, 16> acc(ramp<int16, 16>(-8), 9);
  EXPECT_EQ(acc.data()[0], -8 * 512);
  aie::accum<acc64, 16> wide;
  wide.from_vector(aie::broadcast<int32, 16>(std::numeric_limits<int32>::min()), 8);
  EXPECT_EQ(wide.data()[3], -(int64{1} << 39));
  aie::accum<acc32, 32> as_unsigned;
  as_unsigned.from_vector_sign(aie::broadcast<int8, 32>(-1), false, 4);
  EXPECT_EQ(as_unsigned.data()[0], 255 * 16);
}

TEST_F(AccumTest, ShiftsThatTheCoreForgetsAreRefused) {
  const aie::accum<acc32, 16> acc(ramp<int32, 16>(5));
  EXPECT_EQ(lanes(acc.to_vector<int32>()), lanes(ramp<int32, 16>(5)));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { acc.to_vector<int32>(3); }),
              HasSubstr("shift 3 between acc32 and 32-bit integers"));
  aie::accum<acc32, 16> other;
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { other.from_vector(ramp<int32, 16>(), 1); }),
              HasSubstr("use acc64"));
}

TEST_F(AccumTest, FloatsPassUnchangedAndStoreImplicitly) {
  const aie::vector<float, 16> v = random_vector<float, 16>(1);
  const aie::accum<accfloat, 16> acc(v);
  EXPECT_EQ(lanes(acc.to_vector<float>()), lanes(v));
  const aie::vector<bfloat16, 16> stored = acc;
  EXPECT_EQ(lanes(stored), lanes(acc.to_vector<bfloat16>()));
  const aie::accum<accfloat, 16> widened(stored);
  EXPECT_EQ(lanes(widened.to_vector<bfloat16>()), lanes(stored));
}

TEST_F(AccumTest, PartsAndCasts) {
  const auto both =
      aie::concat(aie::zeros<accfloat, 8>(), aie::accum<accfloat, 8>(random_vector<float, 8>(2)));
  EXPECT_EQ(lanes(both.extract<8>(1)), lanes(random_vector<float, 8>(2)));
  aie::accum<accfloat, 32> grown = both.grow<32>(1);
  EXPECT_TRUE(std::isnan(grown.data()[0]));
  EXPECT_EQ(grown.data()[16], 0.0f);
  const aie::accum<acc32, 16> bits = both.cast_to<acc32>();
  EXPECT_EQ(lanes(bits.cast_to<accfloat>()), lanes(both));
  EXPECT_EQ(lanes(aie::vector_cast<int32>(both)), lanes(bits));
  EXPECT_EQ(lanes(aie::vector_cast<accfloat>(both.to_vector<float>())), lanes(both));
}

TEST(Core, ScopesNestAndThreadsHaveTheirOwn) {
  CoreState a;
  const CoreScope scope(a);
  aie::set_rounding(aie::rounding_mode::conv_even);
  {
    CoreState b;
    const CoreScope inner(b);
    EXPECT_EQ(aie::get_rounding(), aie::rounding_mode::floor);
    EXPECT_EQ(aie::swap_saturation(aie::saturation_mode::saturate), aie::saturation_mode::none);
    EXPECT_EQ(b.saturation, Saturation::saturate);
  }
  EXPECT_EQ(aie::swap_rounding(aie::rounding_mode::floor), aie::rounding_mode::conv_even);
  EXPECT_EQ(a.saturation, Saturation::none);
}

}  // namespace
}  // namespace sotto::npu::host::testing
