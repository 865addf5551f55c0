#include "cpu/blocks.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace sotto::cpu {
namespace {

/// Activations that one task multiplies with a run of panels: they and the panel that is in use
/// must stay in the second-level cache.
constexpr std::size_t kGroupBytes = 512 << 10;
/// Tasks per thread: enough that a thread which is held up does not keep the others waiting.
constexpr int kTasksPerThread = 12;
/// Numbers of all rows of a block that become columns at a time: they stay in the nearest cache.
constexpr int kRun = 16;

}  // namespace

std::span<const float> pack(PackedWeights& weights, std::span<const float> matrix, int n_rows,
                            int d, int group) {
  const std::size_t size = static_cast<std::size_t>(blocks_of(n_rows, group)) *
                           static_cast<std::size_t>(d) * static_cast<std::size_t>(group);
  return weights.make<float>(size, [&](std::span<float> packed) {
    SOTTO_CHECK(matrix.size() == static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(d));
    for (std::ptrdiff_t row = 0; row < n_rows; ++row) {
      float* const to = packed.data() + row / group * d * group + row % group;
      const float* const from = matrix.data() + row * d;
      for (int i = 0; i < d; ++i) to[i * group] = from[i];
    }
  });
}

void to_blocks(const Runtime& runtime, float* blocks, const float* rows, std::ptrdiff_t stride,
               int n_rows, int d) {
  const int width = runtime.kernels.block;
  runtime.parallel_for(blocks_of(n_rows, width), [&](std::int64_t block, int) {
    float* const to = blocks + block * d * width;
    for (int begin = 0; begin < d; begin += kRun) {
      const int end = std::min(d, begin + kRun);
      for (int lane = 0; lane < width; ++lane) {
        const std::ptrdiff_t row = block * width + lane;
        const float* const from = rows + row * stride;
        for (int i = begin; i < end; ++i) to[i * width + lane] = row < n_rows ? from[i] : 0.0f;
      }
    }
  });
}

void from_blocks(const Runtime& runtime, float* rows, std::ptrdiff_t stride, const float* blocks,
                 int n_rows, int d) {
  const int width = runtime.kernels.block;
  runtime.parallel_for(blocks_of(n_rows, width), [&](std::int64_t block, int) {
    const float* const from = blocks + block * d * width;
    const int lanes = std::min(width, n_rows - static_cast<int>(block) * width);
    for (int begin = 0; begin < d; begin += kRun) {
      const int end = std::min(d, begin + kRun);
      for (int lane = 0; lane < lanes; ++lane) {
        float* const to = rows + (block * width + lane) * stride;
        for (int i = begin; i < end; ++i) to[i] = from[i * width + lane];
      }
    }
  });
}

BlocksLinear::BlocksLinear(const Runtime& runtime, std::span<const float> weight,
                           std::span<const float> bias, int n_out, int n_in)
    : runtime_(runtime),
      n_out_(n_out),
      n_in_(n_in),
      panels_(pack(runtime.weights, weight, n_out, n_in, runtime.kernels.rows)),
      bias_(runtime.weights.copy_if_any(bias, static_cast<std::size_t>(n_out),
                                        static_cast<std::size_t>(n_out))) {}

void BlocksLinear::operator()(float* y, const float* x, int n_blocks, Activation activation,
                              const float* residual) const {
  const int width = runtime_.kernels.block;
  const int n_panels = blocks_of(n_out_, runtime_.kernels.rows);
  const std::size_t block_bytes = sizeof(float) * static_cast<std::size_t>(n_in_ * width);
  const int group = std::max(1, static_cast<int>(kGroupBytes / block_bytes));
  const int n_groups = blocks_of(n_blocks, group);
  const int wanted = blocks_of(kTasksPerThread * runtime_.pool.size(), n_groups);
  const int run = blocks_of(n_panels, std::min(n_panels, wanted));
  const int n_runs = blocks_of(n_panels, run);
  runtime_.parallel_for(static_cast<std::int64_t>(n_groups) * n_runs, [&](std::int64_t i, int) {
    const int block = static_cast<int>(i / n_runs) * group;
    const int panel = static_cast<int>(i % n_runs) * run;
    runtime_.kernels.linear_blocks({.y = y,
                                    .residual = residual,
                                    .x = x,
                                    .panels = panels_.data(),
                                    .bias = bias_.data(),
                                    .n_out = n_out_,
                                    .n_in = n_in_,
                                    .activation = activation,
                                    .block_begin = block,
                                    .block_end = std::min(n_blocks, block + group),
                                    .panel_begin = panel,
                                    .panel_end = std::min(n_panels, panel + run)});
  });
}

