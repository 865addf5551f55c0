// Buffer descriptors and task queues as registers: named fields here, bits in registers.cc, one
// table for writing and reading. Bit positions are those of aie-rt (xaiemlgbl_params.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "npu/device.h"

namespace sotto::npu::design {

/// In hardware units: addresses, lengths, steps and pads of words. Fields that a tile's descriptors
/// do not have (the fourth dimension, pads, bursts) must be as they are here.
struct DescriptorFields {
  struct Dimension {
    std::uint32_t wrap = 0;  ///< 0: does not wrap
    std::uint32_t step = 1;
    friend bool operator==(const Dimension&, const Dimension&) = default;
  };
  struct Zeros {
    std::uint32_t before = 0, after = 0;
    friend bool operator==(const Zeros&, const Zeros&) = default;
  };
  struct Lock {
    std::uint32_t id = 0;    ///< as the tile's DMA numbers it
    std::int32_t value = 0;  ///< acquire: -n waits for at least n and subtracts; release: adds
    friend bool operator==(const Lock&, const Lock&) = default;
  };

  std::uint64_t address = 0;  ///< of the first word in the DMA's window; shims: bytes of DDR
  std::uint32_t length = 0;   ///< words of one execution
  std::array<Dimension, 4> dimensions;  ///< innermost first; the last one that a tile has: no wrap
  std::array<Zeros, 3> zeros;           ///< memory tiles
  std::uint32_t iteration_step = 1, iteration_wrap = 1, iteration_current = 0;
  bool acquires = false;
  Lock acquire, release;
  bool has_next = false;
  std::uint32_t next = 0;
  bool valid = true;
  std::uint32_t burst = 0;  ///< shims: 0 is 64 bytes, each one more doubles it
  std::uint32_t cache = 0;  ///< shims: AXI cache bits; 2 lets the NoC merge words
  friend bool operator==(const DescriptorFields&, const DescriptorFields&) = default;
};

/// dma_of(kind).bd_words words.
std::vector<std::uint32_t> pack(TileKind kind, const DescriptorFields& fields);
DescriptorFields unpack(TileKind kind, std::span<const std::uint32_t> words);

/// Register offset of a descriptor.
constexpr std::uint32_t descriptor_register(TileKind kind, int descriptor) {
  return dma_of(kind).bd_base + static_cast<std::uint32_t>(descriptor) * kBdStride;
}
/// Register offset of a channel's control; its task queue is one word further.
constexpr std::uint32_t channel_register(TileKind kind, Direction direction, int channel) {
  const DmaFacts& dma = dma_of(kind);
  return (direction == Direction::s2mm ? dma.s2mm_base : dma.mm2s_base) +
         static_cast<std::uint32_t>(channel) * 8;
}
inline constexpr std::uint32_t kQueueOffset = 4;

/// What is pushed into a task queue.
struct QueueEntry {
  std::uint32_t descriptor = 0;
  std::uint32_t runs = 1;
  bool token = false;
  friend bool operator==(const QueueEntry&, const QueueEntry&) = default;
};
constexpr std::uint32_t pack(const QueueEntry& entry) {
  return entry.descriptor | (entry.runs - 1) << 16 | (entry.token ? 0x80000000u : 0u);
}
constexpr QueueEntry unpack_queue_entry(std::uint32_t word) {
  return {word & 0x3F, (word >> 16 & 0xFF) + 1, (word & 0x80000000u) != 0};
}

}  // namespace sotto::npu::design
