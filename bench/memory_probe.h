// How fast all threads together read a run of memory: the bound of a product that reads its
// weights once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/thread_pool.h"

namespace sotto::bench {

/// Reads `memory` once, in pieces that threads take in turn as the decoder's layers are; returns a
/// number that depends on all of it.
inline std::uint64_t read_memory(std::span<const std::byte> memory, ThreadPool& pool) {
  constexpr std::size_t kPiece = 256 << 10, kLine = 64, kAhead = 4096;
  std::atomic<std::uint64_t> total = 0;
  const std::size_t n_pieces = memory.size() / kPiece;
  pool.parallel_for(static_cast<std::int64_t>(n_pieces), [&](std::int64_t i, int) {
    const std::byte* p = memory.data() + static_cast<std::size_t>(i) * kPiece;
    std::uint64_t sums[kLine / sizeof(std::uint64_t)] = {};
    for (const std::byte* const end = p + kPiece; p < end; p += kLine) {
      __builtin_prefetch(p + kAhead);
      std::uint64_t line[kLine / sizeof(std::uint64_t)];
      std::memcpy(line, p, kLine);
      for (std::size_t j = 0; j < std::size(line); ++j) sums[j] += line[j];
    }
    for (const std::uint64_t sum : sums) total += sum;
  });
  return total;
}

}  // namespace sotto::bench
