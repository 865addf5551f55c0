// Whisper's encoder on the CPU.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "cpu/kernels.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace sotto::cpu {

/// Packs the encoder weights for `kernels` (they may be unmapped afterwards). `pool` and `kernels`
/// must outlive the result. Throws Error{model} for missing, misshapen or non-finite tensors.
std::unique_ptr<model::Encoder> make_encoder(const model::Dims& dims, const model::Weights& weights,
                                             const Kernels& kernels, ThreadPool& pool);

}  // namespace sotto::cpu
