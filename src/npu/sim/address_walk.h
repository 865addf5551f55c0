// The words that a descriptor moves, in order: what a DMA's address generator does.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "npu/design/registers.h"

namespace sotto::npu::sim {

/// Steps through one execution of a descriptor. Dimensions with a wrap of 0 do not wrap.
class AddressWalk {
 public:
  AddressWalk() = default;
  explicit AddressWalk(const design::DescriptorFields& fields);

  /// A zero that padding adds: there is no address.
  bool is_zero() const;
  /// In words from the descriptor's address on.
  std::int64_t offset() const;
  void next();

 private:
  struct Dimension {
    std::int64_t size = 0;  ///< 0: endless
    std::int64_t before = 0, after = 0, step = 1;
    std::int64_t at = 0;
  };
  std::array<Dimension, 4> dimensions_;
  std::int64_t base_ = 0;  ///< of this iteration
};

/// 128 bits of a bank, which a DMA reads or writes at once.
inline constexpr int kLineBytes = 16;

/// Where an execution touches a line that the word before did not touch.
struct LineUse {
  std::uint32_t word;
  std::uint32_t byte;  ///< of the tile's memory
};
struct LineUses {
  std::vector<LineUse> uses;
  bool regular = true;  ///< at least four words apart
};
/// `base`: byte that the descriptor's address means in the memory that it reaches.
LineUses lines_of(const design::DescriptorFields& fields, std::uint32_t base);

/// The first and last byte of an execution, counted from the descriptor's address.
struct Extent {
  std::int64_t first = 0, last = 0;
};
Extent extent_of(const design::DescriptorFields& fields);

/// A request to host memory.
struct Burst {
  std::int64_t words = 0;
  bool new_page = false;  ///< begins in another page than the one before
};
inline constexpr std::int64_t kPageBytes = 4096;

/// The requests that an execution of a shim's descriptor makes: runs of neighbouring words, cut
/// into bursts.
class BurstCutter {
 public:
  BurstCutter() = default;
  explicit BurstCutter(const design::DescriptorFields& fields);
  bool done() const { return left_ == 0; }
  Burst next();

 private:
  AddressWalk runs_;  ///< a step is a run
  std::uint64_t address_ = 0;
  std::int64_t left_ = 0, run_ = 0, run_left_ = 0, burst_ = 1;
  std::int64_t page_ = -1;
};

}  // namespace sotto::npu::sim
