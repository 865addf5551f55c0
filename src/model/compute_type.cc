#include "model/compute_type.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace sotto::model {
namespace {

constexpr std::array kTypes = {ComputeType::float32, ComputeType::bfloat16, ComputeType::int8,
                               ComputeType::int8_float32, ComputeType::int8_two_bytes};

/// What CTranslate2 has and Sotto has not, and what comes nearest.
constexpr std::pair<std::string_view, std::string_view> kNearest[] = {
    {"default", "auto"},       {"float16", "float32, or bfloat16 on processors with AVX-512 BF16"},
    {"int16", "float32"},      {"int8_float16", "int8"},
    {"int8_bfloat16", "int8"},
};

}  // namespace

std::string_view name_of(ComputeType type) {
  switch (type) {
    case ComputeType::float32:
      return "float32";
    case ComputeType::bfloat16:
      return "bfloat16";
    case ComputeType::int8:
      return "int8";
    case ComputeType::int8_float32:
      return "int8_float32";
    case ComputeType::int8_two_bytes:
      return "int8_two_bytes";
  }
  SOTTO_CHECK(false);
}

std::optional<ComputeType> parse_compute_type(std::string_view name) {
  if (name == "auto") return std::nullopt;
  for (const ComputeType type : kTypes) {
    if (name_of(type) == name) return type;
  }
  for (const auto& [other, nearest] : kNearest) {
    if (name != other) continue;
    fail(ErrorKind::usage, "Sotto does not compute in ", name, ": the nearest is ", nearest);
  }
  fail(ErrorKind::usage, "there is no compute type '", name,
       "': the types are auto, float32, bfloat16, int8, int8_float32 and int8_two_bytes");
}

}  // namespace sotto::model
