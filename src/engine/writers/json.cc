#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "engine/writers/writers.h"

namespace sotto::engine {
namespace {

/// Only ASCII: other characters become \uXXXX, as json.dump has it by default.
std::string json_string(const std::string& utf8) {
  return nlohmann::json(utf8).dump(-1, ' ', true);
}

/// Python's repr of a float: the fewest digits that give the same double again, in fixed notation
/// for exponents from -4 to 15.
std::string json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const auto print = [value](std::chars_format format) {
    std::array<char, 64> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format).ptr;
    return std::string(text.data(), end);
  };
  const std::string scientific = print(std::chars_format::scientific);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent > 15) return scientific;
  const std::string fixed = print(std::chars_format::fixed);
  return fixed.find('.') == fixed.npos ? fixed + ".0" : fixed;
}

std::string json_list(const std::vector<int>& numbers) {
  return concat("[", listed(numbers), "]");
}

std::string json_segment(const Segment& segment) {
  return concat("{\"id\": ", segment.id, ", \"seek\": ", segment.seek,
                ", \"start\": ", json_number(segment.start),
                ", \"end\": ", json_number(segment.end), ", \"text\": ", json_string(segment.text),
                ", \"tokens\": ", json_list(segment.tokens),
                ", \"temperature\": ", json_number(segment.temperature),
                ", \"avg_logprob\": ", json_number(segment.avg_logprob),
                ", \"compression_ratio\": ", json_number(segment.compression_ratio),
                ", \"no_speech_prob\": ", json_number(segment.no_speech_prob),
                // Clearing a segment leaves it an empty list of words.
                segment.cleared() ? ", \"words\": []}" : "}");
}

}  // namespace

std::string write_json(const Result& result) {
  std::string segments;
  for (const Segment& segment : result.segments) {
    segments += concat(segments.empty() ? "" : ", ", json_segment(segment));
  }
  return concat("{\"text\": ", json_string(result.text), ", \"segments\": [", segments,
                "], \"language\": ", json_string(result.language),
                // Another way of hearing than openai's, which has no such key.
                result.cut_at_pauses ? ", \"cut_at_pauses\": true}" : "}");
}

}  // namespace sotto::engine
