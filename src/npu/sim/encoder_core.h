// The program of the encoder's cores (npu/kernels/encoder_core.cc) as one that the simulator runs:
// the same source, in which each kernel that it calls takes its time.
#pragma once

#include "npu/sim/kernel_library.h"

namespace sotto::npu::sim {

/// As "encoder_core". What its kernels cost, the library must say: zero_blocks, gemm_bf16_tile, …
/// (all of npu/kernels/kernels.h that encoder_core.cc calls).
void add_encoder_core(KernelLibrary& library);

}  // namespace sotto::npu::sim
