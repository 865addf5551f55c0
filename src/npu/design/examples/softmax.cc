#include "npu/design/examples/softmax.h"

#include "npu/design/examples/all_cores.h"

namespace sotto::npu::design {

Design softmax(int rows, int width) {
  return on_all_cores(
      "softmax",
      {.symbol = "softmax_bf16", .program_bytes = 4352, .stack_bytes = 384, .vector = 32}, rows,
      width);
}

}  // namespace sotto::npu::design
