// The fifty thousand short strings of a vocabulary, one behind the other: as objects of their own
// they would take several times the memory, whose first touch takes longer than reading the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sotto::model {

/// Together at most 4 GiB. A view of a string holds until the list changes or moves.
class StringList {
 public:
  StringList() = default;
  StringList(std::initializer_list<std::string_view> strings) {
    for (const std::string_view string : strings) push_back(string);
  }

  void push_back(std::string_view string) {
    bytes_ += string;
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  /// Drops strings at the end, or adds empty ones.
  void resize(std::size_t count) {
    ends_.resize(count, static_cast<std::uint32_t>(bytes_.size()));
    bytes_.resize(count == 0 ? 0 : ends_.back());
  }

  std::size_t size() const noexcept { return ends_.size(); }
  bool empty() const noexcept { return ends_.empty(); }
  std::string_view operator[](std::size_t i) const noexcept {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, ends_[i] - begin};
  }
  std::string_view back() const noexcept { return (*this)[size() - 1]; }

  bool operator==(const StringList&) const = default;

 private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
};

/// Pairs of strings, kept so.
class StringPairs {
 public:
  using Pair = std::pair<std::string_view, std::string_view>;

  StringPairs() = default;
  StringPairs(std::initializer_list<Pair> pairs) {
    for (const auto& [first, second] : pairs) push_back(first, second);
  }

  void push_back(std::string_view first, std::string_view second) {
    strings_.push_back(first);
    strings_.push_back(second);
  }

  std::size_t size() const noexcept { return strings_.size() / 2; }
  Pair operator[](std::size_t i) const noexcept { return {strings_[2 * i], strings_[2 * i + 1]}; }

 private:
  StringList strings_;
};

}  // namespace sotto::model
