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

/// How many times faster than float32 a type must be that is less exact. In the encoder a tenth; in
/// the decoder it may even take twice as long, because a layer that is timed lies in the cache, and
/// the decoder reads its weights from memory, where a type counts by its bytes. Neither is near to
/// what is measured on machines that are known: 2.5 to 4 times where there is VNNI; without, 0.6 to
/// 1 or 1.3 in the encoder, about 1.1 in the decoder. So a machine always chooses the same.
inline constexpr double kWorthInEncoder = 1.1, kWorthInDecoder = 0.5;

/// The fastest type, if it is `worth` times faster than float32, else that.
model::ComputeType fastest(const TypeTimes& times, double worth);

/// A small linear layer of the encoder on one thread, the types in turn, in about two milliseconds.
TypeTimes time_encoder_types(Isa isa);

/// A small linear layer of the decoder on one row, likewise.
TypeTimes time_decoder_types(Isa isa);

/// Whether a product in bfloat16 takes less time than one in float32, as measured in a millisecond:
/// twice as many a cycle on Zen 4, half as many on Sapphire Rapids.
bool bfloat16_is_faster(Isa isa);

}  // namespace sotto::cpu
