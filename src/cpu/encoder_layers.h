// The layers of the encoder between its convolutions and its last LayerNorm, in each type of
// numbers.
#pragma once

#include <memory>

#include "cpu/blocks.h"
#include "cpu/parameters.h"
#include "cpu/stage_times.h"
#include "model/compute_type.h"
#include "model/config.h"

namespace sotto::cpu {

class EncoderLayers {
 public:
  virtual ~EncoderLayers() = default;
  /// x, n_audio_ctx × n_audio_state as blocks, through all layers; `times` may be null.
  virtual void operator()(float* x, StageTimes* times) = 0;
};

/// `p` names the encoder. `runtime` must outlive the result.
std::unique_ptr<EncoderLayers> make_float_layers(const Runtime& runtime, const Parameters& p,
                                                 const model::Dims& dims);
/// For an instruction set that bf16_kernels_for() has.
std::unique_ptr<EncoderLayers> make_bf16_layers(const Runtime& runtime, Isa isa,
                                                const Parameters& p, const model::Dims& dims);
/// With attention in int8 as well, or in f32.
std::unique_ptr<EncoderLayers> make_int8_layers(const Runtime& runtime, Isa isa,
                                                const Parameters& p, const model::Dims& dims,
                                                bool int8_attention);
/// With linear layers in integers of two bytes (two_byte_linear.h).
std::unique_ptr<EncoderLayers> make_two_byte_layers(const Runtime& runtime, Isa isa,
                                                    const Parameters& p, const model::Dims& dims);

}  // namespace sotto::cpu
