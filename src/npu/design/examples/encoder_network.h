// The network that the encoder's cores (npu/kernels/encoder_core.cc, phase.h) are written for, with
// the sequence of one phase: a product of 256 x (64 slices) by (64 slices) x 256.
//
// 4 x 4 cores that own their locks. A goes along rows, B, which begins with the phase's header, up
// columns; cores send their results as four strips, and a memory tile joins those of its column.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// Bytes of what calls recorded kernels and is none, no fewer than tools/program_bytes.py
/// estimates, nops and delay slots included: CI asks it.
inline constexpr int kEncoderCoreProgram = 3920, kAttentionAgainProgram = 224,
                     kAttentionReferenceProgram = 128, kAttentionKeysProgram = 320;
/// That and the kernels that it calls, as npu/cycles compiled them; rounded up to kilobytes.
inline constexpr int kEncoderCoreBytes = 15360;
/// What is linked to any core's program besides.
inline constexpr int kStartUpBytes = 1024;

struct EncoderNetwork {
  int slices = 8;              ///< tiles along k
  int depth = 7;               ///< objects of A and of B that wait in a memory tile
  int workspace_bytes = 8320;  ///< of a core: CoreWorkspace of phase.h
};

/// Host buffers of bfloat16: "x" (4 rows of `slices` tiles in layout A), "w" (4 columns of a header
/// and `slices` tiles in layout V), "y" (4 columns of 4 strips of 4 rows).
Design encoder_network(EncoderNetwork network = {});

}  // namespace sotto::npu::design
