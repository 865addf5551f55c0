// UTF-8 that may be damaged, made valid as Python's errors="replace" does it, and fit for messages;
// lists in messages.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace sotto {

/// `bytes` with each maximal part that no valid UTF-8 can begin with replaced by U+FFFD: the
/// practice of the Unicode Standard (section 3.9, table 3-7), which CPython's decoder follows.
std::string replace_invalid_utf8(std::string_view bytes);

/// A name from outside (a file's, or one in a file), fit for a one-line message and a terminal:
/// valid UTF-8 without control characters (C0, DEL, C1), cut to `max_bytes`.
std::string printable(std::string_view name, std::size_t max_bytes = 80);

/// Appends the UTF-8 form of a code point (at most 0x10FFFF, not a surrogate).
void append_utf8(std::string& text, char32_t code_point);

/// "a, b, c": what `text_of` makes of each item, as operator<< prints it.
template <typename Items, typename TextOf = std::identity>
std::string listed(const Items& items, const TextOf& text_of = {}) {
  std::string text;
  const char* between = "";
  for (const auto& item : items) text += concat(std::exchange(between, ", "), text_of(item));
  return text;
}

}  // namespace sotto
