#include "cpu/encoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cpu/blocks.h"
#include "cpu/parameters.h"

namespace sotto::cpu {
namespace {

// In this file T is the number of positions (n_audio_ctx), B the lanes of a block, D the width, F
// the width of the feed-forward layer; activations are blocks (kernels.h).

BlocksConv1d conv(const Runtime& runtime, const Parameters& p, int n_out, int n_in, int step) {
  return BlocksConv1d(runtime, p.read("weight", {n_out, n_in, 3}), p.read("bias", {n_out}), n_out,
                      n_in, step);
}

/// Activations between layers, allocated once.
struct Workspace {
  Workspace(const Runtime& runtime, const model::Dims& dims, std::size_t thread_scratch_size) {
    const auto block = static_cast<std::size_t>(runtime.kernels.block);
    const auto width = static_cast<std::size_t>(dims.n_audio_state);
    n_blocks = blocks_of(dims.n_audio_ctx, runtime.kernels.block);
    frames_stride = blocks_of(dims.n_mel_frames(), runtime.kernels.block) * runtime.kernels.block;
    const std::size_t positions = static_cast<std::size_t>(n_blocks) * block;
    convolved = Buffer<float>(width * static_cast<std::size_t>(frames_stride));
    x = Buffer<float>(positions * width);
    normed = Buffer<float>(positions * width);
    qkv = Buffer<float>(positions * width * 3);
    mixed = Buffer<float>(positions * width);
    hidden = Buffer<float>(positions * static_cast<std::size_t>(dims.n_audio_ffn));
    thread_scratch =
        Buffer<float>(thread_scratch_size * static_cast<std::size_t>(runtime.pool.size()));
  }

  int n_blocks;
  std::ptrdiff_t frames_stride;
  Buffer<float> convolved;  // D × frames, row-major, rows frames_stride apart
  Buffer<float> x;          // D
  Buffer<float> normed;     // D
  Buffer<float> qkv;        // 3D
  Buffer<float> mixed;      // D
  Buffer<float> hidden;     // F
  Buffer<float> thread_scratch;
};

class EncoderLayer {
 public:
  EncoderLayer(const Runtime& runtime, const Parameters& p, const model::Dims& dims)
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
  void operator()(Workspace& w) const {
    float* const x = w.x.data();
    attn_ln_.blocks(w.normed.data(), x, w.n_blocks);
    qkv_(w.qkv.data(), w.normed.data(), w.n_blocks);
    attend(w);
    out_(x, w.mixed.data(), w.n_blocks, Activation::none, x);

    mlp_ln_.blocks(w.normed.data(), x, w.n_blocks);
    up_(w.hidden.data(), w.normed.data(), w.n_blocks, Activation::gelu);
    down_(x, w.hidden.data(), w.n_blocks, Activation::none, x);
  }

 private:
  void attend(Workspace& w) const {
    const std::ptrdiff_t block = static_cast<std::ptrdiff_t>(width_) * runtime_.kernels.block;
    multi_head_attention(runtime_,
                         {.out = w.mixed.data(),
                          .out_block = block,
                          .q = w.qkv.data(),
                          .q_block = 3 * block,
                          .k = w.qkv.data() + block,
                          .v = w.qkv.data() + 2 * block,
                          .kv_block = 3 * block,
                          .n_query_blocks = w.n_blocks,
                          .n_keys = n_positions_,
                          .n_heads = n_heads_,
                          .d = width_ / n_heads_},
                         w.thread_scratch.data());
  }

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

class CpuEncoder final : public model::Encoder {
 public:
  CpuEncoder(const model::Dims& dims, const Parameters& p, const Kernels& kernels, ThreadPool& pool)
      : dims_(dims),
        runtime_{kernels, pool},
        conv1_(conv(runtime_, p / "conv1", dims.n_audio_state, dims.n_mels, 1)),
        conv2_(conv(runtime_, p / "conv2", dims.n_audio_state, dims.n_audio_state, 2)),
        positions_(pack(p.read("positional_embedding", {dims.n_audio_ctx, dims.n_audio_state}),
                        dims.n_audio_ctx, dims.n_audio_state, kernels.block)),
        ln_post_(read_layer_norm(runtime_, p / "ln_post", dims.n_audio_state)),
        work_(
            runtime_, dims,
            std::max({conv1_.scratch_size(), conv2_.scratch_size(),
                      attention_scratch(kernels.block, dims.n_audio_state / dims.n_audio_head)})) {
    layers_.reserve(static_cast<std::size_t>(dims.n_audio_layer));
    for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
      layers_.emplace_back(runtime_, p / "blocks" / std::to_string(layer), dims);
    }
  }

  const model::Dims& dims() const override { return dims_; }

  void encode(const model::MelWindow& mel, std::span<float> features) override {
    const int width = dims_.n_audio_state;
    const std::ptrdiff_t block = runtime_.kernels.block;
    SOTTO_CHECK(mel.n_mels == dims_.n_mels && mel.n_frames == dims_.n_mel_frames());
    SOTTO_CHECK(features.size() ==
                static_cast<std::size_t>(dims_.n_audio_ctx) * static_cast<std::size_t>(width));
    conv1_(work_.convolved.data(), block, work_.frames_stride, mel, nullptr,
           work_.thread_scratch.data());
    const Signal convolved = {.data = work_.convolved.data(),
                              .n_mels = width,
                              .n_frames = mel.n_frames,
                              .stride = work_.frames_stride};
    conv2_(work_.x.data(), width * block, block, convolved, positions_.data(),
           work_.thread_scratch.data());
    for (const EncoderLayer& layer : layers_) {
      check_interrupted();
      layer(work_);
    }
    ln_post_.blocks(work_.normed.data(), work_.x.data(), work_.n_blocks);
    from_blocks(runtime_, features.data(), width, work_.normed.data(), dims_.n_audio_ctx, width);
  }

 private:
  model::Dims dims_;
  Runtime runtime_;
  BlocksConv1d conv1_;
  BlocksConv1d conv2_;
  Buffer<float> positions_;  // added to the output of conv2, as blocks
  std::vector<EncoderLayer> layers_;
  LayerNorm ln_post_;
  Workspace work_;
};

}  // namespace

model::ComputeType encoder_type(std::optional<model::ComputeType> wanted, Isa /*isa*/) {
  const model::ComputeType type = wanted.value_or(model::ComputeType::float32);
  if (type == model::ComputeType::float32) return type;
  fail(ErrorKind::unsupported, "the encoder cannot compute in ", name_of(type),
       " yet: only float32 is built");
}

std::unique_ptr<model::Encoder> make_encoder(const model::Dims& dims, const model::Weights& weights,
                                             Isa isa, model::ComputeType type, ThreadPool& pool) {
  SOTTO_CHECK(type == model::ComputeType::float32);
  return std::make_unique<CpuEncoder>(dims, Parameters(weights, "encoder"), kernels_for(isa), pool);
}

}  // namespace sotto::cpu
