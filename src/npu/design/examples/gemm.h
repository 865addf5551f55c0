// A matrix product on 1, 2 x 2 or 4 x 4 cores: bfloat16 operands and float32 sums, or int8 and
// int32.
//
//           core (0,5)   core (1,5) …      row 3 of the grid
//              …
//           core (0,2)   core (1,2) …      row 0
//              ▲ ▲          ▲ ▲            tiles of B go up their column,
//   memory  (0,1)        (1,1) …           tiles of A from memory tile r along row r;
//              ▲ │          ▲ │            four tiles of C come down and leave as one object
//   shim    (0,0) ▼      (1,0) ▼ …
//
// Each core keeps one 64 x 64 tile of C and adds products of tiles to it until k is through. Memory
// tiles turn rows into the blocks that the kernel reads (npu/kernels/blocks.h), and blocks of C
// into rows. Sizes need not fit: see Tiling.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

struct GemmShape {
  int m = 512, k = 512, n = 512;
};
enum class GemmType : std::uint8_t { bf16, int8 };
struct GemmOptions {
  GemmType type = GemmType::bf16;
  int grid = 4;  ///< rows and columns of cores: 1, 2 or 4
};

/// How a product is cut. Every tile has the same size, so that descriptors need not change: tiles
/// that would reach beyond the end begin earlier instead, and what two of them compute is the same.
/// Along k, where this would count twice, tiles of B have zeros there, from a host buffer of zeros.
/// Tiles smaller than a core's leave room in its buffers, which is computed with and not sent; k <
/// 8 is padded with zeros by the memory tiles.
class Tiling {
 public:
  Tiling(const GemmShape& shape, const GemmOptions& options);

  GemmShape shape;
  GemmOptions options;
  int block;  ///< columns of a kernel's block of C: 4 or 8
  /// Elements from row to row in host memory: k of A, n of B and C up to whole words of operands.
  int pitch_k, pitch_n;
  int m, k, n;  ///< of a tile; k is that of A, which for k < 8 has its row's padding
  int k_tiles;  ///< to sum up
  int bands;    ///< of grid * m rows of C, one after the other
  int passes;   ///< of grid * n columns, for each band

  int rows_of_block() const { return m < 4 ? m : 4; }
  int columns_of_block() const { return n < block ? n : block; }
  int k_blocks() const { return k < 8 ? 1 : k / 8; }
  int rows_of_b() const { return k < 8 ? shape.k : k; }
  /// The first row of C of row `row` of cores; the first column of a column of cores.
  int first_row(int band, int row) const;
  int first_column(int pass, int column) const;
  /// Rows of zeros that the last tile of B begins and ends with.
  int zeros_before() const { return k_tiles * k - pitch_k; }
  int zeros_after() const { return k < 8 ? 0 : pitch_k - shape.k; }
  int zeros() const { return zeros_before() > zeros_after() ? zeros_before() : zeros_after(); }
};

/// c = a b; host buffers "a" (m rows of pitch_k), "b" (k rows of pitch_n), "c" (m rows of pitch_n),
/// and where zeros() is not 0 "zeros" (zeros() rows of Tiling::n). What a's rows hold from k to
/// pitch_k must be finite. m, k, n: 1 or more. Throws Error{usage}.
Design gemm(GemmShape shape, GemmOptions options = {});

}  // namespace sotto::npu::design
