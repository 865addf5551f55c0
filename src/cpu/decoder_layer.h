// One layer of Whisper's decoder for rows of any sequences: each row is a token of a sequence with
// its own keys and values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cpu/decoder_numbers.h"

namespace sotto::cpu {

// In this file D is the width, n the rows.

/// Keys and values of n_positions, for all layers of the decoder.
template <typename Cache>
struct LayerCaches {
  LayerCaches(const Place& place, const model::Dims& dims, int n_positions) {
    const HeadSizes sizes{.n_heads = dims.n_text_head, .d = dims.n_text_state / dims.n_text_head};
    for (int layer = 0; layer < dims.n_text_layer; ++layer) {
      layers.emplace_back(place, place.gemv, arena, n_positions, sizes);
    }
  }

  Arena arena;
  std::vector<Cache> layers;
};

/// Keys and values of a sequence.
template <typename Numbers>
class Sequence {
 public:
  using Cache = typename Numbers::Cache;

  Sequence(const Place& place, const model::Dims& dims)
      : place_(place), dims_(dims), past_(place, dims, dims.n_text_ctx) {}

  /// Of the tokens.
  Cache& past(std::size_t layer) { return past_.layers[layer]; }
  /// Of the window.
  const Cache& audio(std::size_t layer) const { return audio_->layers[layer]; }
  bool started() const { return audio_ != nullptr; }

  /// Room for the keys and values of another window; what it shared is left to the others.
  std::vector<Cache>& start() {
    if (audio_ == nullptr || audio_.use_count() > 1) {
      audio_ = std::make_shared<LayerCaches<Cache>>(place_, dims_, dims_.n_audio_ctx);
    }
    size = 0;
    return audio_->layers;
  }

  /// Shares the window of `other` and takes over its tokens.
  void continue_from(const Sequence& other) {
    if (this == &other) return;
    audio_ = other.audio_;
    for (std::size_t layer = 0; layer < past_.layers.size(); ++layer) {
      past_.layers[layer].copy(other.past_.layers[layer], other.size);
    }
    size = other.size;
  }

  int size = 0;  ///< tokens

 private:
  const Place& place_;
  model::Dims dims_;
  LayerCaches<Cache> past_;
  std::shared_ptr<LayerCaches<Cache>> audio_;
};

/// A token on its way through the layers.
template <typename Numbers>
struct Row {
  Sequence<Numbers>* sequence;
  int position;
};

/// Activations between layers, allocated once for the longest sequence.
template <typename Numbers>
struct Workspace {
  Workspace(const Place& place, const model::Dims& dims) : inputs(dims), window(place, dims) {
    const auto width = static_cast<std::size_t>(dims.n_text_state);
    const auto n_rows = static_cast<std::size_t>(dims.n_text_ctx);
    x = Buffer<float>(n_rows * width);
    normed = Buffer<float>(n_rows * width);
    qkv = Buffer<float>(n_rows * width * 3);
    mixed = Buffer<float>(n_rows * width);
    hidden = Buffer<float>(n_rows * static_cast<std::size_t>(dims.n_text_ffn));
    const LayerCaches<typename Numbers::Cache> empty(
        place,
        {.n_text_state = dims.n_text_state, .n_text_head = dims.n_text_head, .n_text_layer = 1}, 1);
    scratch_size = empty.layers[0].attend_scratch(std::max(dims.n_text_ctx, dims.n_audio_ctx));
    constexpr std::size_t kLine = kCacheLineBytes / sizeof(float);
    scratch_size = (scratch_size + kLine - 1) / kLine * kLine;  // threads share no cache line
    scratch = Buffer<float>(scratch_size * static_cast<std::size_t>(place.pool.size()));
  }

  float* scratch_of(int thread) {
    return scratch.data() + static_cast<std::size_t>(thread) * scratch_size;
  }

  typename Numbers::Inputs inputs;
  typename Numbers::Window window;
  Buffer<float> x;       // n × D
  Buffer<float> normed;  // n × D
  Buffer<float> qkv;     // n × 3D, or n × D queries of the cross-attention
  Buffer<float> mixed;   // n × D
  Buffer<float> hidden;  // n × ffn
  std::size_t scratch_size;
  Buffer<float> scratch;  // for attention, by thread
};

template <typename Numbers>
class DecoderLayer {
 public:
  using Linear = typename Numbers::Linear;
  using Rows = std::span<const Row<Numbers>>;

  DecoderLayer(const Place& place, const Parameters& p, const model::Dims& dims, int index)
      : DecoderLayer(place, p, dims, index,
                     read_mlp_parameters<Numbers>(p / "mlp", dims.n_text_ffn, dims.n_text_state)) {}

  /// Keys and values of the window that `w` holds, to this layer's of `audio`.
  void start(Workspace<Numbers>& w, std::vector<typename Numbers::Cache>& audio) const {
    w.window.project(audio[index_], cross_kv_);
  }

