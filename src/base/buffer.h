// Owning arrays for numbers: aligned to a cache line, so that a vector load never splits one; large
// ones on huge pages where the system gives them, so that streaming through one misses no
// translations.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace sotto {

inline constexpr std::size_t kCacheLineBytes = 64;

/// From this size on an array is aligned to huge pages.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

/// Zeroed memory, to be freed by std::free(). Throws std::bad_alloc.
inline void* allocate_zeros(std::size_t count, std::size_t element_bytes) {
  std::size_t bytes = 0, rounded = 0;
  if (__builtin_mul_overflow(count, element_bytes, &bytes)) throw std::bad_alloc();
  const std::size_t alignment = bytes < kHugePageBytes ? kCacheLineBytes : kHugePageBytes;
  if (__builtin_add_overflow(bytes, alignment - 1, &rounded)) throw std::bad_alloc();
  rounded -= rounded % alignment;
  void* const memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  // Where it is refused, small pages do.
  if (alignment == kHugePageBytes) ::madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return memory;
}

/// A fixed-size array of `size` zeroed trivially copyable elements, aligned to 64 bytes.
/// Moves, does not copy. Throws std::bad_alloc.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kCacheLineBytes);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : data_(size == 0 ? nullptr : static_cast<T*>(allocate_zeros(size, sizeof(T)))),
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
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T[], Delete> data_;
  std::size_t size_ = 0;
};

}  // namespace sotto
