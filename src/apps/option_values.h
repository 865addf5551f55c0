// How the values of options are written: as openai/whisper's command line takes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/bench.h"
#include "model/weights.h"
#include "npu/design/examples/gemm.h"

namespace sotto::apps {

/// "True" or "False".
bool parse_bool(const std::string& value);

/// A whole number of at least `min` and at most `max`.
int parse_int(const std::string& value, int min, int max);

/// A finite number, or "None".
std::optional<double> parse_optional_number(const std::string& value);

/// "1,2,3"; ids are at least −1. An empty text is an empty list.
std::vector<int> parse_token_list(const std::string& value);

/// A code or a name of a language: its index in model::languages().
int parse_language(const std::string& value);

/// "512x512x512": rows, inner size and columns of a matrix product.
std::vector<int> parse_shape(const std::string& value);
npu::design::GemmType parse_gemm_type(const std::string& value);

/// "f16" or "f32": what a ggml file may hold.
model::DType parse_ggml_type(const std::string& value);

/// The name of a released model's sizes: "base".
std::string parse_size(const std::string& value);

/// The name of a picture, whose ending says what it is: .svg or .png.
PictureFiles parse_plot_file(const std::string& value);

/// "encoder,decoder": names of bench::group_names().
std::vector<std::string> parse_groups(const std::string& value);

/// "ctranslate2=PROGRAM,MODEL"
ComparedEngine parse_compared_engine(const std::string& value);

/// A number of seconds from 0.01 to 600.
double parse_seconds(const std::string& value);

/// MHz of the NPU's array: one of npu::sim::kClocksMhz.
int parse_clock(const std::string& value);

/// True when both are the same text or the same number ("0" and "0.0").
bool same_value(const std::string& a, const std::string& b);

/// The arguments as CLI11 understands them: option names with hyphens; switches (`bool_names`) with
/// the value that follows them, or True, joined by "="; empty values as arguments of their own;
/// file names behind "--" that look like options with "./" before them. A word that spells true or
/// false in another way ("no", "0") is the value of the switch before it unless it is a file, so
/// that parse_bool() refuses it.
std::vector<std::string> normalize_arguments(const std::vector<std::string>& arguments,
                                             const std::vector<std::string_view>& bool_names);

}  // namespace sotto::apps
