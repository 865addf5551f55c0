#include "apps/option_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "npu/sim/costs.h"

namespace sotto::apps {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Whether the word after a switch is meant as its value.
bool is_value_of_switch(const std::string& word) {
  if (word == "True" || word == "False") return true;
  constexpr std::string_view kSpellings[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
  std::string lower = word;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  std::error_code error;
  return std::ranges::find(kSpellings, lower) != std::end(kSpellings) &&
         !std::filesystem::exists(word, error);
}

}  // namespace

bool parse_bool(const std::string& value) {
  if (value == "True") return true;
  if (value == "False") return false;
  fail(ErrorKind::usage, "'", value, "' is neither True nor False");
}

int parse_int(const std::string& value, int min, int max) {
  const auto number = parse_number<int>(value);
  if (!number || *number < min || *number > max) {
    fail(ErrorKind::usage, "'", value, "' is not a whole number from ", min, " to ", max);
  }
  return *number;
}

std::optional<double> parse_optional_number(const std::string& value) {
  if (value == "None") return std::nullopt;
  const auto number = parse_number<double>(value);
  if (!number || !std::isfinite(*number)) {
    fail(ErrorKind::usage, "'", value, "' is neither a number nor None");
  }
  return *number;
}

std::vector<int> parse_token_list(const std::string& value) {
  std::vector<int> tokens;
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    const auto token = parse_number<int>(std::string_view(value).substr(begin, comma - begin));
    if (!token || *token < -1) {
      fail(ErrorKind::usage, "'", value, "' is not a list of token ids such as -1,50257");
    }
    tokens.push_back(*token);
    begin = comma + 1;
  }
  return tokens;
}

int parse_language(const std::string& value) {
  const std::optional<int> language = model::find_language(value);
  if (!language) {
    fail(ErrorKind::usage, "unknown language '", value,
         "': give a code such as de or a name such as German, of the ", model::languages().size(),
         " that Whisper knows");
  }
  return *language;
}

std::vector<int> parse_shape(const std::string& value) {
  constexpr int kMax = 1 << 15;  // a matrix of them has elements that an int can count
  std::vector<int> shape;
  for (std::size_t begin = 0;;) {
    const std::size_t end = value.find('x', begin);
    shape.push_back(parse_int(value.substr(begin, end - begin), 1, kMax));
    if (end == value.npos) return shape;
    begin = end + 1;
  }
}

npu::design::GemmType parse_gemm_type(const std::string& value) {
  if (value == "bf16") return npu::design::GemmType::bf16;
  if (value == "int8") return npu::design::GemmType::int8;
  fail(ErrorKind::usage, "'", value, "' is no type of a product: there are bf16 and int8");
}

model::DType parse_ggml_type(const std::string& value) {
  if (value == "f16") return model::DType::f16;
  if (value == "f32") return model::DType::f32;
  fail(ErrorKind::usage, "'", value, "' is neither f16 nor f32");
}

std::string parse_size(const std::string& value) {
  const std::vector<std::string_view> known = model::released_names();
  if (std::ranges::find(known, value) != known.end()) return value;
  fail(ErrorKind::usage, "there is no size '", value, "': the sizes are ", listed(known));
}

PictureFiles parse_plot_file(const std::string& value) {
  const std::filesystem::path path = value;
  PictureFiles files;
  if (path.extension() == ".svg") {
    files.svg = path;
  } else if (path.extension() == ".png") {
    files.png = path;
  } else {
    fail(ErrorKind::usage, "'", value, "' ends neither in .svg nor in .png");
  }
  return files;
}

std::vector<std::string> parse_groups(const std::string& value) {
  const std::vector<std::string> known = bench::group_names();
  std::vector<std::string> groups;
  std::istringstream in(value);
  for (std::string name; std::getline(in, name, ',');) {
    if (std::ranges::find(known, name) == known.end()) {
      fail(ErrorKind::usage, "there is no part '", name, "': the parts are ", listed(known));
    }
    groups.push_back(name);
  }
  if (groups.empty()) fail(ErrorKind::usage, "the list of parts is empty");
  return groups;
}

ComparedEngine parse_compared_engine(const std::string& value) {
  const std::size_t equals = value.find('=');
  const std::size_t comma = value.find(',', equals == std::string::npos ? 0 : equals);
  const std::string name = value.substr(0, equals);
  if (name != "whisper.cpp" && name != "ctranslate2" && name != "openvino") {
    fail(ErrorKind::usage, "there is no engine '", name,
         "' to compare with: the engines are whisper.cpp, ctranslate2 and openvino");
  }
  ComparedEngine engine{.name = name, .program = {}, .model = {}};
  if (equals != std::string::npos && comma != std::string::npos) {
    engine.program = value.substr(equals + 1, comma - equals - 1);
    engine.model = value.substr(comma + 1);
  }
  if (engine.program.empty() || engine.model.empty()) {
    fail(ErrorKind::usage, "'", value, "' must be ", name, "=PROGRAM,MODEL");
  }
  std::error_code error;
  // A name without a folder is looked for where the system looks.
  if (engine.program.has_parent_path() && !std::filesystem::exists(engine.program, error)) {
    fail(ErrorKind::usage, "there is no ", engine.program.string(), " to run ", name, " with");
  }
  if (!std::filesystem::exists(engine.model, error)) {
    fail(ErrorKind::usage, "there is no ", engine.model.string(),
         ": the scripts in tools/compare make the models of other engines");
  }
  return engine;
}

double parse_seconds(const std::string& value) {
  constexpr double kMin = 0.01, kMax = 600;
  const auto seconds = parse_number<double>(value);
  if (!seconds || !(*seconds >= kMin && *seconds <= kMax)) {
    fail(ErrorKind::usage, "'", value, "' is not a number of seconds from ", kMin, " to ", kMax);
  }
  return *seconds;
}

int parse_clock(const std::string& value) {
  const auto mhz = parse_number<int>(value);
  const auto& known = npu::sim::kClocksMhz;
  if (mhz && std::ranges::find(known, *mhz) != std::end(known)) return *mhz;
  fail(ErrorKind::usage, "'", value, "' is no clock of the array: there are ", listed(known),
       " MHz");
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto x = parse_number<double>(a);
  return x && x == parse_number<double>(b);
}

std::vector<std::string> normalize_arguments(const std::vector<std::string>& arguments,
                                             const std::vector<std::string_view>& bool_names) {
  std::vector<std::string> result;
  auto argument = arguments.begin();
  for (; argument != arguments.end() && *argument != "--"; ++argument) {
    std::string option = *argument;
    if (!option.starts_with("--")) {
      result.push_back(option);
      continue;
    }
    const std::size_t name_size = std::min(option.find('='), option.size());
    std::replace(option.begin(), option.begin() + static_cast<std::ptrdiff_t>(name_size), '_', '-');
    if (name_size + 1 == option.size()) {
      result.insert(result.end(), {option.substr(0, name_size), ""});
      continue;
    }
    if (std::ranges::find(bool_names, std::string_view(option)) != bool_names.end()) {
      const auto value = std::next(argument);
      const bool has_value = value != arguments.end() && is_value_of_switch(*value);
      option += has_value ? "=" + *value : "=True";
      if (has_value) argument = value;
    }
    result.push_back(option);
  }
  if (argument != arguments.end()) ++argument;
  for (; argument != arguments.end(); ++argument) {
    result.push_back(argument->starts_with("-") ? "./" + *argument : *argument);
  }
  return result;
}

}  // namespace sotto::apps
