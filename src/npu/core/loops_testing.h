// Loops for tests: small kernels as a recorder would give them, and random ones.
#pragma once

#include <cstdint>

#include "npu/core/loop.h"

namespace sotto::npu::core {

/// C += A · B on a rows × columns block of 4×8×4 bf16 products: rows + columns vectors of 64 bytes
/// loaded, rows · columns products.
Loop gemm_loop(int rows, int columns, int64_t trips);

/// out[i] = in[i] + 1, 32-bit lanes: two loads, an addition, two stores.
Loop increment_loop(int64_t trips);

/// f32 → bf16: an accumulator of 16 loaded, converted, stored.
Loop convert_loop(int64_t trips);

/// A sum that each iteration needs from the one before, through `length` dependent products.
Loop chain_loop(int length, int64_t trips);

/// A sound loop of about `operations` operations; `carried`: with values of earlier iterations.
Loop random_loop(uint32_t seed, int operations, bool carried = true);

}  // namespace sotto::npu::core
