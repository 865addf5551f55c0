#include "cpu/decoder.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "cpu/blocks.h"
#include "cpu/parameters.h"
#include "cpu/rows.h"

namespace sotto::cpu {
namespace {

// In this file D is the width, B the lanes of a block (kernels.h), n the tokens that are appended.
// Activations are row-major; keys and values are blocks, so that a step reads them in one run.

/// Activations between layers, allocated once for the longest sequence.
struct Workspace {
  Workspace(const Runtime& runtime, const model::Dims& dims) {
    const int block = runtime.kernels.block;
    const auto width = static_cast<std::size_t>(dims.n_text_state);
    const auto rows = static_cast<std::size_t>(dims.n_text_ctx);
    const auto row_blocks = static_cast<std::size_t>(blocks_of(dims.n_text_ctx, block) * block);
    const auto audio_blocks = static_cast<std::size_t>(blocks_of(dims.n_audio_ctx, block) * block);
    x = Buffer<float>(rows * width);
    normed = Buffer<float>(rows * width);
    qkv = Buffer<float>(rows * width * 3);
    mixed = Buffer<float>(rows * width);
    hidden = Buffer<float>(rows * static_cast<std::size_t>(dims.n_text_ffn));
    query_blocks = Buffer<float>(row_blocks * width);
    mixed_blocks = Buffer<float>(row_blocks * width);
    feature_blocks = Buffer<float>(audio_blocks * static_cast<std::size_t>(dims.n_audio_state));
    thread_scratch_size = std::max(
        {row_blocks, audio_blocks, attention_scratch(block, dims.n_text_state / dims.n_text_head)});
    thread_scratch =
        Buffer<float>(thread_scratch_size * static_cast<std::size_t>(runtime.pool.size()));
  }

  Buffer<float> x;               // n × D
  Buffer<float> normed;          // n × D
  Buffer<float> qkv;             // n × 3D, or n × D queries of the cross-attention
  Buffer<float> mixed;           // n × D
  Buffer<float> hidden;          // n × ffn
  Buffer<float> query_blocks;    // D, positions of the sequence in lanes
  Buffer<float> mixed_blocks;    // D, likewise
  Buffer<float> feature_blocks;  // D, positions of the window in lanes
  std::size_t thread_scratch_size;
  Buffer<float> thread_scratch;
};

/// Keys and values of one attention as blocks of 2D: D of keys, D of values.
class KeyValues {
 public:
  KeyValues(const Runtime& runtime, int n_positions, int width)
      : lanes_(runtime.kernels.block),
        width_(width),
        blocks_(static_cast<std::size_t>(blocks_of(n_positions, lanes_)) *
                static_cast<std::size_t>(stride())) {}

  float* data() { return blocks_.data(); }
  const float* keys() const { return blocks_.data(); }
  const float* values() const { return blocks_.data() + stride() / 2; }
  /// Numbers from one block of positions to the next.
  std::ptrdiff_t stride() const { return std::ptrdiff_t{2} * width_ * lanes_; }

  /// Sets a position from 2D numbers, keys first.
  void set(std::ptrdiff_t position, const float* key_value) {
    float* const to = blocks_.data() + position / lanes_ * stride() + position % lanes_;
    for (std::ptrdiff_t i = 0; i < 2 * width_; ++i) to[i * lanes_] = key_value[i];
  }

 private:
  int lanes_;
  int width_;
  Buffer<float> blocks_;
};

class DecoderLayer {
 public:
  DecoderLayer(const Runtime& runtime, const Parameters& p, const model::Dims& dims)
      : runtime_(runtime),
        width_(dims.n_text_state),
        n_heads_(dims.n_text_head),
        n_audio_ctx_(dims.n_audio_ctx),
        attn_ln_(read_layer_norm(runtime, p / "attn_ln", width_)),
        qkv_(read_projections<RowsLinear>(runtime, p / "attn", {"query", "key", "value"}, width_)),
        out_(read_linear<RowsLinear>(runtime, p / "attn" / "out", width_, width_)),
        cross_ln_(read_layer_norm(runtime, p / "cross_attn_ln", width_)),
        cross_q_(read_linear<RowsLinear>(runtime, p / "cross_attn" / "query", width_, width_)),
        cross_kv_(
            read_projections<BlocksLinear>(runtime, p / "cross_attn", {"key", "value"}, width_)),
        cross_out_(read_linear<RowsLinear>(runtime, p / "cross_attn" / "out", width_, width_)),
        mlp_ln_(read_layer_norm(runtime, p / "mlp_ln", width_)),
        up_(read_linear<RowsLinear>(runtime, p / "mlp" / "0", dims.n_text_ffn, width_)),
        down_(read_linear<RowsLinear>(runtime, p / "mlp" / "2", width_, dims.n_text_ffn)),
        past_(runtime, dims.n_text_ctx, width_),
        audio_(runtime, dims.n_audio_ctx, width_) {}

