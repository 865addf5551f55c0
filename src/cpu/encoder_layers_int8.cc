// The layers of the encoder with linear layers in int8, and attention in int8 or f32.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cpu/encoder_layers.h"
#include "cpu/int8_blocks.h"
#include "cpu/rows.h"

namespace sotto::cpu {
namespace {

// In this file B is the lanes of a block, D the width, F the width of the feed-forward layer.

/// Activations between layers, allocated once.
struct Workspace {
  Workspace(const Int8Runtime& runtime, const model::Dims& dims, std::size_t thread_scratch_size,
            bool float_attention)
      : n_blocks(blocks_of(dims.n_audio_ctx, runtime.kernels.block)),
        first_normed(runtime.kernels, n_blocks, dims.n_audio_state, kGroup,
                     dims.n_audio_state % kGroup == 0),
        normed(runtime.kernels, n_blocks, dims.n_audio_state),
        mixed(runtime.kernels, n_blocks, dims.n_audio_state,
              dims.n_audio_state / dims.n_audio_head),
        hidden(runtime.kernels, n_blocks, dims.n_audio_ffn) {
    const std::size_t size = static_cast<std::size_t>(n_blocks * runtime.kernels.block) *
                             static_cast<std::size_t>(dims.n_audio_state);
    sums = Buffer<float>(static_cast<std::size_t>(n_blocks) *
                         static_cast<std::size_t>(dims.n_audio_state));
    if (float_attention) {
      qkv = Buffer<float>(size * 3);
      mixed_floats = Buffer<float>(size);
    }
    out_bias = Buffer<float>(static_cast<std::size_t>(dims.n_audio_state));
    thread_scratch =
        Buffer<float>(thread_scratch_size * static_cast<std::size_t>(runtime.pool.size()));
  }

  int n_blocks;
  Int8Activations first_normed;  // D with remainders, of the first layer's attention
  Int8Activations normed;        // D
  Buffer<float> sums;            // of each block's normed, D
  Buffer<float> qkv;             // 3D, for attention in f32
  Buffer<float> mixed_floats;    // D, likewise
  Int8Activations mixed;         // D, a group for each head
  Buffer<float> out_bias;        // D
  Int8Activations hidden;        // F
  Buffer<float> thread_scratch;
};

/// A LayerNorm and the linear layer that follows it, made alike (smooth()).
struct NormedLinear {
  NormedLinear(const Int8Runtime& runtime, const Parameters& norm, LinearParameters linear,
               int n_out, int n_in, int out_group = kGroup, bool remainders = false)
      : NormedLinear(runtime, norm.read("weight", {n_in}), norm.read("bias", {n_in}),
                     std::move(linear), n_out, n_in, out_group, remainders) {}

  Int8LayerNorm norm;
  Int8Linear linear;

 private:
  NormedLinear(const Int8Runtime& runtime, std::vector<float> gamma, std::vector<float> beta,
               LinearParameters p, int n_out, int n_in, int out_group, bool remainders)
      : norm((smooth(gamma, beta, p.weight), Int8LayerNorm(runtime, gamma, beta, n_in))),
        linear(runtime, quantized(p.weight, n_out, n_in, remainders), p.bias, out_group) {}

  static QuantizedMatrix quantized(const std::vector<float>& weight, int n_out, int n_in,
                                   bool remainders) {
    const QuantizedMatrix matrix = quantize(weight, n_out, n_in);
    return remainders ? with_remainders(matrix) : matrix;
  }
};

/// The first layer's attention takes its input with remainders: half of the error of the whole
/// encoder would come from there, for a fortieth of its time.
struct Int8Layer {
  Int8Layer(const Runtime& runtime, const Int8Runtime& int8, const Parameters& p,
            const model::Dims& dims, bool remainders)
      : Int8Layer(
            runtime, int8, p, dims, remainders,
            read_linear_parameters(p / "attn" / "out", dims.n_audio_state, dims.n_audio_state),
            read_linear_parameters(p / "mlp" / "2", dims.n_audio_state, dims.n_audio_ffn)) {}

  NormedLinear qkv;
  Int8Linear out;
  RowsLinear exact_out;  // the same in f32, for the mean of the values
  NormedLinear up;
  Int8Linear down;

