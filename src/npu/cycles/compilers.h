// What compilers make of code for the cores, against what our scheduler makes of the same source.
#pragma once

#include <cstdint>

namespace sotto::npu::cycles {

/// Published cycles of a compiler's code divided by our scheduled cycles of the same source: the
/// median over the published sizes, with the least and the most. There is no other factor.
/// tools/aie_kernels/calibrate.sh computes it anew.
struct Compiler {
  const char* name;
  double factor, least, most;
  int rows;            ///< published sizes
  const char* source;  ///< of the published cycles, and of the code that they are of
  const char* date;    ///< of our scheduled cycles
};

/// The open compiler (llvm-aie a36c62b9) at -O2.
inline constexpr Compiler kPeano = {
    .name = "Peano",
    .factor = 1.364,
    .least = 1.137,
    .most = 1.837,
    .rows = 8,
    .source = "ignite-xdna, l1_tile_* on a Phoenix; mlir-aie 1e400306, aie_kernels/aie2/mm.cc",
    .date = "2026-11-27",
};

/// Cycles that a compiler's code is likely to take.
constexpr int64_t compiled_cycles(int64_t scheduled, const Compiler& compiler) {
  return static_cast<int64_t>(static_cast<double>(scheduled) * compiler.factor + 0.5);
}

}  // namespace sotto::npu::cycles
