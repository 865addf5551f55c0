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

/// What a thread reads at a time; what is left over at the end of a run is not read.
inline constexpr std::size_t kReadPieceBytes = 256 << 10;

/// Reads `memory` once, in pieces that threads take in turn as the decoder's layers are, each in
/// four streams that ask for what they read a little later: a fifth more than without asking, and
/// three times what one stream reads, on Sapphire Rapids. Returns a number that depends on all of
/// it.
inline std::uint64_t read_memory(std::span<const std::byte> memory, ThreadPool& pool) {
  typedef std::uint64_t Line __attribute__((vector_size(64)));
  constexpr std::size_t kStreams = 4, kStream = kReadPieceBytes / kStreams, kAhead = 1024;
  std::atomic<std::uint64_t> total = 0;
  const std::size_t n_pieces = memory.size() / kReadPieceBytes;
  pool.parallel_for(static_cast<std::int64_t>(n_pieces), [&](std::int64_t i, int) {
    const std::byte* const piece = memory.data() + static_cast<std::size_t>(i) * kReadPieceBytes;
    Line sums[kStreams] = {};
    for (std::size_t at = 0; at < kStream; at += sizeof(Line)) {
      for (std::size_t stream = 0; stream < kStreams; ++stream) {
        const std::byte* const now = piece + stream * kStream + at;
        __builtin_prefetch(now + kAhead);
        Line line;
        std::memcpy(&line, now, sizeof line);
        sums[stream] ^= line;
      }
    }
    std::uint64_t sum = 0;
    for (const Line& line : sums) {
      for (std::size_t j = 0; j < sizeof(Line) / sizeof(std::uint64_t); ++j) sum ^= line[j];
    }
    total += sum;
  });
  return total;
}

}  // namespace sotto::bench
