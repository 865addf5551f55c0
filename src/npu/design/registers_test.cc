#include "npu/design/registers.h"

#include <gtest/gtest.h>

#include <random>

namespace sotto::npu::design {
namespace {

TEST(Registers, ShimDescriptor) {
  DescriptorFields fields;
  fields.address = 0x1234'8765'4320;
  fields.length = 2048;
  fields.dimensions[0] = {32, 1};
  fields.dimensions[1] = {64, 256};
  fields.dimensions[2] = {0, 32};
  fields.iteration_wrap = 4;
  fields.iteration_step = 128;
  fields.burst = 2;
  fields.cache = 2;
  const std::vector<std::uint32_t> words = {
      2048,                        // length
      0x87654320,                  // address, low
      0x1234,                      // address, high
      32u << 20 | 0,               // wrap, step - 1
      2u << 30 | 64u << 20 | 255,  // burst, wrap, step - 1
      2u << 24 | 31,               // cache, step - 1
      3u << 20 | 127,              // iteration wrap - 1, step - 1
      1u << 25,                    // valid
  };
  EXPECT_EQ(pack(TileKind::shim, fields), words);
  EXPECT_EQ(unpack(TileKind::shim, words), fields);
}

TEST(Registers, MemoryDescriptor) {
  DescriptorFields fields;
  fields.address = 0x80000 / 4 + 16;
  fields.length = 8 * 68;
  fields.dimensions[0] = {4, 1};
  fields.dimensions[1] = {8, 4};
  fields.zeros[0] = {1, 63};
  fields.zeros[2] = {0, 15};
  fields.acquires = true;
  fields.acquire = {64, -1};
  fields.release = {65, 1};
  fields.has_next = true;
  fields.next = 47;
  const std::vector<std::uint32_t> words = {
      8 * 68,                                                        // length
      1u << 26 | 47u << 20 | 1u << 19 | 0x20010,                     // zeros before, next, address
      4u << 17 | 0,                                                  // wrap, step - 1
      8u << 17 | 3,                                                  //
      0,                                                             //
      15u << 28 | 63u << 17,                                         // zeros after
      0,                                                             // iteration
      1u << 31 | 1u << 24 | 65u << 16 | 1u << 15 | 0x7Fu << 8 | 64,  // valid, release, acquire
  };
  EXPECT_EQ(pack(TileKind::memory, fields), words);
  EXPECT_EQ(unpack(TileKind::memory, words), fields);
}

TEST(Registers, CoreDescriptor) {
  DescriptorFields fields;
  fields.address = 0x400 / 4;
  fields.length = 1024;
  fields.acquires = true;
  fields.acquire = {2, -1};
  fields.release = {3, 1};
  fields.has_next = true;
  fields.next = 1;
  const std::vector<std::uint32_t> words = {
      0x100u << 14 | 1024,
      0,
      0,
      0,
      0,
      1u << 27 | 1u << 26 | 1u << 25 | 1u << 18 | 3u << 13 | 1u << 12 | 0x7Fu << 5 | 2};
  EXPECT_EQ(pack(TileKind::core, fields), words);
  EXPECT_EQ(unpack(TileKind::core, words), fields);
}

TEST(Registers, UnpackIsTheInverse) {
  std::mt19937 random(2);
  for (const TileKind kind : {TileKind::shim, TileKind::memory, TileKind::core}) {
    for (int trial = 0; trial < 200; ++trial) {
      std::vector<std::uint32_t> words(static_cast<std::size_t>(dma_of(kind).bd_words));
      for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random());
      const DescriptorFields fields = unpack(kind, words);
      EXPECT_EQ(unpack(kind, pack(kind, fields)), fields);
    }
  }
}

TEST(Registers, QueueEntries) {
  EXPECT_EQ(pack(QueueEntry{5, 1, false}), 5u);
  EXPECT_EQ(pack(QueueEntry{15, 256, true}), 0x80FF000Fu);
  EXPECT_EQ(unpack_queue_entry(0x80FF000F), (QueueEntry{15, 256, true}));
}

TEST(Registers, Addresses) {
  EXPECT_EQ(register_address({3, 0}, descriptor_register(TileKind::shim, 2)), 0x0601D040u);
  EXPECT_EQ(descriptor_register(TileKind::memory, 47), 0xA05E0u);
  EXPECT_EQ(channel_register(TileKind::shim, Direction::mm2s, 1), 0x1D218u);
  EXPECT_EQ(channel_register(TileKind::memory, Direction::s2mm, 5), 0xA0628u);
  EXPECT_EQ(channel_register(TileKind::core, Direction::mm2s, 0), 0x1DE10u);
}

}  // namespace
}  // namespace sotto::npu::design
