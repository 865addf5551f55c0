// Numbers as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sotto {

/// "65,536".
inline std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

/// With so many digits after the point.
inline std::string decimals(double value, int digits) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, "%.*f", digits, value)), ' ');
  std::snprintf(text.data(), text.size() + 1, "%.*f", digits, value);
  return text;
}

/// Three digits that say something: "1.92", "19.2", "192".
inline std::string three_digits(double value) {
  return decimals(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

}  // namespace sotto
