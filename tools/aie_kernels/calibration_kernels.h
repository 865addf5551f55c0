// The kernels of calibration_kernels.cc, for the recorder.
#pragma once

#include "npu/kernels/host/bf16.h"

namespace sotto::aie_kernels {

/// c += a b, 32 x 32 x 32 in blocks of 2 x 4 sums, layouts as in blocks.h.
void product_32(float* __restrict c, const bfloat16* __restrict a, const bfloat16* __restrict b);

// 1,024 numbers each: f32 to bf16, bf16 to f32, a & b, in >> 3.
void narrow_1024(bfloat16* __restrict out, const float* __restrict in);
void widen_1024(float* __restrict out, const bfloat16* __restrict in);
void and_1024(short* __restrict out, const short* __restrict a, const short* __restrict b);
void shift_1024(short* __restrict out, const short* __restrict in);

}  // namespace sotto::aie_kernels
