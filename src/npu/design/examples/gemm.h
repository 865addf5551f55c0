// A matrix product on the whole array: 4 x 4 cores, bfloat16 operands, float32 result.
//
//           core (0,5)   core (1,5) …      row 3 of the grid
//              …
//           core (0,2)   core (1,2) …      row 0
//              ▲ ▲          ▲ ▲            tiles of B go up their column,
//   memory  (0,1)        (1,1) …           tiles of A from memory tile r along row r;
//              ▲ │          ▲ │            four tiles of C come down and leave as one object
//   shim    (0,0) ▼      (1,0) ▼ …
//
// Each core keeps one 64 x 64 tile of C and adds K / 64 products of tiles to it. Memory tiles turn
// rows into the blocks that the kernel reads (npu/kernels/blocks.h), and blocks of C into rows.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

struct GemmShape {
  int m = 512, k = 512, n = 512;
};

/// c = a b; host buffers "a" (m x k), "b" (k x n), "c" (m x n), row-major. m and n are multiples of
/// 256, k of 64.
Design gemm(GemmShape shape);

}  // namespace sotto::npu::design
