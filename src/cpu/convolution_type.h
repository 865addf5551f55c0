// The numbers that convolutions are computed in.
#pragma once

#include <string_view>

namespace sotto::cpu {

/// What products are made of; their sums are in f32, or in integers that f32 adds up (int16.h).
enum class ConvolutionType { float32, bfloat16, int16 };

/// "float32", "bfloat16" or "int16"
std::string_view name_of(ConvolutionType type);

}  // namespace sotto::cpu
