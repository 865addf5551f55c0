#include "cpu/encoder.h"

#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "cpu/blocks.h"
#include "cpu/convolutions.h"
#include "cpu/encoder_layers.h"
#include "cpu/fastest_type.h"
#include "cpu/kernels.h"
#include "cpu/parameters.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;

// In this file T is the number of positions (n_audio_ctx), B the lanes of a block, D the width, F
// the width of the feed-forward layer; activations are blocks (kernels.h).

std::unique_ptr<EncoderLayers> make_layers(const Runtime& runtime, const Parameters& p,
                                           const model::Dims& dims, Isa isa, ComputeType type) {
  if (type == ComputeType::float32) return make_float_layers(runtime, p, dims);
  if (type == ComputeType::bfloat16) return make_bf16_layers(runtime, isa, p, dims);
  if (type == ComputeType::int8_two_bytes) return make_two_byte_layers(runtime, isa, p, dims);
  SOTTO_CHECK(type == ComputeType::int8 || type == ComputeType::int8_float32);
  return make_int8_layers(runtime, isa, p, dims, type == ComputeType::int8);
}

class CpuEncoder final : public model::Encoder {
 public:
  CpuEncoder(const model::Dims& dims, const Parameters& p, Isa isa, ComputeType type,
             ThreadPool& pool, std::shared_ptr<PackedWeights> packed, StageTimes* times)
      : dims_(dims),
        times_(times),
        packed_(std::move(packed)),
        runtime_{kernels_for(isa), pool, *packed_},
        n_blocks_(blocks_of(dims.n_audio_ctx, runtime_.kernels.block)),
        convolutions_(make_convolutions(runtime_, isa, convolution_type(type, isa), p, dims)),
        positions_(pack(*packed_,
                        p.read("positional_embedding", {dims.n_audio_ctx, dims.n_audio_state}),
                        dims.n_audio_ctx, dims.n_audio_state, runtime_.kernels.block)),
        layers_(make_layers(runtime_, p, dims, isa, type)),
        ln_post_(read_layer_norm(runtime_, p / "ln_post", dims.n_audio_state)),
        x_(static_cast<std::size_t>(n_blocks_ * runtime_.kernels.block) *
           static_cast<std::size_t>(dims.n_audio_state)),
        normed_(x_.size()) {}

  const model::Dims& dims() const override { return dims_; }

  void encode(const model::MelWindow& mel, std::span<float> features) override {
    const int width = dims_.n_audio_state;
    SOTTO_CHECK(features.size() ==
                static_cast<std::size_t>(dims_.n_audio_ctx) * static_cast<std::size_t>(width));
    if (times_ != nullptr) times_->restart();
    (*convolutions_)(x_.data(), mel, positions_.data());
    lap(times_, Stage::convolutions);
    (*layers_)(x_.data(), times_);
    ln_post_.blocks(normed_.data(), x_.data(), n_blocks_);
    from_blocks(runtime_, features.data(), width, normed_.data(), dims_.n_audio_ctx, width);
    lap(times_, Stage::layer_norms);
  }

 private:
  model::Dims dims_;
  StageTimes* times_;
  std::shared_ptr<PackedWeights> packed_;
  Runtime runtime_;
  int n_blocks_;
  std::unique_ptr<Convolutions> convolutions_;
  std::span<const float> positions_;  // added to the output of the convolutions, as blocks
  std::unique_ptr<EncoderLayers> layers_;
  LayerNorm ln_post_;
  Buffer<float> x_;       // D
  Buffer<float> normed_;  // D
};

}  // namespace

model::ComputeType encoder_type(std::optional<model::ComputeType> wanted, Isa isa) {
  if (!wanted) return fastest(time_encoder_types(isa), kWorthInEncoder);
  if (wanted != ComputeType::bfloat16 || isa == Isa::avx512_bf16) return *wanted;
  fail(ErrorKind::unsupported, "the encoder cannot compute in bfloat16 with ", name_of(isa),
       ", only with avx512_bf16: take float32 or int8");
}

ConvolutionType convolution_type(ComputeType type, Isa isa) {
  if (type == ComputeType::bfloat16) return ConvolutionType::bfloat16;
  if (type != ComputeType::int8) return ConvolutionType::float32;
  switch (isa) {
    case Isa::avx2:
    case Isa::avx_vnni:
    case Isa::avx512_vnni:
    case Isa::avx512_bf16:
      return ConvolutionType::int16;
    case Isa::portable:
    case Isa::avx512:
      return ConvolutionType::float32;
  }
  SOTTO_CHECK(false);
}

std::unique_ptr<model::Encoder> make_encoder(const model::Dims& dims, const model::Weights& weights,
                                             Isa isa, model::ComputeType type, ThreadPool& pool,
                                             std::shared_ptr<PackedWeights> packed,
                                             StageTimes* times) {
  const Parameters parameters(weights, "encoder", *packed);
  auto encoder = std::make_unique<CpuEncoder>(dims, parameters, isa, type, pool, packed, times);
  packed->check_all_taken();
  return encoder;
}

}  // namespace sotto::cpu
