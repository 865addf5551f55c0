// Matrix products as others published them: the network of mlir-aie's whole_array (examples/gemm.h
// draws the same), for any number of cores, tile and type, and what their kernels cost. For timing:
// the kernels have no code here.
#pragma once

#include "npu/design/design.h"
#include "npu/sim/kernel_library.h"

namespace sotto::npu::calibrate {

enum class Numbers : std::uint8_t { bf16_to_f32, bf16_to_bf16, int8_to_int32, int8_to_int8 };

struct Product {
  Numbers numbers = Numbers::bf16_to_f32;
  int rows = 4, columns = 4;  ///< of cores
  int m = 0, k = 0, n = 0;    ///< of all
  int tile_m = 0, tile_k = 0, tile_n = 0;
  int c_buffers = 1;          ///< in a core
  int joined_buffers = 2;     ///< of C in a memory tile
  bool b_by_columns = false;  ///< B lies column after column in host memory
  /// Elements of K that lie in a row in host memory and are read together; 0: a tile's.
  int run_k = 0;

  /// Elements from row to row of A (and of a B by columns), and of B and C, in host memory; 0: as
  /// many as they have.
  int row_k = 0, row_n = 0;

  double operations() const { return 2.0 * m * k * n; }
  /// Of the kernel on one core.
  std::int64_t calls_per_core() const;
};

/// m and n must be multiples of a tile on each core, k of a tile and of run_k.
design::Design draw(const Product& product);

/// Cycles of one call of a product's kernel, and of the zeroing of a tile of C.
struct ProductCost {
  std::int64_t multiply = 0, zero = 0;
};
sim::KernelLibrary library_of(const Product& product, const ProductCost& cost);

}  // namespace sotto::npu::calibrate
