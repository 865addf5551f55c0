// A fast hash of bytes (XXH3): it tells contents apart and finds damage. It is no protection from
// someone who means to deceive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace sotto {

/// Of a part that is hashed in pieces.
inline constexpr std::size_t kHashPieceBytes = std::size_t{1} << 20;

/// 16 hexadecimal digits.
std::string to_hex(std::uint64_t hash);

std::uint64_t hash_bytes(std::span<const std::byte> bytes);

/// The hashes of `parts`, in their order, a hash for each piece that a part has begun; at the speed
/// of the memory.
std::vector<std::uint64_t> hash_pieces(const std::vector<std::span<const std::byte>>& parts,
                                       ThreadPool& pool);

/// How many hashes those of a part of so many bytes are.
constexpr std::size_t hash_pieces_of(std::size_t bytes) {
  return bytes / kHashPieceBytes + (bytes % kHashPieceBytes != 0 ? 1 : 0);
}

}  // namespace sotto
