// Calls of kernels with real sizes, to be recorded and to be compared. The source is compiled
// twice, with the plain kernels and with the recorded ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sotto::npu::recorder {

/// What a buffer holds before the call.
enum class Fill { zeros, bfloat16s, small_bfloat16s, floats, positive_floats, bytes };

struct CallBuffer {
  std::string name;
  int64_t bytes;
  int bank;
  Fill fill;
};

struct Call {
  std::string name;
  std::vector<CallBuffer> buffers;
  std::function<void(std::span<std::byte* const> buffers)> run;
};

}  // namespace sotto::npu::recorder

namespace sotto::npu::kernels {

/// Every kernel, each epilogue included.
std::vector<recorder::Call> calls();

}  // namespace sotto::npu::kernels
