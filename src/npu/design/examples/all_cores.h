// Rows that do not need each other, spread over 16 cores: softmax and GELU are this drawing.
//
//   core (c,5) ◀─┐     ┌─▶      each half of a column has two cores,
//   core (c,4) ◀─┤     ├─▶
//   core (c,3) ◀─┤     ├─▶      and each half a stream of two rows from the shim
//   core (c,2) ◀─┤     ├─▶      and one to it
//   memory (c,1) ┴     ┴
//   shim (c,0)  ▲▲     ▼▼
#pragma once

#include <string>

#include "npu/design/design.h"

namespace sotto::npu::design {

struct RowKernel {
  std::string symbol;  ///< of a function (bfloat16* out, const bfloat16* in, int count)
  int program_bytes = 0, stack_bytes = 0;
  int vector = 1;  ///< its buffers hold whole vectors of so many elements
};

/// `rows`, a multiple of 16, of `width` elements: host buffer "input" to host buffer "output".
Design on_all_cores(const std::string& name, const RowKernel& kernel, int rows, int width);

}  // namespace sotto::npu::design
