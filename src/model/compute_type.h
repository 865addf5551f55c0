// In which numbers a model computes, by the names that users of CTranslate2 know.
#pragma once

#include <optional>
#include <string_view>

namespace sotto::model {

enum class ComputeType {
  float32,
  bfloat16,      ///< products of bfloat16, sums in float32
  int8,          ///< linear layers and attention with products of integers
  int8_float32,  ///< linear layers in int8, all else in float32
  /// Linear layers with products of bytes, but two of them for each number, and all else in
  /// float32: as exact as float32, in any model. In models so narrow that one byte would not do the
  /// engine takes it for the two above.
  int8_two_bytes,
};

/// "float32", "bfloat16", "int8", "int8_float32" or "int8_two_bytes"
std::string_view name_of(ComputeType type);

/// The type of that name; nothing for "auto", which leaves the choice to the engine. Throws
/// Error{usage} for other names; for the types that CTranslate2 has besides it names the nearest.
std::optional<ComputeType> parse_compute_type(std::string_view name);

}  // namespace sotto::model