 private:
  Int8Layer(const Runtime& runtime, const Int8Runtime& int8, const Parameters& p,
            const model::Dims& dims, bool remainders, const LinearParameters& o,
            const LinearParameters& d)
      : qkv(int8, p / "attn_ln",
            read_projection_parameters(p / "attn", {"query", "key", "value"}, dims.n_audio_state),
            3 * dims.n_audio_state, dims.n_audio_state, dims.n_audio_state / dims.n_audio_head,
            remainders),
        out(int8,
            quantize(o.weight, dims.n_audio_state, dims.n_audio_state,
                     dims.n_audio_state / dims.n_audio_head),
            o.bias),
        exact_out(runtime, o.weight, o.bias, dims.n_audio_state, dims.n_audio_state),
        up(int8, p / "mlp_ln",
           read_linear_parameters(p / "mlp" / "0", dims.n_audio_ffn, dims.n_audio_state),
           dims.n_audio_ffn, dims.n_audio_state),
        down(int8, quantize(d.weight, dims.n_audio_state, dims.n_audio_ffn), d.bias) {}
};

class Int8Layers final : public EncoderLayers {
 public:
  Int8Layers(const Runtime& runtime, Isa isa, const Parameters& p, const model::Dims& dims,
             bool int8_attention)
      : runtime_(runtime),
        int8_{int8_kernels_for(isa), runtime.pool, runtime.weights},
        dims_(dims),
        work_(int8_, dims, thread_scratch_size(runtime, dims), !int8_attention) {
    SOTTO_CHECK(int8_.kernels.block == runtime.kernels.block);
    const int d = dims.n_audio_state / dims.n_audio_head;
    if (int8_attention) attention_.emplace(int8_, dims.n_audio_ctx, dims.n_audio_head, d);
    layers_.reserve(static_cast<std::size_t>(dims.n_audio_layer));
    for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
      layers_.emplace_back(runtime, int8_, p / "blocks" / std::to_string(layer), dims,
                           layer == 0 && has_remainders(dims));
    }
  }

  void operator()(float* x, StageTimes* times) override {
    for (const Int8Layer& layer : layers_) {
      check_interrupted();
      run(layer, x, times);
    }
  }

 private:
  static bool has_remainders(const model::Dims& dims) { return dims.n_audio_state % kGroup == 0; }

  static std::size_t thread_scratch_size(const Runtime& runtime, const model::Dims& dims) {
    const auto block = static_cast<std::size_t>(runtime.kernels.block);
    return std::max(
        attention_scratch(runtime.kernels.block, dims.n_audio_state / dims.n_audio_head),
        block * static_cast<std::size_t>(kGroup));
  }

  /// x += attention(LayerNorm(x));  x += mlp(LayerNorm(x))
  void run(const Int8Layer& layer, float* x, StageTimes* times) {
    Workspace& w = work_;
    float* const scratch = w.thread_scratch.data();
    const int n_positions = dims_.n_audio_ctx;
    Int8Activations& normed = &layer == &layers_.front() ? w.first_normed : w.normed;
    layer.qkv.norm(normed, x, n_positions, scratch, w.sums.data());
    lap(times, Stage::layer_norms);
    if (attention_) {
      attention_->project(layer.qkv.linear, normed, w.sums.data());
      lap(times, Stage::linear_layers);
      (*attention_)(w.mixed);
      lap(times, Stage::attention);
      layer.exact_out(w.out_bias.data(), attention_->value_centre(), 1);
      layer.out(x, w.mixed, w.n_blocks, x, w.out_bias.data());
    } else {
      const int d = dims_.n_audio_state / dims_.n_audio_head;
      layer.qkv.linear(w.qkv.data(), normed, w.n_blocks);
      lap(times, Stage::linear_layers);
      self_attention(runtime_, w.mixed_floats.data(), w.qkv.data(), n_positions, dims_.n_audio_head,
                     d, scratch);
      quantize_blocks(int8_, w.mixed, w.mixed_floats.data(), w.n_blocks, dims_.n_audio_state);
      lap(times, Stage::attention);
      layer.out(x, w.mixed, w.n_blocks, x);
    }
    lap(times, Stage::linear_layers);

    layer.up.norm(w.normed, x, n_positions, scratch);
    lap(times, Stage::layer_norms);
    layer.up.linear(w.hidden, w.normed, w.n_blocks, Activation::gelu, scratch);
    layer.down(x, w.hidden, w.n_blocks, x);
    lap(times, Stage::linear_layers);
  }

  const Runtime& runtime_;
  Int8Runtime int8_;
  model::Dims dims_;
  std::vector<Int8Layer> layers_;
  Workspace work_;
  std::optional<Int8Attention> attention_;
};

}  // namespace

std::unique_ptr<EncoderLayers> make_int8_layers(const Runtime& runtime, Isa isa,
                                                const Parameters& p, const model::Dims& dims,
                                                bool int8_attention) {
  return std::make_unique<Int8Layers>(runtime, isa, p, dims, int8_attention);
}

}  // namespace sotto::cpu
