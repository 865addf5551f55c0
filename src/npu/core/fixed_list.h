// A list with its few elements inside, usable in constexpr tables.
#pragma once

#include <cstddef>
#include <initializer_list>

namespace sotto::npu::core {

template <typename T, std::size_t N>
struct FixedList {
  T items[N] = {};
  std::size_t length = 0;

  constexpr FixedList() = default;
  constexpr FixedList(std::initializer_list<T> list) {
    for (const T& item : list) push_back(item);
  }
  constexpr void push_back(const T& item) { items[length++] = item; }
  constexpr std::size_t size() const { return length; }
  constexpr bool empty() const { return length == 0; }
  constexpr const T& operator[](std::size_t i) const { return items[i]; }
  constexpr const T* begin() const { return items; }
  constexpr const T* end() const { return items + length; }
};

}  // namespace sotto::npu::core
