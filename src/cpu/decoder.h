// Whisper's decoder on the CPU, for one sequence.
#pragma once

#include <memory>
#include <optional>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "cpu/packed.h"
#include "model/compute_type.h"
#include "model/decoder.h"
#include "model/weights.h"

namespace sotto::cpu {

/// The type to decode in, as encoder_type().
model::ComputeType decoder_type(std::optional<model::ComputeType> wanted, Isa isa);

/// Packs the decoder weights. Same conditions as make_encoder().
std::unique_ptr<model::Decoder> make_decoder(
    const model::Dims& dims, const model::Weights& weights, Isa isa, model::ComputeType type,
    ThreadPool& pool, std::shared_ptr<PackedWeights> packed = std::make_shared<PackedWeights>());

}  // namespace sotto::cpu
