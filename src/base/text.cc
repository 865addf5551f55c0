#include "base/text.h"

#include <algorithm>
#include <cstddef>

namespace sotto {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The range of a second byte after `lead`, and the length of the sequence; length 0 when no
/// sequence begins with `lead`. Table 3-7 of the Unicode Standard.
struct Sequence {
  std::size_t length;
  unsigned char second_min, second_max;
};

Sequence sequence_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// The bytes at the front of `rest` (not empty) that begin a valid sequence: all of one, or the
/// part before the byte that breaks it.
struct Prefix {
  std::size_t size;
  bool whole;
};

Prefix longest_prefix(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const Sequence sequence = sequence_of(byte(0));
  if (sequence.length == 0) return {1, false};
  for (std::size_t i = 1; i < sequence.length; ++i) {
    const unsigned char min = i == 1 ? sequence.second_min : 0x80;
    const unsigned char max = i == 1 ? sequence.second_max : 0xBF;
    if (i == rest.size() || byte(i) < min || byte(i) > max) return {i, false};
  }
  return {sequence.length, true};
}

}  // namespace

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Prefix prefix = longest_prefix(bytes);
    text += prefix.whole ? bytes.substr(0, prefix.size) : kReplacement;
    bytes.remove_prefix(prefix.size);
  }
  return text;
}

std::string printable(std::string_view name, std::size_t max_bytes) {
  const std::string valid = replace_invalid_utf8(name.substr(0, max_bytes));
  std::string text;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const bool is_c0 = byte < 0x20 || byte == 0x7F;
    const bool is_c1 = byte == 0xC2 && static_cast<unsigned char>(valid[i + 1]) < 0xA0;
    text += is_c0 || is_c1 ? '?' : valid[i];
    if (is_c1) ++i;
  }
  return name.size() > max_bytes ? text + "..." : text;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t bits) { text += static_cast<char>(bits); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

}  // namespace sotto
