// Whisper's encoder on the CPU.
#pragma once

#include <memory>
#include <optional>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "cpu/convolution_type.h"
#include "cpu/packed.h"
#include "cpu/stage_times.h"
#include "model/compute_type.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace sotto::cpu {

/// The type to encode in: the wanted one, else the one of those that are exact enough which is
/// measured to be fastest on `isa`, in a few milliseconds.
/// Throws Error{unsupported} when the encoder cannot compute in the wanted one.
model::ComputeType encoder_type(std::optional<model::ComputeType> wanted, Isa isa);

/// What the convolutions of an encoder of `type` compute in: where all else is bfloat16 that, where
/// it is int8 16-bit integers, if `isa` makes half as many products of those again as of float32 a
/// second (docs/performance.md: 2 times as many with VNNI, 1.5 with AVX2, 1.05 with AVX-512 alone),
/// else float32. It is not measured here: the same command must find the same text.
ConvolutionType convolution_type(model::ComputeType type, Isa isa);

/// Packs the encoder weights (they may be unmapped afterwards) to compute in `type`, checked by
/// encoder_type(), with `isa`, which this machine has. `pool` must outlive the result, and so must
/// `times`, which holds the times of the last window's stages unless it is null. Throws
/// Error{model} for missing, misshapen or non-finite tensors. Where `packed` was packed before, by
/// an encoder of the same weights, isa and type, the weights are not looked at; throws Error{io}
/// when it does not fit.
std::unique_ptr<model::Encoder> make_encoder(
    const model::Dims& dims, const model::Weights& weights, Isa isa, model::ComputeType type,
    ThreadPool& pool, std::shared_ptr<PackedWeights> packed = std::make_shared<PackedWeights>(),
    StageTimes* times = nullptr);

}  // namespace sotto::cpu
