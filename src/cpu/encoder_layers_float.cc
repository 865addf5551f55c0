// The layers of the encoder in f32.
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/interrupt.h"
#include "cpu/encoder_layers.h"

namespace sotto::cpu {
namespace {

// In this file B is the lanes of a block, D the width, F the width of the feed-forward layer;
// activations are blocks (kernels.h).

/// Activations between layers, allocated once.
struct Workspace {
  Workspace(const Runtime& runtime, const model::Dims& dims) {
    const auto block = static_cast<std::size_t>(runtime.kernels.block);
    const auto width = static_cast<std::size_t>(dims.n_audio_state);
    n_blocks = blocks_of(dims.n_audio_ctx, runtime.kernels.block);
    const std::size_t positions = static_cast<std::size_t>(n_blocks) * block;
    normed = Buffer<float>(positions * width);
    qkv = Buffer<float>(positions * width * 3);
    mixed = Buffer<float>(positions * width);
    hidden = Buffer<float>(positions * static_cast<std::size_t>(dims.n_audio_ffn));
    thread_scratch = Buffer<float>(
        attention_scratch(runtime.kernels.block, dims.n_audio_state / dims.n_audio_head) *
        static_cast<std::size_t>(runtime.pool.size()));
  }

  int n_blocks;
  Buffer<float> normed;  // D
  Buffer<float> qkv;     // 3D
  Buffer<float> mixed;   // D
  Buffer<float> hidden;  // F
  Buffer<float> thread_scratch;
};

class FloatLayer {
 public:
  FloatLayer(const Runtime& runtime, const Parameters& p, const model::Dims& dims)
      : runtime_(runtime),
        width_(dims.n_audio_state),
        n_heads_(dims.n_audio_head),
        n_positions_(dims.n_audio_ctx),
        attn_ln_(read_layer_norm(runtime, p / "attn_ln", width_)),
        qkv_(
            read_projections<BlocksLinear>(runtime, p / "attn", {"query", "key", "value"}, width_)),
        out_(read_linear<BlocksLinear>(runtime, p / "attn" / "out", width_, width_)),
        mlp_ln_(read_layer_norm(runtime, p / "mlp_ln", width_)),
        up_(read_linear<BlocksLinear>(runtime, p / "mlp" / "0", dims.n_audio_ffn, width_)),
        down_(read_linear<BlocksLinear>(runtime, p / "mlp" / "2", width_, dims.n_audio_ffn)) {}

  /// x += attention(LayerNorm(x));  x += mlp(LayerNorm(x))
  void operator()(float* x, Workspace& w, StageTimes* times) const {
    attn_ln_.blocks(w.normed.data(), x, w.n_blocks);
    lap(times, Stage::layer_norms);
    qkv_(w.qkv.data(), w.normed.data(), w.n_blocks);
    lap(times, Stage::linear_layers);
    self_attention(runtime_, w.mixed.data(), w.qkv.data(), n_positions_, n_heads_,
                   width_ / n_heads_, w.thread_scratch.data());
    lap(times, Stage::attention);
    out_(x, w.mixed.data(), w.n_blocks, Activation::none, x);
    lap(times, Stage::linear_layers);

    mlp_ln_.blocks(w.normed.data(), x, w.n_blocks);
    lap(times, Stage::layer_norms);
    up_(w.hidden.data(), w.normed.data(), w.n_blocks, Activation::gelu);
    down_(x, w.hidden.data(), w.n_blocks, Activation::none, x);
    lap(times, Stage::linear_layers);
  }

 private:
  const Runtime& runtime_;
  int width_;
  int n_heads_;
  int n_positions_;
  LayerNorm attn_ln_;
  BlocksLinear qkv_;
  BlocksLinear out_;
  LayerNorm mlp_ln_;
  BlocksLinear up_;
  BlocksLinear down_;
};

class FloatLayers final : public EncoderLayers {
 public:
  FloatLayers(const Runtime& runtime, const Parameters& p, const model::Dims& dims)
      : work_(runtime, dims) {
    layers_.reserve(static_cast<std::size_t>(dims.n_audio_layer));
    for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
      layers_.emplace_back(runtime, p / "blocks" / std::to_string(layer), dims);
    }
  }

  void operator()(float* x, StageTimes* times) override {
    for (const FloatLayer& layer : layers_) {
      check_interrupted();
      layer(x, work_, times);
    }
  }

 private:
  std::vector<FloatLayer> layers_;
  Workspace work_;
};

}  // namespace

std::unique_ptr<EncoderLayers> make_float_layers(const Runtime& runtime, const Parameters& p,
                                                 const model::Dims& dims) {
  return std::make_unique<FloatLayers>(runtime, p, dims);
}

}  // namespace sotto::cpu
