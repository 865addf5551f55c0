#include "npu/design/examples/gelu.h"

#include "npu/design/examples/all_cores.h"

namespace sotto::npu::design {

Design gelu(int rows, int width) {
  return on_all_cores(
      "gelu", {.symbol = "gelu_bf16", .program_bytes = 2560, .stack_bytes = 256, .vector = 32},
      rows, width);
}

}  // namespace sotto::npu::design
