// Which numbers a machine is fastest in, by trying: an instruction that a processor has may still
// be a slow one.
#pragma once

#include <optional>

#include "base/isa.h"
#include "cpu/convolution_type.h"
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

/// Products a second; 0 where there are none.
struct ProductRates {
  double float32 = 0;
  double bfloat16 = 0;
  double int16 = 0;
};

/// How many times faster products of 16-bit integers must be than others, as their sums and their
/// inputs are scaled. It is not near to what is known of machines: of the rate of float32, 2 times
/// with VNNI, 1.5 with AVX2 alone, and with AVX-512 alone 1 (Sapphire Rapids) or 1.65 (Zen 4); of
/// that of bfloat16, as many on Zen 4.
inline constexpr double kWorthInConvolutions = 1.25;

/// What convolutions are computed in that need no more digits than any of these has.
ConvolutionType fastest_convolution(const ProductRates& rates);

/// The same by the rates of `isa`, which are measured once in a process, in about a millisecond.
ConvolutionType fastest_convolution(Isa isa);

/// Whether a product in bfloat16 takes less time than one in float32, by the same rates: twice as
/// many a cycle on Zen 4, half as many on Sapphire Rapids.
bool bfloat16_is_faster(Isa isa);

}  // namespace sotto::cpu
