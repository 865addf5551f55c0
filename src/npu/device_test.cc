// Facts of the array that follow from each other, and the rules of its switch boxes.
#include "npu/device.h"

#include <gtest/gtest.h>

#include "npu/stream_switch.h"

namespace sotto::npu {
namespace {

constexpr TileKind kKinds[] = {TileKind::shim, TileKind::memory, TileKind::core};

// What npu-facts and the primer say in words.
static_assert(npu1().columns == 4 && npu1().rows == 6 && npu2().columns == 8);
static_assert(kCoreMemory.bytes == 65536 && kCoreMemory.bank_bytes() == 16384);
static_assert(kMemoryMemory.bytes == 524288 && kMemoryMemory.bank_bytes() == 65536);
static_assert(kind_of({0, 0}) == TileKind::shim && kind_of({0, 1}) == TileKind::memory &&
              kind_of({0, 2}) == TileKind::core && kind_of({0, 5}) == TileKind::core);
static_assert(npu1(2).has({1, 5}) && !npu1(2).has({2, 5}) && !npu1(2).has({1, 6}));
static_assert(register_address({3, 4}, 0xDEF) == 0x06400DEF);

// A core reaches its own memory and three others, under addresses and lock numbers of their own.
static_assert(neighbour({1, 3}, {1, 3}) == Neighbour::self);
static_assert(neighbour({1, 3}, {0, 3}) == Neighbour::west);
static_assert(neighbour({1, 3}, {2, 3}) == Neighbour::east);
static_assert(neighbour({1, 3}, {1, 4}) == Neighbour::north);
static_assert(neighbour({1, 3}, {2, 4}) == Neighbour::none);
static_assert(core_reaches(Neighbour::west) && !core_reaches(Neighbour::east));
static_assert(core_window(Neighbour::self).address == 0x70000 &&
              core_window(Neighbour::self).lock == 48);
static_assert(memory_dma_window(Neighbour::self).address == 0x80000 &&
              memory_dma_window(Neighbour::east).lock == 128);

TEST(Device, DescriptorsOfEvenAndOddChannels) {
  for (int channel = 0; channel < kMemoryDma.channels; ++channel) {
    EXPECT_EQ(bds_of_channel(TileKind::memory, channel).first, channel % 2 * 24);
    EXPECT_EQ(bds_of_channel(TileKind::memory, channel).count, 24);
  }
  EXPECT_EQ(bds_of_channel(TileKind::core, 1).count, 16);
}

TEST(Device, FieldsAreAsWideAsTheirRegisters) {
  // (wrap bits, step bits, length bits) of each kind.
  const int bits[3][3] = {{10, 20, 32}, {10, 17, 17}, {8, 13, 14}};
  for (const TileKind kind : kKinds) {
    const DmaFacts& dma = dma_of(kind);
    const auto& widths = bits[static_cast<int>(kind)];
    EXPECT_EQ(dma.wrap_max, (std::int64_t{1} << widths[0]) - 1);
    EXPECT_EQ(dma.step_max, std::int64_t{1} << widths[1]);
    EXPECT_EQ(dma.length_max, (std::int64_t{1} << widths[2]) - 1);
  }
}

TEST(StreamSwitch, SixUpFourDownFourAcross) {
  const Device device = npu1(2);
  for (int row = 0; row < 5; ++row) {
    EXPECT_EQ(wires(device, {0, row}, Bundle::north), 6);
    EXPECT_EQ(wires(device, {0, row + 1}, Bundle::south), 4);
  }
  for (int row = 0; row < 6; ++row) {
    EXPECT_EQ(wires(device, {0, row}, Bundle::east), row == 1 ? 0 : 4);
    EXPECT_EQ(wires(device, {1, row}, Bundle::west), row == 1 ? 0 : 4);
  }
  EXPECT_EQ(wires(device, {0, 5}, Bundle::north), 0);  // the border
  EXPECT_EQ(wires(device, {1, 2}, Bundle::east), 0);
}

TEST(StreamSwitch, WiresHaveTwoEnds) {
  for (const TileKind kind : kKinds) {
    for (const Bundle side : {Bundle::south, Bundle::west, Bundle::north, Bundle::east}) {
      EXPECT_EQ(opposite(opposite(side)), side);
      EXPECT_EQ(beyond(beyond({3, 3}, side), opposite(side)), (TileId{3, 3}));
      EXPECT_GE(inputs(kind, side), kind == TileKind::memory ? 0 : 4);
    }
  }
}

TEST(StreamSwitch, WhatPassesAMemoryTileKeepsItsChannel) {
  const TileKind memory = TileKind::memory;
  EXPECT_TRUE(can_connect(memory, {Bundle::north, 2}, {Bundle::south, 2}));
  EXPECT_FALSE(can_connect(memory, {Bundle::north, 2}, {Bundle::south, 1}));
  EXPECT_TRUE(can_connect(memory, {Bundle::north, 2}, {Bundle::dma, 5}));
  EXPECT_TRUE(can_connect(memory, {Bundle::dma, 0}, {Bundle::north, 5}));
  EXPECT_FALSE(can_connect(memory, {Bundle::dma, 0}, {Bundle::dma, 1}));
}

TEST(StreamSwitch, TurningBack) {
  EXPECT_TRUE(can_connect(TileKind::core, {Bundle::west, 1}, {Bundle::west, 1}));
  EXPECT_FALSE(can_connect(TileKind::core, {Bundle::west, 1}, {Bundle::west, 2}));
  EXPECT_TRUE(can_connect(TileKind::core, {Bundle::west, 1}, {Bundle::north, 5}));
  EXPECT_FALSE(can_connect(TileKind::core, {Bundle::core, 0}, {Bundle::core, 0}));
  EXPECT_TRUE(can_connect(TileKind::shim, {Bundle::south, 3}, {Bundle::south, 2}));
  EXPECT_FALSE(can_connect(TileKind::shim, {Bundle::north, 3}, {Bundle::north, 2}));
}

TEST(StreamSwitch, ShimMultiplexer) {
  EXPECT_EQ(shim_port(Direction::mm2s, 0), (Port{Bundle::south, 3}));
  EXPECT_EQ(shim_port(Direction::mm2s, 1), (Port{Bundle::south, 7}));
  EXPECT_EQ(shim_port(Direction::s2mm, 0), (Port{Bundle::south, 2}));
  EXPECT_EQ(shim_port(Direction::s2mm, 1), (Port{Bundle::south, 3}));
}

}  // namespace
}  // namespace sotto::npu
