// Calls of kernels with real sizes, to be recorded and to be compared. The source is compiled
// twice, with the plain kernels and with the recorded ones.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sotto::npu::recorder {

/// What a buffer holds before the call.
enum class Fill { zeros, bfloat16s, small_bfloat16s, floats, positive_floats, bytes };

/// Sizes of calls, those of Whisper's encoder unless said otherwise.
struct Sizes {
  int k_blocks = 8;     ///< blocks of 8 in a product's sum, in int8 of 16; keys or channels / 8
  int valid = 60;       ///< keys of the tile that count
  int elements = 2048;  ///< of a row of GELU
  int row = 1500;       ///< elements of a softmax
  int rows = 4, width = 512;  ///< of LayerNorm
  friend auto operator<=>(const Sizes&, const Sizes&) = default;
};

struct CallBuffer {
  std::string name;
  int64_t bytes;
  int bank;
  Fill fill;
};

struct Call {
  std::string name;
  std::string size;  ///< as people say it: "64 x 64 x 64"
  std::vector<CallBuffer> buffers;
  /// Returns what the kernel does.
  std::function<std::optional<int64_t>(std::span<std::byte* const> buffers)> run;
};

}  // namespace sotto::npu::recorder

namespace sotto::npu::kernels {

/// Every kernel, each epilogue included.
std::vector<recorder::Call> calls(const recorder::Sizes& sizes = {});

}  // namespace sotto::npu::kernels
