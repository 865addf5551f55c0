// Memory for many arrays that live as long as each other, on a few runs of huge pages: what one
// step reads in order then misses few translations.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "base/buffer.h"

namespace sotto {

class Arena {
 public:
  /// A zeroed array that begins at a cache line and lives as long as the arena. Throws
  /// std::bad_alloc.
  template <typename T>
  std::span<T> take(std::size_t size) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kCacheLineBytes);
    if (size > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    return {reinterpret_cast<T*>(take_bytes(size * sizeof(T))), size};
  }

 private:
  static constexpr std::size_t kRunBytes = 4 * kHugePageBytes;

  std::byte* take_bytes(std::size_t bytes) {
    const std::size_t rounded = (bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
    if (left_ < rounded) {
      left_ = std::max(rounded, kRunBytes);
      runs_.emplace_back(left_);
      next_ = runs_.back().data();
    }
    std::byte* const taken = next_;
    next_ += rounded;
    left_ -= rounded;
    return taken;
  }

  std::vector<Buffer<std::byte>> runs_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace sotto
