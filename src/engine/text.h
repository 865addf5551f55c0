// What openai/whisper does to texts between the tokenizer and the user, with the exact meaning of
// the Python functions it uses.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/tokenizer.h"

namespace sotto::engine {

/// Python's str.strip(): without the Unicode white space at both ends.
std::string_view strip(std::string_view utf8);

/// Every `from` in `text` replaced by `to`, from left to right.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// openai's Tokenizer.decode: timestamps are left out, every other special token is written as its
/// name, for example "<|de|>", when a model emits one.
std::string decode_with_specials(const model::Tokenizer& tokenizer, std::span<const int> tokens);

/// Bytes of the text ÷ bytes of zlib.compress(text): high for a text that repeats itself.
double compression_ratio(std::string_view utf8);

/// "00:02.400", or "01:02:03.400" from one hour on or when hours are asked for. `seconds` >= 0,
/// rounded to milliseconds, halves to even.
std::string format_timestamp(double seconds, bool always_include_hours = false,
                             char decimal_marker = '.');

}  // namespace sotto::engine
