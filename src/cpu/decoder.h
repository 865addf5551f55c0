// Whisper's decoder on the CPU, for one sequence.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "cpu/kernels.h"
#include "model/decoder.h"
#include "model/weights.h"

namespace sotto::cpu {

/// Packs the decoder weights for `kernels`. Same conditions as make_encoder().
std::unique_ptr<model::Decoder> make_decoder(const model::Dims& dims, const model::Weights& weights,
                                             const Kernels& kernels, ThreadPool& pool);

}  // namespace sotto::cpu
