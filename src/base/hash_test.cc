#include "base/hash.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>

namespace sotto {
namespace {

std::uint64_t hash_of(std::string_view text) {
  return hash_bytes(std::as_bytes(std::span(text)));
}

TEST(Hash, IsXxh3) {  // as `xxhsum -H3` says
  EXPECT_EQ(hash_of(""), 0x2D06800538D394C2u);
  EXPECT_EQ(hash_of("a"), 0xE6C632B61E964E1Fu);
}

TEST(Hash, EveryBitOfEveryPieceCounts) {
  std::vector<std::byte> bytes((std::size_t{2} << 20) + 5);
  ThreadPool pool(2);
  const std::vector<std::span<const std::byte>> parts = {
      std::span(bytes).first(3), {}, std::span(bytes).subspan(3)};
  const auto before = hash_pieces(parts, pool);
  ASSERT_EQ(before.size(), 4u);
  EXPECT_EQ(before.size(),
            hash_pieces_of(3) + hash_pieces_of(0) + hash_pieces_of(bytes.size() - 3));
  EXPECT_EQ(before[1], hash_bytes(std::span(bytes).first(std::size_t{1} << 20)));
  const std::vector<std::pair<std::size_t, std::size_t>> places = {
      {0, 0}, {3, 1}, {std::size_t{1} << 20, 1}, {bytes.size() - 3, 2}, {bytes.size() - 1, 3}};
  for (const auto& [at, piece] : places) {
    bytes[at] ^= std::byte{16};
    const auto after = hash_pieces(parts, pool);
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i] != before[i], i == piece);
    bytes[at] ^= std::byte{16};
  }
}

}  // namespace
}  // namespace sotto
