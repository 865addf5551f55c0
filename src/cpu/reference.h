// Whisper written as in the paper: the truth that the fast engine is tested against. Plain loops
// over row-major matrices, in float or in double.
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace sotto::cpu {

/// The encoder: log-mel (n_mels × 2·n_audio_ctx) to features, n_audio_ctx × n_audio_state,
/// row-major. `pool` shares the rows of products. Real is float or double.
template <typename Real>
std::vector<Real> reference_encode(const model::Dims& dims, const model::Weights& weights,
                                   const model::MelWindow& mel, ThreadPool& pool);

/// The decoder: all tokens of a sequence at once to their logits, tokens × n_vocab, row-major.
template <typename Real>
std::vector<Real> reference_decode(const model::Dims& dims, const model::Weights& weights,
                                   std::span<const Real> features, std::span<const int> tokens,
                                   ThreadPool& pool);

}  // namespace sotto::cpu