  /// x += attention(LayerNorm(x));  x += cross_attention(LayerNorm(x));  x += mlp(LayerNorm(x))
  void operator()(Workspace<Numbers>& w, Rows rows) const {
    const int n = static_cast<int>(rows.size());
    float* const x = w.x.data();
    apply_normed(w, qkv_, w.qkv.data(), n);
    attend_to_past(w, rows);
    add(x, out_, w.inputs.precise_rows(place_, w.mixed.data(), n, width_), n);

    apply_normed(w, cross_q_, w.qkv.data(), n);
    attend_to_audio(w, rows);
    add(x, cross_out_, w.inputs.precise_rows(place_, w.mixed.data(), n, width_), n);

    apply_normed(w, up_, w.hidden.data(), n, Activation::gelu);
    add(x, down_, w.inputs.rows(place_, w.hidden.data(), n, ffn_), n);
  }

 private:
  DecoderLayer(const Place& place, const Parameters& p, const model::Dims& dims, int index,
               MlpParameters mlp)
      : place_(place),
        index_(static_cast<std::size_t>(index)),
        width_(dims.n_text_state),
        ffn_(dims.n_text_ffn),
        n_heads_(dims.n_text_head),
        n_audio_ctx_(dims.n_audio_ctx),
        qkv_(normed(p / "attn_ln",
                    read_projection_parameters(p / "attn", {"query", "key", "value"}, width_),
                    3 * width_)),
        out_(read_linear<Linear>(place, p / "attn" / "out", width_, width_)),
        cross_q_(normed(p / "cross_attn_ln",
                        read_linear_parameters(p / "cross_attn" / "query", width_, width_),
                        width_)),
        cross_out_(read_linear<Linear>(place, p / "cross_attn" / "out", width_, width_)),
        up_(normed(p / "mlp_ln", std::move(mlp.up), ffn_)),
        down_(place, mlp.down.weight, mlp.down.bias, width_, ffn_),
        cross_kv_(Numbers::Window::read(place, p / "cross_attn", dims)) {}

  NormedLinear<Numbers> normed(const Parameters& norm, LinearParameters linear, int n_out) const {
    return read_normed_linear<Numbers>(place_, norm, std::move(linear), n_out, width_);
  }

  /// y = act(W LayerNorm(x) + b)
  void apply_normed(Workspace<Numbers>& w, const NormedLinear<Numbers>& layer, float* y, int n,
                    Activation activation = Activation::none) const {
    layer.norm.rows(w.normed.data(), w.x.data(), n);
    layer.linear(y, w.inputs.rows(place_, w.normed.data(), n, width_), n, activation);
  }

  /// Each token attends to all before it in its sequence and to itself.
  void attend_to_past(Workspace<Numbers>& w, Rows rows) const {
    const float* const qkv = w.qkv.data();
    const std::ptrdiff_t stride = std::ptrdiff_t{3} * width_;
    place_.parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i, int) {
      const Row<Numbers>& row = rows[static_cast<std::size_t>(i)];
      row.sequence->past(index_).set(row.position, qkv + i * stride + width_);
    });
    attend(
        w, rows, qkv, stride,
        [this](const Row<Numbers>& row) -> const auto& { return row.sequence->past(index_); },
        [](const Row<Numbers>& row) { return row.position + 1; });
  }

  void attend_to_audio(Workspace<Numbers>& w, Rows rows) const {
    attend(
        w, rows, w.qkv.data(), width_,
        [this](const Row<Numbers>& row) -> const auto& { return row.sequence->audio(index_); },
        [this](const Row<Numbers>&) { return n_audio_ctx_; });
  }

  /// w.mixed = softmax(q kᵀ/√d) v. Rows of one sequence follow each other within a head, as those
  /// of sequences do that share a window: its keys and values then stay in the cache.
  template <typename CacheOf, typename KeysOf>
  void attend(Workspace<Numbers>& w, Rows rows, const float* q, std::ptrdiff_t q_stride,
              const CacheOf& cache_of, const KeysOf& keys_of) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    place_.parallel_for(n * n_heads_, [&](std::int64_t task, int thread) {
      const std::int64_t head = task / n, i = task % n;
      const Row<Numbers>& row = rows[static_cast<std::size_t>(i)];
      cache_of(row).attend(w.mixed.data() + i * width_, q + i * q_stride, keys_of(row), head,
                           w.scratch_of(thread));
    });
  }

  const Place& place_;
  std::size_t index_;
  int width_;
  int ffn_;
  int n_heads_;
  int n_audio_ctx_;
  NormedLinear<Numbers> qkv_;
  Linear out_;
  NormedLinear<Numbers> cross_q_;
  Linear cross_out_;
  NormedLinear<Numbers> up_;
  Linear down_;
  // Last, because a step does not need it: the memory that it reads is then one run.
  typename Numbers::Window::Projection cross_kv_;
};

}  // namespace sotto::cpu