  /// Keys and values of a window whose features are blocks.
  void start(const float* feature_blocks) {
    cross_kv_(audio_.data(), feature_blocks, blocks_of(n_audio_ctx_, runtime_.kernels.block));
  }

  /// x += attention(LayerNorm(x));  x += cross_attention(LayerNorm(x));  x += mlp(LayerNorm(x))
  /// for n tokens that follow `n_past` others.
  void operator()(Workspace& w, int n_past, int n) {
    float* const x = w.x.data();
    attn_ln_.rows(w.normed.data(), x, n);
    qkv_(w.qkv.data(), w.normed.data(), n);
    attend_to_past(w, n_past, n);
    out_(x, w.mixed.data(), n, Activation::none, x);

    cross_ln_.rows(w.normed.data(), x, n);
    cross_q_(w.qkv.data(), w.normed.data(), n);
    attend_to_audio(w, n);
    cross_out_(x, w.mixed.data(), n, Activation::none, x);

    mlp_ln_.rows(w.normed.data(), x, n);
    up_(w.hidden.data(), w.normed.data(), n, Activation::gelu);
    down_(x, w.hidden.data(), n, Activation::none, x);
  }

 private:
  /// Token i attends to all before it and to itself.
  void attend_to_past(Workspace& w, int n_past, int n) {
    const float* const qkv = w.qkv.data();
    const std::ptrdiff_t row = std::ptrdiff_t{3} * width_;
    for (int i = 0; i < n; ++i) past_.set(n_past + i, qkv + i * row + width_);
    runtime_.parallel_for(std::int64_t{n} * n_heads_, [&](std::int64_t task, int thread) {
      const std::ptrdiff_t i = task / n_heads_;
      attend_head(w, past_, w.mixed.data() + i * width_, qkv + i * row,
                  n_past + static_cast<int>(i) + 1, task % n_heads_, thread);
    });
  }

  void attend_to_audio(Workspace& w, int n) {
    const float* const q = w.qkv.data();
    if (n == 1) {
      runtime_.parallel_for(n_heads_, [&](std::int64_t head, int thread) {
        attend_head(w, audio_, w.mixed.data(), q, n_audio_ctx_, head, thread);
      });
      return;
    }
    // Several queries read the keys and values once.
    const std::ptrdiff_t block = static_cast<std::ptrdiff_t>(width_) * runtime_.kernels.block;
    to_blocks(runtime_, w.query_blocks.data(), q, width_, n, width_);
    multi_head_attention(runtime_,
                         {.out = w.mixed_blocks.data(),
                          .out_block = block,
                          .q = w.query_blocks.data(),
                          .q_block = block,
                          .k = audio_.keys(),
                          .v = audio_.values(),
                          .kv_block = audio_.stride(),
                          .n_query_blocks = blocks_of(n, runtime_.kernels.block),
                          .n_keys = n_audio_ctx_,
                          .n_heads = n_heads_,
                          .d = width_ / n_heads_},
                         w.thread_scratch.data());
    from_blocks(runtime_, w.mixed.data(), width_, w.mixed_blocks.data(), n, width_);
  }

  /// One head of one row: out and q begin at the row.
  void attend_head(Workspace& w, const KeyValues& kv, float* out, const float* q, int n_keys,
                   std::ptrdiff_t head, int thread) const {
    const int d = width_ / n_heads_;
    const std::ptrdiff_t offset = head * d * runtime_.kernels.block;
    runtime_.kernels.attention_row(
        {.out = out + head * d,
         .q = q + head * d,
         .k = kv.keys() + offset,
         .v = kv.values() + offset,
         .kv_block = kv.stride(),
         .n_keys = n_keys,
         .d = d,
         .scale = 1.0f / std::sqrt(static_cast<float>(d)),
         .scratch =
             w.thread_scratch.data() + static_cast<std::size_t>(thread) * w.thread_scratch_size});
  }

