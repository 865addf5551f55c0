// UTF-8 that may be damaged, made valid as Python's errors="replace" does it.
#pragma once

#include <string>
#include <string_view>

namespace sotto::model {

/// `bytes` with each maximal part that no valid UTF-8 can begin with replaced by U+FFFD: the
/// practice of the Unicode Standard (section 3.9, table 3-7), which CPython's decoder follows.
std::string replace_invalid_utf8(std::string_view bytes);

/// A name that a file gives, fit for a one-line message: valid UTF-8 without control characters,
/// cut to 80 bytes.
std::string printable(std::string_view name);

/// Appends the UTF-8 form of a code point (at most 0x10FFFF, not a surrogate).
void append_utf8(std::string& text, char32_t code_point);

}  // namespace sotto::model
