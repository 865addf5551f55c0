// Which of many things has a key, by hashing: indices in one piece of memory, four bytes each,
// where std::unordered_map takes a node for each, which is most of the time of loading a tokenizer.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sotto::model {

/// The things themselves, and their keys, lie elsewhere: whoever asks compares.
class IndexTable {
 public:
  /// For at most `count` indices.
  explicit IndexTable(std::size_t count) : slots_(std::bit_ceil(2 * count + 1), kNone) {}

  static constexpr int kNone = -1;

  /// The index that was put under `hash` and for which `is_it(index)` holds, or kNone.
  template <typename IsIt>
  int find(std::uint64_t hash, const IsIt& is_it) const {
    return slots_[place_of(hash, is_it)];
  }

  /// Puts `index` under `hash`, unless there is one for which `is_it` holds; returns that, or
  /// kNone.
  template <typename IsIt>
  int put(std::uint64_t hash, int index, const IsIt& is_it) {
    int& slot = slots_[place_of(hash, is_it)];
    if (slot != kNone) return slot;
    slot = index;
    return kNone;
  }

 private:
  /// Where it is, or the free slot where it would be. More than half of the slots are free.
  template <typename IsIt>
  std::size_t place_of(std::uint64_t hash, const IsIt& is_it) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(hash) & mask;
    while (slots_[place] != kNone && !is_it(slots_[place])) place = (place + 1) & mask;
    return place;
  }

  std::vector<std::int32_t> slots_;
};

}  // namespace sotto::model