  const Runtime& runtime_;
  int width_;
  int n_heads_;
  int n_audio_ctx_;
  LayerNorm attn_ln_;
  RowsLinear qkv_;
  RowsLinear out_;
  LayerNorm cross_ln_;
  RowsLinear cross_q_;
  BlocksLinear cross_kv_;
  RowsLinear cross_out_;
  LayerNorm mlp_ln_;
  RowsLinear up_;
  RowsLinear down_;
  KeyValues past_;
  KeyValues audio_;
};

class CpuDecoder final : public model::Decoder {
 public:
  CpuDecoder(const model::Dims& dims, const Parameters& p, const Kernels& kernels, ThreadPool& pool)
      : dims_(dims),
        runtime_{kernels, pool},
        embedding_(runtime_, p.read("token_embedding.weight", {dims.n_vocab, dims.n_text_state}),
                   {}, dims.n_vocab, dims.n_text_state),
        positions_(p.read("positional_embedding", {dims.n_text_ctx, dims.n_text_state})),
        ln_(read_layer_norm(runtime_, p / "ln", dims.n_text_state)),
        work_(runtime_, dims) {
    layers_.reserve(static_cast<std::size_t>(dims.n_text_layer));
    for (int layer = 0; layer < dims.n_text_layer; ++layer) {
      layers_.emplace_back(runtime_, p / "blocks" / std::to_string(layer), dims);
    }
  }

  const model::Dims& dims() const override { return dims_; }
  int size() const override { return size_; }
  void rewind() override { size_ = 0; }

  void start(std::span<const float> features) override {
    SOTTO_CHECK(features.size() == static_cast<std::size_t>(dims_.n_audio_ctx) *
                                       static_cast<std::size_t>(dims_.n_audio_state));
    to_blocks(runtime_, work_.feature_blocks.data(), features.data(), dims_.n_audio_state,
              dims_.n_audio_ctx, dims_.n_audio_state);
    for (DecoderLayer& layer : layers_) layer.start(work_.feature_blocks.data());
    started_ = true;
    size_ = 0;
  }

  std::span<const float> append(std::span<const int> tokens, int n_rows) override {
    const int n = static_cast<int>(tokens.size());
    SOTTO_CHECK(started_);
    SOTTO_CHECK(n >= 1 && n <= dims_.n_text_ctx - size_);
    SOTTO_CHECK(n_rows >= 1 && n_rows <= n);
    embed(tokens);
    for (DecoderLayer& layer : layers_) layer(work_, size_, n);
    size_ += n;
    return logits(n - n_rows, n_rows);
  }

 private:
  /// The embeddings of the tokens and of their positions.
  void embed(std::span<const int> tokens) {
    const std::ptrdiff_t width = dims_.n_text_state;
    float* x = work_.x.data();
    const float* position = positions_.data() + size_ * width;
    for (const int token : tokens) {
      SOTTO_CHECK(token >= 0 && token < dims_.n_vocab);
      embedding_.weight_row(x, token);
      for (std::ptrdiff_t i = 0; i < width; ++i) x[i] += position[i];
      x += width;
      position += width;
    }
  }

  /// LayerNorm(x) Eᵀ for n_rows rows from `begin` on; E are the token embeddings.
  std::span<const float> logits(int begin, int n_rows) {
    const std::ptrdiff_t width = dims_.n_text_state;
    const std::size_t size =
        static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(dims_.n_vocab);
    if (logits_.size() < size) logits_ = Buffer<float>(size);  // most callers want one or two rows
    ln_.rows(work_.normed.data(), work_.x.data() + begin * width, n_rows);
    embedding_(logits_.data(), work_.normed.data(), n_rows);
    return {logits_.data(), size};
  }

  model::Dims dims_;
  Runtime runtime_;
  RowsLinear embedding_;  // n_vocab × D: a row is a token's embedding, the product is the logits
  std::vector<float> positions_;
  std::vector<DecoderLayer> layers_;
  LayerNorm ln_;
  Workspace work_;
  Buffer<float> logits_;
  int size_ = 0;
  bool started_ = false;
};

}  // namespace

model::ComputeType decoder_type(std::optional<model::ComputeType> wanted, Isa /*isa*/) {
  const model::ComputeType type = wanted.value_or(model::ComputeType::float32);
  if (type == model::ComputeType::float32) return type;
  fail(ErrorKind::unsupported, "the decoder cannot compute in ", name_of(type),
       " yet: only float32 is built");
}

std::unique_ptr<model::Decoder> make_decoder(const model::Dims& dims, const model::Weights& weights,
                                             Isa isa, model::ComputeType type, ThreadPool& pool) {
  SOTTO_CHECK(type == model::ComputeType::float32);
  return std::make_unique<CpuDecoder>(dims, Parameters(weights, "decoder"), kernels_for(isa), pool);
}

}  // namespace sotto::cpu
