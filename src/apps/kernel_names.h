// Names of kernels as people type them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sotto::apps {

/// What "gemm" stands for: the product of the encoder's cores.
inline constexpr std::string_view kGemm = "gemm_bf16_tile";

/// The one of `known` that is meant: a whole name, the beginning of only one, or "gemm". Throws
/// Error{usage}, which lists what begins so, else names that are near, else all.
std::string kernel_named(std::string_view given, std::span<const std::string> known);

}  // namespace sotto::apps
