#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace sotto {

std::string to_hex(std::uint64_t hash) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; hash /= 16)
    digits[i] = "0123456789abcdef"[hash % 16];
  return digits;
}

std::uint64_t hash_bytes(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::vector<std::uint64_t> hash_pieces(const std::vector<std::span<const std::byte>>& parts,
                                       ThreadPool& pool) {
  std::vector<std::span<const std::byte>> pieces;
  for (const auto& part : parts) {
    for (std::size_t begin = 0; begin < part.size(); begin += kHashPieceBytes) {
      pieces.push_back(part.subspan(begin, std::min(kHashPieceBytes, part.size() - begin)));
    }
  }
  std::vector<std::uint64_t> hashes(pieces.size());
  pool.parallel_for(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i, int) {
    hashes[static_cast<std::size_t>(i)] = hash_bytes(pieces[static_cast<std::size_t>(i)]);
  });
  return hashes;
}

}  // namespace sotto