LayerNorm::LayerNorm(const Runtime& runtime, std::span<const float> gamma,
                     std::span<const float> beta, int d)
    : runtime_(runtime),
      gamma_(runtime.weights.copy(gamma, static_cast<std::size_t>(d))),
      beta_(runtime.weights.copy(beta, static_cast<std::size_t>(d))) {}

LayerNormTask LayerNorm::task(float* y, const float* x) const {
  return {.y = y,
          .x = x,
          .gamma = gamma_.data(),
          .beta = beta_.data(),
          .d = static_cast<int>(gamma_.size()),
          .epsilon = 1e-5f};
}

void LayerNorm::blocks(float* y, const float* x, int n_blocks) const {
  const auto stride = static_cast<std::ptrdiff_t>(gamma_.size()) * runtime_.kernels.block;
  runtime_.parallel_for(n_blocks, [&](std::int64_t block, int) {
    runtime_.kernels.layer_norm_block(task(y + block * stride, x + block * stride));
  });
}

void LayerNorm::rows(float* y, const float* x, int n_rows) const {
  const auto stride = static_cast<std::ptrdiff_t>(gamma_.size());
  runtime_.for_rows(n_rows, stride, [&](std::int64_t row, int) {
    runtime_.kernels.layer_norm_row(task(y + row * stride, x + row * stride));
  });
}

void multi_head_attention(const Runtime& runtime, const HeadsTask& task, float* scratch) {
  const int width = runtime.kernels.block;
  const std::ptrdiff_t head_stride = static_cast<std::ptrdiff_t>(task.d) * width;
  const std::size_t scratch_size = attention_scratch(width, task.d);
  const float scale = 1.0f / std::sqrt(static_cast<float>(task.d));
  const std::int64_t count = static_cast<std::int64_t>(task.n_heads) * task.n_query_blocks;
  // Neighbouring tasks share a head, whose keys and values then stay in the cache.
  runtime.parallel_for(count, [&](std::int64_t i, int thread) {
    const std::ptrdiff_t head = i / task.n_query_blocks * head_stride;
    const std::int64_t block = i % task.n_query_blocks;
    runtime.kernels.attention_block(
        {.out = task.out + block * task.out_block + head,
         .q = task.q + block * task.q_block + head,
         .k = task.k + head,
         .v = task.v + head,
         .kv_block = task.kv_block,
         .n_keys = task.n_keys,
         .d = task.d,
         .scale = scale,
         .scratch = scratch + static_cast<std::size_t>(thread) * scratch_size});
  });
}

void self_attention(const Runtime& runtime, float* out, const float* qkv, int n_positions,
                    int n_heads, int d, float* scratch) {
  const std::ptrdiff_t block = std::ptrdiff_t{n_heads} * d * runtime.kernels.block;
  multi_head_attention(runtime,
                       {.out = out,
                        .out_block = block,
                        .q = qkv,
                        .q_block = 3 * block,
                        .k = qkv + block,
                        .v = qkv + 2 * block,
                        .kv_block = 3 * block,
                        .n_query_blocks = blocks_of(n_positions, runtime.kernels.block),
                        .n_keys = n_positions,
                        .n_heads = n_heads,
                        .d = d},
                       scratch);
}

}  // namespace sotto::cpu
