// Which numbers a machine is fastest in, by trying: an instruction that a processor has may still
// be a slow one.
#pragma once

#include <optional>

#include "base/isa.h"
#include "model/compute_type.h"

namespace sotto::cpu {

/// Seconds of the same work in each type; nothing for types that are not there.
struct TypeTimes {
  double float32 = 0;
  std::optional<double> bfloat16;
  std::optional<double> int8;
};

/// The fastest type. Others than float32 are less exact, and must be worth it: a tenth faster.
model::ComputeType fastest(const TypeTimes& times);

/// A small linear layer of the encoder on one thread, in about two milliseconds.
TypeTimes time_encoder_types(Isa isa);

/// A small linear layer of the decoder on one row, likewise. It lies in the cache: where a type is
/// faster there, it is the more so where its fewer bytes come from memory.
TypeTimes time_decoder_types(Isa isa);

/// Whether a product in bfloat16 takes less time than one in float32: twice as many a cycle on Zen
/// 4, half as many on Sapphire Rapids. Measured once in a process, in about a millisecond.
bool bfloat16_is_faster(Isa isa);

}  // namespace sotto::cpu
