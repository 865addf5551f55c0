// Runs a recorded kernel from its regions, operation after operation and without a schedule: what a
// schedule of it must come to. The addresses are those that pointers and modifiers give.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "npu/recorder/regions.h"

namespace sotto::npu::recorder {

/// Bytes of a unit of this class in Bits: 32 of vectors and accumulators, 8 of scalars.
int unit_bytes(RegisterClass cls);

/// What an operation without an effect writes: constants, moves, sums of scalars. `sources` and the
/// results are those of an Effect.
void run_scalar(const core::Operation& operation, std::span<const Bits> sources,
                std::span<Bits> results);

/// The pointer after the access, and the modifier with it (addresses.h).
void move_pointer(const core::Operation& operation, Bits& pointer, Bits& modifier);

/// The core's data memory after the kernel, from what its buffers held before.
std::vector<std::byte> run(const Kernel& kernel);

}  // namespace sotto::npu::recorder
