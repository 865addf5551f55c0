#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sotto {
namespace {

TEST(Arena, ArraysAreZeroedAlignedAndApart) {
  Arena arena;
  std::vector<std::span<int>> arrays;
  for (const std::size_t size : {1u, 17u, 1000u, 5000000u, 3u}) {
    arrays.push_back(arena.take<int>(size));
    EXPECT_EQ(arrays.back().size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arrays.back().data()) % kCacheLineBytes, 0u);
    for (const int x : arrays.back()) ASSERT_EQ(x, 0);
    std::fill(arrays.back().begin(), arrays.back().end(), static_cast<int>(size));
  }
  for (const auto& array : arrays) {
    for (const int x : array) ASSERT_EQ(x, static_cast<int>(array.size()));
  }
}

TEST(Arena, KeepsItsArraysWhenMoved) {
  Arena arena;
  const std::span<int> array = arena.take<int>(5);
  array[4] = 7;
  const Arena moved = std::move(arena);
  EXPECT_EQ(array[4], 7);
}

TEST(Arena, TooMuchIsRefused) {
  Arena arena;
  EXPECT_THROW(arena.take<int>(static_cast<std::size_t>(-1) / 4), std::bad_alloc);
}

}  // namespace
}  // namespace sotto
