// Owning arrays for numbers: aligned to a cache line, so that a vector load never splits one; large
// ones on huge pages where the system gives them, so that streaming through one misses no
// translations.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "base/sanitizers.h"

namespace sotto {

inline constexpr std::size_t kCacheLineBytes = 64;

/// From this size on an array is aligned to huge pages.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

/// Zeroed memory of `bytes`, a multiple of its alignment, which is one of huge pages when it is as
/// large as one. Throws std::bad_alloc.
inline void* allocate_zeros(std::size_t bytes) {
#ifndef SOTTO_ASAN  // which watches over the memory of malloc only
  if (bytes >= kHugePageBytes) {
    // Zeros that the kernel gives page by page to whom first uses them: what is not used takes
    // neither memory nor time, and what is used is cleared by several threads.
    void* const map = ::mmap(nullptr, bytes + kHugePageBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    const std::size_t before =
        (kHugePageBytes - reinterpret_cast<std::uintptr_t>(map) % kHugePageBytes) % kHugePageBytes;
    std::byte* const memory = static_cast<std::byte*>(map) + before;
    if (before > 0) ::munmap(map, before);
    ::munmap(memory + bytes, kHugePageBytes - before);
    ::madvise(memory, bytes, MADV_HUGEPAGE);  // where it is refused, small pages do
    return memory;
  }
#endif
  void* const memory = std::aligned_alloc(kCacheLineBytes, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return memory;
}

inline void free_zeros(void* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#ifndef SOTTO_ASAN
  if (bytes >= kHugePageBytes) {
    ::munmap(memory, bytes);
    return;
  }
#endif
  std::free(memory);
}

/// What allocate_zeros() takes for so many elements. Throws std::bad_alloc where that is no number.
inline std::size_t rounded_bytes(std::size_t count, std::size_t element_bytes) {
  if (count > static_cast<std::size_t>(-1) / 2 / element_bytes) throw std::bad_alloc();
  const std::size_t bytes = count * element_bytes;
  const std::size_t alignment = bytes < kHugePageBytes ? kCacheLineBytes : kHugePageBytes;
  return (bytes + alignment - 1) / alignment * alignment;
}

/// A fixed-size array of `size` zeroed trivially copyable elements, aligned to 64 bytes.
/// Moves, does not copy. Throws std::bad_alloc.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kCacheLineBytes);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : data_(size == 0 ? nullptr : static_cast<T*>(allocate_zeros(rounded_bytes(size, sizeof(T)))),
              Delete{size}),
        size_(size) {}

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  std::span<T> span() noexcept { return {data(), size_}; }
  std::span<const T> span() const noexcept { return {data(), size_}; }

 private:
  struct Delete {
    std::size_t size = 0;
    void operator()(T* p) const { free_zeros(p, rounded_bytes(size, sizeof(T))); }
  };
  std::unique_ptr<T[], Delete> data_;
  std::size_t size_ = 0;
};

}  // namespace sotto
