#include <gmock/gmock.h>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Buffer {
  alignas(64) int16 data[128];
  Buffer() {
    for (int i = 0; i < 128; ++i) data[i] = static_cast<int16>(i);
  }
};

TEST(Memory, AlignedLoadsAndStores) {
  Buffer b;
  EXPECT_EQ(aie::load_v<16>(b.data + 32)[15], 47);
  EXPECT_EQ(aie::load_v(b.data)[31], 31);  // 512 bits
  EXPECT_EQ(aie::load_v<8>(b.data + 8)[0], 8);
  aie::store_v(b.data + 16, ramp<int16, 16>(500));
  EXPECT_EQ(b.data[15], 15);
  EXPECT_EQ(b.data[16], 500);
  EXPECT_EQ(b.data[31], 515);
  EXPECT_EQ(b.data[32], 32);
}

TEST(Memory, MisalignedAccessesAreRefused) {
  Buffer b;
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::load_v<16>(b.data + 8); }),
              AllOf(HasSubstr("32 bytes at 0x"), HasSubstr("not a multiple of 32")));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::load_v<32>(b.data + 1); }),
              HasSubstr("64 bytes"));
  EXPECT_THAT(
      message_of(ErrorKind::unsupported, [&] { aie::store_v(b.data + 4, ramp<int16, 8>()); }),
      HasSubstr("not a multiple of 16"));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { *aie::begin_vector<16>(b.data + 1); }),
              HasSubstr("drop the lower bits"));
}

TEST(Memory, UnalignedForms) {
  Buffer b;
  EXPECT_EQ(aie::load_unaligned_v<16>(b.data + 3)[0], 3);
  EXPECT_EQ(aie::load_unaligned_v<16>(b.data + 4, 4)[15], 19);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::load_unaligned_v<16>(b.data + 5, 4); }),
              HasSubstr("not a multiple of 8"));
  EXPECT_THAT(message_of(ErrorKind::unsupported,
                         [&] { aie::store_unaligned_v(b.data + 5, ramp<int16, 16>(), 4); }),
              HasSubstr("not a multiple of 8"));
  EXPECT_EQ(b.data[5], 5);
  aie::store_unaligned_v(b.data + 5, ramp<int16, 16>(900));
  EXPECT_EQ(b.data[4], 4);
  EXPECT_EQ(b.data[5], 900);
  EXPECT_EQ(b.data[20], 915);
  EXPECT_EQ(b.data[21], 21);
  EXPECT_EQ(aie::load_floor_v<16>(b.data + 62)[0], 48);
  EXPECT_EQ(aie::load_floor_v<16>(b.data + 62, 32)[0], 32);
  EXPECT_EQ(aie::load_floor_bytes_v<8>(b.data + 62, 16)[0], 56);
  // Byte 112, which the core would round down once more, for a load of 32 bytes.
  EXPECT_THAT(
      message_of(ErrorKind::unsupported, [&] { aie::load_floor_bytes_v<16>(b.data + 62, 16); }),
      HasSubstr("not a multiple of 32"));
}

TEST(Memory, IteratorsStepByVectors) {
  Buffer b;
  auto in = aie::cbegin_vector<16>(b.data);
  auto out = aie::begin_restrict_vector<16>(b.data + 64);
  for (int i = 0; i < 4; ++i) *out++ = aie::add(*in++, int16(1000));
  EXPECT_EQ(b.data[64], 1000);
  EXPECT_EQ(b.data[127], 1063);
  EXPECT_EQ(in - aie::cbegin_vector<16>(b.data), 4);
  --in;
  EXPECT_EQ((*in)[0], 48);
  EXPECT_EQ(in[-2][0], 16);
  EXPECT_EQ((*(aie::begin_vector<8>(b.data) + 3))[7], 31);
  auto anywhere = aie::begin_unaligned_vector<16>(b.data + 1);
  const aie::vector<int16, 16> first = *anywhere++;
  EXPECT_EQ(first[0], 1);
  *anywhere = ramp<int16, 16>(700);
  EXPECT_EQ(b.data[17], 700);
}

TEST(Memory, RingsWrapAround) {
  Buffer b;
  auto ring = aie::begin_vector_circular<16>(b.data, 48);
  std::vector<int> firsts;
  for (int i = 0; i < 7; ++i) firsts.push_back((*ring++)[0]);
  EXPECT_EQ(firsts, (std::vector<int>{0, 16, 32, 0, 16, 32, 0}));
  auto back = aie::cbegin_vector_random_circular<16, 48>(b.data);
  EXPECT_EQ((*--back)[0], 32);
  back += 5;
  EXPECT_EQ((*back)[0], 16);
  EXPECT_EQ((*(back - 4))[0], 0);
  EXPECT_EQ((*aie::begin_vector_circular<32>(b.data))[0], 0);  // the size of the array
  EXPECT_THAT(
      message_of(ErrorKind::unsupported, [&] { aie::begin_vector_circular<32>(b.data, 48); }),
      HasSubstr("ring of 48 elements"));
}

TEST(Memory, RingsOfElementsWrapAround) {
  Buffer b;
  auto ring = aie::begin_circular(b.data + 10, 3);
  std::vector<int> elements;
  for (int i = 0; i < 7; ++i) elements.push_back(*ring++);
  EXPECT_EQ(elements, (std::vector<int>{10, 11, 12, 10, 11, 12, 10}));
  EXPECT_EQ(*++ring, 12);
  *ring = 500;
  EXPECT_EQ(b.data[12], 500);
  auto back = aie::cbegin_random_circular<5>(b.data);
  EXPECT_EQ(*--back, 4);
  back -= 11;
  EXPECT_EQ(*back, 3);
  EXPECT_EQ(*(back + 4), 2);
  EXPECT_EQ(back - 5, back);
  EXPECT_EQ(*(aie::cbegin_circular(b.data) + 129), 1);  // the size of the array
  EXPECT_EQ(*aie::begin_random_circular(b.data, 1)++, 0);
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { aie::begin_circular(b.data, 0); }),
              HasSubstr("ring of 0 elements"));
}

TEST(Memory, RawRegistersReadThroughCasts) {
  Buffer b;
  const v16int16 v = *reinterpret_cast<v16int16*>(b.data + 16);
  EXPECT_EQ(v[0], 16);
  *reinterpret_cast<v64uint8*>(b.data) = aie::zeros<uint8, 64>();
  EXPECT_EQ(b.data[31], 0);
  EXPECT_EQ(b.data[32], 32);
}

}  // namespace
}  // namespace sotto::npu::host::testing
