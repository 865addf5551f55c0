// The layers of the encoder in f32, and those whose linear layers alone are in integers of two
// bytes.
#include <algorithm>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/interrupt.h"
#include "cpu/encoder_layers.h"
#include "cpu/two_byte_linear.h"

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

/// Linear is BlocksLinear or another layer that is made of a Place and called as it is.
template <typename Linear, typename Place>
class FloatLayer {
 public:
  FloatLayer(const Place& runtime, const Parameters& p, const model::Dims& dims)
      : runtime_(runtime),
        width_(dims.n_audio_state),
        n_heads_(dims.n_audio_head),
        n_positions_(dims.n_audio_ctx),
        attn_ln_(read_layer_norm(runtime, p / "attn_ln", width_)),
        qkv_(read_projections<Linear>(runtime, p / "attn", {"query", "key", "value"}, width_)),
        out_(read_linear<Linear>(runtime, p / "attn" / "out", width_, width_)),
        mlp_ln_(read_layer_norm(runtime, p / "mlp_ln", width_)),
        up_(read_linear<Linear>(runtime, p / "mlp" / "0", dims.n_audio_ffn, width_)),
        down_(read_linear<Linear>(runtime, p / "mlp" / "2", width_, dims.n_audio_ffn)) {}

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
  Linear qkv_;
  Linear out_;
  LayerNorm mlp_ln_;
  Linear up_;
  Linear down_;
};

template <typename Linear, typename Place>
class FloatLayers : public EncoderLayers {
 public:
  FloatLayers(const Place& runtime, const Parameters& p, const model::Dims& dims)
      : work_(runtime, dims) {
    layers_.reserve(static_cast<std::size_t>(dims.n_audio_layer));
    for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
      layers_.emplace_back(runtime, p / "blocks" / std::to_string(layer), dims);
    }
  }

  void operator()(float* x, StageTimes* times) override {
    for (const auto& layer : layers_) {
      check_interrupted();
      layer(x, work_, times);
    }
  }

 private:
  std::vector<FloatLayer<Linear, Place>> layers_;
  Workspace work_;
};

/// What the layers stand on, made before them.
struct TwoByteFoundation {
  TwoByteFoundation(const Runtime& runtime, Isa isa, const model::Dims& dims)
      : scratch(blocks_of(dims.n_audio_ctx, runtime.kernels.block) * runtime.kernels.block,
                std::max(3 * dims.n_audio_state, dims.n_audio_ffn)),
        place{{runtime, gemv_int8_for(isa)}, scratch} {}

  TwoByteScratch scratch;
  TwoByteRuntime place;
};

class TwoByteLayers final : TwoByteFoundation,
                            public FloatLayers<TwoByteBlocksLinear, TwoByteRuntime> {
 public:
  TwoByteLayers(const Runtime& runtime, Isa isa, const Parameters& p, const model::Dims& dims)
      : TwoByteFoundation(runtime, isa, dims), FloatLayers(place, p, dims) {}
};

}  // namespace

std::unique_ptr<EncoderLayers> make_two_byte_layers(const Runtime& runtime, Isa isa,
                                                    const Parameters& p, const model::Dims& dims) {
  return std::make_unique<TwoByteLayers>(runtime, isa, p, dims);
}

std::unique_ptr<EncoderLayers> make_float_layers(const Runtime& runtime, const Parameters& p,
                                                 const model::Dims& dims) {
  return std::make_unique<FloatLayers<BlocksLinear, Runtime>>(runtime, p, dims);
}

}  // namespace sotto::cpu
