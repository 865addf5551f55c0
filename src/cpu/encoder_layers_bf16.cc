// The layers of the encoder in bfloat16: the residual stream and LayerNorm stay in f32.
#include <cmath>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cpu/bf16_blocks.h"
#include "cpu/encoder_layers.h"

namespace sotto::cpu {
namespace {

Bf16Linear make_linear(const Runtime& runtime, const Bf16Kernels& kernels,
                       const LinearParameters& p, int n_out, int n_in) {
  return Bf16Linear(runtime, kernels, p.weight, p.bias, n_out, n_in);
}

struct Bf16Layer {
  Bf16Layer(const Runtime& runtime, const Bf16Kernels& kernels, const Parameters& p,
            const model::Dims& dims)
      : attn_ln(read_layer_norm(runtime, p / "attn_ln", dims.n_audio_state)),
        qkv(make_linear(
            runtime, kernels,
            read_projection_parameters(p / "attn", {"query", "key", "value"}, dims.n_audio_state),
            3 * dims.n_audio_state, dims.n_audio_state)),
        out(make_linear(
            runtime, kernels,
            read_linear_parameters(p / "attn" / "out", dims.n_audio_state, dims.n_audio_state),
            dims.n_audio_state, dims.n_audio_state)),
        mlp_ln(read_layer_norm(runtime, p / "mlp_ln", dims.n_audio_state)),
        up(make_linear(
            runtime, kernels,
            read_linear_parameters(p / "mlp" / "0", dims.n_audio_ffn, dims.n_audio_state),
            dims.n_audio_ffn, dims.n_audio_state)),
        down(make_linear(
            runtime, kernels,
            read_linear_parameters(p / "mlp" / "2", dims.n_audio_state, dims.n_audio_ffn),
            dims.n_audio_state, dims.n_audio_ffn)) {}

  LayerNorm attn_ln;
  Bf16Linear qkv;
  Bf16Linear out;
  LayerNorm mlp_ln;
  Bf16Linear up;
  Bf16Linear down;
};

class Bf16Layers final : public EncoderLayers {
 public:
  Bf16Layers(const Runtime& runtime, const Bf16Kernels& kernels, const Parameters& p,
             const model::Dims& dims)
      : runtime_(runtime),
        kernels_(kernels),
        dims_(dims),
        n_blocks_(blocks_of(dims.n_audio_ctx, kernels.block)) {
    const int width = dims.n_audio_state;
    SOTTO_CHECK(kernels.block == runtime.kernels.block && width / dims.n_audio_head % 2 == 0);
    const auto positions = static_cast<std::size_t>(n_blocks_ * kernels.block);
    floats_ = Buffer<float>(positions * static_cast<std::size_t>(width));
    normed_ = Buffer<Bf16>(floats_.size());
    qkv_ = Buffer<Bf16>(floats_.size() * 3);
    mixed_ = Buffer<Bf16>(floats_.size());
    hidden_ = Buffer<Bf16>(positions * static_cast<std::size_t>(dims.n_audio_ffn + 1));
    scratch_ = Buffer<float>(bf16_attention_scratch(kernels.block, width / dims.n_audio_head) *
                             static_cast<std::size_t>(runtime.pool.size()));
    layers_.reserve(static_cast<std::size_t>(dims.n_audio_layer));
    for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
      layers_.emplace_back(runtime, kernels, p / "blocks" / std::to_string(layer), dims);
    }
  }

  /// x += attention(LayerNorm(x));  x += mlp(LayerNorm(x)), for each layer
  void operator()(float* x, StageTimes* times) override {
    const int width = dims_.n_audio_state;
    for (const Bf16Layer& layer : layers_) {
      check_interrupted();
      normalize(layer.attn_ln, x);
      lap(times, Stage::layer_norms);
      layer.qkv(qkv_.data(), normed_.data(), n_blocks_, 2 * width);
      lap(times, Stage::linear_layers);
      attend();
      lap(times, Stage::attention);
      layer.out(x, mixed_.data(), n_blocks_, x);
      lap(times, Stage::linear_layers);
      normalize(layer.mlp_ln, x);
      lap(times, Stage::layer_norms);
      layer.up(hidden_.data(), normed_.data(), n_blocks_, dims_.n_audio_ffn + 1, Activation::gelu);
      layer.down(x, hidden_.data(), n_blocks_, x);
      lap(times, Stage::linear_layers);
    }
  }

 private:
  void normalize(const LayerNorm& norm, const float* x) {
    norm.blocks(floats_.data(), x, n_blocks_);
    const std::ptrdiff_t size = std::ptrdiff_t{dims_.n_audio_state} * kernels_.block;
    runtime_.parallel_for(n_blocks_, [&](std::int64_t b, int) {
      kernels_.to_pairs(normed_.data() + b * size, kernels_.block, floats_.data() + b * size,
                        dims_.n_audio_state);
    });
  }

  void attend() {
    const std::ptrdiff_t d = dims_.n_audio_state / dims_.n_audio_head, block = kernels_.block;
    const std::ptrdiff_t size = std::ptrdiff_t{dims_.n_audio_state} * block;
    const auto scratch_size =
        static_cast<std::ptrdiff_t>(bf16_attention_scratch(kernels_.block, static_cast<int>(d)));
    const std::int64_t count = std::int64_t{dims_.n_audio_head} * n_blocks_;
    // Neighbouring tasks share a head, whose keys and values then stay in the cache.
    runtime_.parallel_for(count, [&](std::int64_t i, int thread) {
      const std::ptrdiff_t head = i / n_blocks_ * d * block, b = i % n_blocks_;
      kernels_.attention({.out = mixed_.data() + b * size + head,
                          .q = qkv_.data() + b * 3 * size + head,
                          .k = qkv_.data() + size + head,
                          .v = qkv_.data() + 2 * size + head,
                          .kv_block = 3 * size,
                          .n_keys = dims_.n_audio_ctx,
                          .d = static_cast<int>(d),
                          .scale = 1.0f / std::sqrt(static_cast<float>(d)),
                          .scratch = scratch_.data() + thread * scratch_size});
    });
  }

  const Runtime& runtime_;
  const Bf16Kernels& kernels_;
  model::Dims dims_;
  int n_blocks_;
  std::vector<Bf16Layer> layers_;
  Buffer<float> floats_;  // D, after LayerNorm
  Buffer<Bf16> normed_;   // D, pairs
  Buffer<Bf16> qkv_;      // 3D: pairs, pairs and rows
  Buffer<Bf16> mixed_;    // D, pairs
  Buffer<Bf16> hidden_;   // F, pairs
  Buffer<float> scratch_;
};

}  // namespace

std::unique_ptr<EncoderLayers> make_bf16_layers(const Runtime& runtime, Isa isa,
                                                const Parameters& p, const model::Dims& dims) {
  const Bf16Kernels* const kernels = bf16_kernels_for(isa);
  SOTTO_CHECK(kernels != nullptr);
  return std::make_unique<Bf16Layers>(runtime, *kernels, p, dims);
}

}  // namespace sotto::cpu
