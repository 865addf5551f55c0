#include "base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sotto {
namespace {

constexpr std::size_t kHuge = kHugePageBytes;

TEST(Buffer, IsZeroedAndAligned) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{100}, kHuge - 1, kHuge, kHuge + 1, 3 * kHuge + 64}) {
    for (int again = 0; again < 2; ++again) {  // in memory that was just given back
      Buffer<unsigned char> buffer(size);
      ASSERT_EQ(buffer.size(), size);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kCacheLineBytes, 0u);
      EXPECT_EQ(std::ranges::count(buffer, 0), static_cast<std::ptrdiff_t>(size));
      std::ranges::fill(buffer, 0xFF);
    }
  }
}

TEST(Buffer, NeighboursDoNotShareMemory) {
  Buffer<int> first(kHuge), second(kHuge);
  std::ranges::fill(first, 1);
  { const Buffer<int> between(kHuge / 2); }
  std::ranges::fill(second, 2);
  EXPECT_EQ(std::ranges::count(first, 1), static_cast<std::ptrdiff_t>(kHuge));
  std::swap(first, second);
  Buffer<int> moved = std::move(first);
  EXPECT_EQ(std::ranges::count(moved, 2), static_cast<std::ptrdiff_t>(kHuge));
  EXPECT_EQ(std::ranges::count(second, 1), static_cast<std::ptrdiff_t>(kHuge));
}

TEST(Buffer, MayBeEmpty) {
  const Buffer<int> none, empty(0);
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(empty.span().size(), 0u);
}

TEST(Buffer, SizesThatCannotBeAreBadAllocations) {
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX / 4, SIZE_MAX / 8 - 1}) {
    EXPECT_THROW(Buffer<std::uint64_t>{size}, std::bad_alloc) << size;
  }
}

}  // namespace
}  // namespace sotto
