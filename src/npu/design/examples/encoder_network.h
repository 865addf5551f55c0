// The network that the encoder's cores (npu/kernels/encoder_core.cc, phase.h) are written for, with
// the sequence of one phase: a product of 256 x (64 slices) by (64 slices) x 256.
//
// 4 x 4 cores that own their locks. A goes along rows, B, which begins with the phase's header, up
// columns; cores send their results as four strips, and a memory tile joins those of its column.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// Of encoder_core: its kernels as npu/cycles compiled them, 12,556 bytes, and code that is no
/// recorded kernel: its own, 671 instructions for RISC-V without compressed ones (Clang 16, -Os), 4
/// bytes each, and that of attention_keys and attention_reference, 420 bytes made the same way.
inline constexpr int kEncoderCoreCode = 4 * 671 + 420;
inline constexpr int kEncoderCoreBytes = 15680;

struct EncoderNetwork {
  int slices = 8;              ///< tiles along k
  int depth = 7;               ///< objects of A and of B that wait in a memory tile
  int workspace_bytes = 8320;  ///< of a core: CoreWorkspace of phase.h
};

/// Host buffers of bfloat16: "x" (4 rows of `slices` tiles in layout A), "w" (4 columns of a header
/// and `slices` tiles in layout V), "y" (4 columns of 4 strips of 4 rows).
Design encoder_network(EncoderNetwork network = {});

}  // namespace sotto::npu::design
