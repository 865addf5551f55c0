#include "engine/text.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/error.h"

namespace sotto::engine {
namespace {

// The characters for which Python's str.isspace() holds, as UTF-8.
// clang-format off
constexpr auto kWhiteSpace = std::to_array<std::string_view>({
    " ", "\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f", "\xc2\x85", "\xc2\xa0",
    "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
    "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"});
// clang-format on

/// The name of a special token; empty for text tokens and timestamps.
std::string special_name(const model::Tokenizer& tokenizer, int token) {
  const model::SpecialTokens& special = tokenizer.special();
  if (token < special.eot || token >= special.timestamp_begin) return "";
  const auto language = std::ranges::find(special.language, token);
  if (language != special.language.end()) {
    const auto index = static_cast<std::size_t>(language - special.language.begin());
    return concat("<|", model::languages()[index].first, "|>");
  }
  if (token == special.eot) return "<|endoftext|>";
  if (token == special.sot) return "<|startoftranscript|>";
  if (token == special.translate) return "<|translate|>";
  if (token == special.transcribe) return "<|transcribe|>";
  if (token == special.sot_lm) return "<|startoflm|>";
  if (token == special.sot_prev) return "<|startofprev|>";
  if (token == special.no_speech) return "<|nospeech|>";
  if (token == special.no_timestamps) return "<|notimestamps|>";
  return "";
}

}  // namespace

std::string_view strip(std::string_view utf8) {
  const auto leads = [&](std::string_view space) { return utf8.starts_with(space); };
  const auto trails = [&](std::string_view space) { return utf8.ends_with(space); };
  for (auto space = std::ranges::find_if(kWhiteSpace, leads); space != kWhiteSpace.end();
       space = std::ranges::find_if(kWhiteSpace, leads)) {
    utf8.remove_prefix(space->size());
  }
  for (auto space = std::ranges::find_if(kWhiteSpace, trails); space != kWhiteSpace.end();
       space = std::ranges::find_if(kWhiteSpace, trails)) {
    utf8.remove_suffix(space->size());
  }
  return utf8;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t found = text.find(from); found != text.npos; found = text.find(from)) {
    result.append(text.substr(0, found)).append(to);
    text.remove_prefix(found + from.size());
  }
  return result.append(text);
}

std::string decode_with_specials(const model::Tokenizer& tokenizer, std::span<const int> tokens) {
  std::string text;
  std::vector<int> run;  // text tokens whose bytes may be parts of one character
  const auto flush = [&] {
    text += tokenizer.decode(run);
    run.clear();
  };
  for (const int token : tokens) {
    if (token < tokenizer.special().eot) run.push_back(token);
    const std::string name = special_name(tokenizer, token);
    if (name.empty()) continue;
    flush();
    text += name;
  }
  flush();
  return text;
}

double compression_ratio(std::string_view utf8) {
  uLongf compressed_bytes = ::compressBound(static_cast<uLong>(utf8.size()));
  std::vector<Bytef> compressed(compressed_bytes);
  const int status =
      ::compress(compressed.data(), &compressed_bytes, reinterpret_cast<const Bytef*>(utf8.data()),
                 static_cast<uLong>(utf8.size()));
  SOTTO_CHECK(status == Z_OK);
  return static_cast<double>(utf8.size()) / static_cast<double>(compressed_bytes);
}

std::string format_timestamp(double seconds, bool always_include_hours, char decimal_marker) {
  SOTTO_CHECK(seconds >= 0);
  const long long total_ms = std::llrint(seconds * 1000.0);
  const long long hours = total_ms / 3'600'000;
  const long long minutes = total_ms / 60'000 % 60;
  std::array<char, 64> text{};
  int length = 0;
  if (always_include_hours || hours > 0) {
    length = std::snprintf(text.data(), text.size(), "%02lld:", hours);
  }
  std::snprintf(text.data() + length, text.size() - static_cast<std::size_t>(length),
                "%02lld:%02lld%c%03lld", minutes, total_ms / 1000 % 60, decimal_marker,
                total_ms % 1000);
  return text.data();
}

}  // namespace sotto::engine
