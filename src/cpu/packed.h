// The arrays that layers make of a model's weights when they are made, and read from then on. They
// can be kept and given to the layers of an equal model: then no weight is read or packed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/error.h"

namespace sotto::cpu {

/// Of what the arrays of a model are and in which order they are made: to be counted up when either
/// changes (packed_test.cc notices).
inline constexpr std::uint32_t kPackedFormat = 5;

class PackedWeights {
 public:
  using Arrays = std::vector<std::span<const std::byte>>;

  /// To be packed.
  PackedWeights() = default;
  /// Packed before: arrays() of an equal model, each of which begins at a cache line; `owner` keeps
  /// them.
  PackedWeights(Arrays arrays, std::shared_ptr<const void> owner)
      : arrays_(std::move(arrays)), owner_(std::move(owner)) {
    SOTTO_CHECK(owner_ != nullptr);
  }
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  bool packed_before() const { return owner_ != nullptr; }

  /// The next array, of `size` elements: what `fill` writes into zeros, or what was packed before.
  /// Throws Error{io} when that is of another size, and std::bad_alloc.
  template <typename T, typename Fill>
  std::span<const T> make(std::size_t size, const Fill& fill) {
    if (packed_before()) return next<T>(size);
    const std::span<T> array = arena_.take<T>(size);
    fill(array);
    arrays_.push_back(std::as_bytes(array));
    return array;
  }

  /// `numbers`, of which there are `size`.
  template <typename T>
  std::span<const T> copy(std::span<const T> numbers, std::size_t size) {
    return make<T>(size, [&](std::span<T> array) {
      SOTTO_CHECK(numbers.size() == size);
      std::ranges::copy(numbers, array.begin());
    });
  }

  /// The same of numbers that may not be there: then the result is empty, and its data() null.
  /// Zeros follow up to `padded` numbers.
  std::span<const float> copy_if_any(std::span<const float> numbers, std::size_t size,
                                     std::size_t padded) {
    const bool any = packed_before() ? !peek().empty() : !numbers.empty();
    const std::span<const float> array = make<float>(any ? padded : 0, [&](std::span<float> to) {
      SOTTO_CHECK(numbers.empty() || (numbers.size() == size && size <= padded));
      std::ranges::copy(numbers, to.begin());
    });
    return any ? array : std::span<const float>();
  }

  /// Throws Error{io} unless all of what was packed before has been taken.
  void check_all_taken() const {
    if (packed_before() && taken_ != arrays_.size()) refuse();
  }

  /// All arrays in the order in which they were made.
  const Arrays& arrays() const { return arrays_; }

 private:
  [[noreturn]] static void refuse() {
    fail(ErrorKind::io, "the packed weights are those of another model");
  }

  std::span<const std::byte> peek() const {
    if (taken_ == arrays_.size()) refuse();
    return arrays_[taken_];
  }

  template <typename T>
  std::span<const T> next(std::size_t size) {
    const std::span<const std::byte> bytes = peek();
    if (bytes.size() % sizeof(T) != 0 || bytes.size() / sizeof(T) != size) refuse();
    ++taken_;
    return {reinterpret_cast<const T*>(bytes.data()), size};
  }

  Arena arena_;
  Arrays arrays_;
  std::shared_ptr<const void> owner_;
  std::size_t taken_ = 0;
};

}  // namespace sotto::cpu
