// Facts of the array, as constants: every limit that a design meets. npu1 is Phoenix and Hawk Point
// (AIE2), npu2 Strix and its kin (AIE2P), whose tiles have the same resources.
//
// Sources: [RT] AMD's aie-rt, xaiemlgbl_params.h and xaiemlgbl_reginit.c; [TM] mlir-aie,
// AIETargetModel; [020] AMD AM020. Widths of register fields are those of [RT].
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace sotto::npu {

/// Row 0, row 1, rows 2 and up.
enum class TileKind : std::uint8_t { shim, memory, core };

struct TileId {
  int column = 0;
  int row = 0;
  friend constexpr auto operator<=>(const TileId&, const TileId&) = default;
};

/// Of a DMA channel: stream to memory, memory to stream.
enum class Direction : std::uint8_t { s2mm, mm2s };

// --- DMA

/// Zeros that a channel can add before and after each run of a dimension, innermost first.
using PadLimits = std::array<int, 3>;

/// Lengths, steps and pads count words of 32 bits. Fields hold value - 1 for steps and iterations.
struct DmaFacts {
  int channels;             ///< in each direction
  int buffer_descriptors;   ///< shared by the channels
  int dimensions;           ///< of an address pattern; the outermost one has no wrap field
  std::int64_t wrap_max;    ///< size of a dimension that has a wrap field
  std::int64_t step_max;    ///< field + 1
  std::int64_t length_max;  ///< of one buffer descriptor
  PadLimits pad_max;        ///< mm2s only; zero where there is no padding
  std::uint32_t bd_base;    ///< register address of buffer descriptor 0; the next is 0x20 further
  int bd_words;             ///< registers of a buffer descriptor
  std::uint32_t s2mm_base;  ///< control of channel 0; its task queue is 4 further, channel 1 is 8
  std::uint32_t mm2s_base;
};

inline constexpr int kWordBytes = 4;              ///< addresses and lengths count words [RT]
inline constexpr int kIterationMax = 64;          ///< 6-bit field + 1 [RT]
inline constexpr int kRunsMax = 256;              ///< 8-bit repeat field + 1 [RT] MaxRepeatCount
inline constexpr int kTaskQueueDepth = 4;         ///< [RT] StartQSizeMax; a fifth push is dropped
inline constexpr std::uint32_t kBdStride = 0x20;  ///< [RT]

inline constexpr DmaFacts kShimDma = {
    2, 16, 3, 1023, std::int64_t{1} << 20, 0xFFFFFFFF, {0, 0, 0}, 0x1D000, 8, 0x1D200, 0x1D210};
inline constexpr DmaFacts kMemoryDma = {
    6, 48, 4, 1023, 1 << 17, 0x1FFFF, {63, 31, 15}, 0xA0000, 8, 0xA0600, 0xA0630};
inline constexpr DmaFacts kCoreDma = {2,         16,      3, 255,     1 << 13, 0x3FFF,
                                      {0, 0, 0}, 0x1D000, 6, 0x1DE00, 0x1DE10};

constexpr const DmaFacts& dma_of(TileKind kind) {
  return kind == TileKind::shim ? kShimDma : kind == TileKind::memory ? kMemoryDma : kCoreDma;
}

/// Buffer descriptors that a channel may use: in a memory tile, even channels reach 0 to 23 and odd
/// ones 24 to 47 ([TM] isBdChannelAccessible).
struct BdRange {
  int first, count;
};
constexpr BdRange bds_of_channel(TileKind kind, int channel) {
  if (kind != TileKind::memory) return {0, dma_of(kind).buffer_descriptors};
  return {channel % 2 == 0 ? 0 : 24, 24};
}

/// Channels of a memory tile that also reach the memory and locks of the tiles to its west and east
/// ([TM] getMaxChannelNumForAdjacentMemTile).
inline constexpr int kNeighbourChannels = 4;

// --- memory and locks

struct MemoryFacts {
  std::int64_t bytes;
  int banks;  ///< of equal size, as compilers see them [TM]
  int locks;
  std::uint32_t lock_base;  ///< register address of lock 0; the next is 0x10 further
  constexpr std::int64_t bank_bytes() const { return banks == 0 ? 0 : bytes / banks; }
};
inline constexpr MemoryFacts kShimMemory = {0, 0, 16, 0x14000};
inline constexpr MemoryFacts kMemoryMemory = {0x80000, 8, 64, 0xC0000};
inline constexpr MemoryFacts kCoreMemory = {0x10000, 4, 16, 0x1F000};

constexpr const MemoryFacts& memory_of(TileKind kind) {
  return kind == TileKind::shim     ? kShimMemory
         : kind == TileKind::memory ? kMemoryMemory
                                    : kCoreMemory;
}

inline constexpr int kLockMax = 63;                    ///< [TM] getMaxLockValue
inline constexpr std::int64_t kProgramBytes = 0x4000;  ///< of a core [020 ch2]
inline constexpr int kBufferAlignment = 32;            ///< a vector load of 256 bits [020 ch4]

/// How a tile sees the memory and locks of a neighbour (or its own).
struct Window {
  std::uint32_t address;  ///< of the neighbour's first byte
  int lock;               ///< number of the neighbour's lock 0
};
enum class Neighbour : std::uint8_t { south, west, north, self, east, none };

/// Where `memory` lies as seen from a tile of this kind.
constexpr Neighbour neighbour(TileId from, TileId memory) {
  const int dx = memory.column - from.column, dy = memory.row - from.row;
  if (dx == 0 && dy == 0) return Neighbour::self;
  if (dx == 0 && dy == 1) return Neighbour::north;
  if (dx == 0 && dy == -1) return Neighbour::south;
  if (dy == 0 && dx == 1) return Neighbour::east;
  if (dy == 0 && dx == -1) return Neighbour::west;
  return Neighbour::none;
}

/// What a core may load, store and lock: its own memory and that to the south, west and north [TM].
constexpr bool core_reaches(Neighbour where) {
  return where != Neighbour::east && where != Neighbour::none;
}
constexpr Window core_window(Neighbour where) {
  switch (where) {
    case Neighbour::south:
      return {0x40000, 0};
    case Neighbour::west:
      return {0x50000, 16};
    case Neighbour::north:
      return {0x60000, 32};
    default:
      return {0x70000, 48};
  }
}
/// What the DMA of a memory tile may use: its own memory, and on channels 0 to 3 that to the west
/// and east [TM].
constexpr bool memory_dma_reaches(Neighbour where) {
  return where == Neighbour::self || where == Neighbour::west || where == Neighbour::east;
}
constexpr Window memory_dma_window(Neighbour where) {
  switch (where) {
    case Neighbour::west:
      return {0, 0};
    case Neighbour::east:
      return {0x100000, 128};
    default:
      return {0x80000, 64};
  }
}

// --- registers and devices

inline constexpr int kColumnShift = 25, kRowShift = 20;  ///< of a tile's registers [TM]
inline constexpr std::uint32_t kTokenController =
    15;  ///< packet id of a shim tile's controller [TM]
constexpr std::uint32_t register_address(TileId tile, std::uint32_t offset) {
  return static_cast<std::uint32_t>(tile.column) << kColumnShift |
         static_cast<std::uint32_t>(tile.row) << kRowShift | offset;
}

/// The offset in an address patch has 32 bits.
inline constexpr std::int64_t kHostBytesMax = 0xFFFFFFFF;
inline constexpr int kHostBuffersMax = 5;  ///< data arguments of the kernel that aiecc builds

struct Device {
  enum class Generation : std::uint8_t { npu1 = 3, npu2 = 4 };  ///< as in instruction streams
  Generation generation = Generation::npu1;
  int columns = 4;
  int rows = 6;  ///< shim, memory, four of cores

  constexpr bool has(TileId tile) const {
    return tile.column >= 0 && tile.column < columns && tile.row >= 0 && tile.row < rows;
  }
  /// Bytes of one burst of a shim DMA; the largest is the default.
  constexpr int burst_max() const { return generation == Generation::npu1 ? 256 : 512; }
  friend constexpr bool operator==(const Device&, const Device&) = default;
};
constexpr TileKind kind_of(TileId tile) {
  return tile.row == 0 ? TileKind::shim : tile.row == 1 ? TileKind::memory : TileKind::core;
}
constexpr Device npu1(int columns = 4) {
  return {Device::Generation::npu1, columns, 6};
}
constexpr Device npu2(int columns = 8) {
  return {Device::Generation::npu2, columns, 6};
}
constexpr int columns_max(Device::Generation generation) {
  return generation == Device::Generation::npu1 ? 4 : 8;
}

}  // namespace sotto::npu
