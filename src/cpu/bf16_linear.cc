// The linear layers of bf16_blocks.h.
#include <algorithm>

#include "base/error.h"
#include "base/half.h"
#include "cpu/bf16_blocks.h"

namespace sotto::cpu {
namespace {

/// Activations that one task multiplies with a run of panels: they and the panel that is in use
/// must stay in the second-level cache.
constexpr std::size_t kGroupBytes = 512 << 10;
/// Tasks per thread: enough that a thread which is held up does not keep the others waiting.
constexpr int kTasksPerThread = 12;

}  // namespace

Bf16Linear::Bf16Linear(const Runtime& runtime, const Bf16Kernels& kernels,
                       std::span<const float> weight, std::span<const float> bias, int n_out,
                       int n_in)
    : runtime_(runtime), kernels_(kernels), n_out_(n_out), n_in_(n_in) {
  const std::ptrdiff_t rows = kernels.rows, n_pairs = (n_in + 1) / 2;
  const auto size = static_cast<std::size_t>(blocks_of(n_out, kernels.rows) * rows * n_pairs * 2);
  panels_ = runtime.weights.make<Bf16>(size, [&](std::span<Bf16> panels) {
    SOTTO_CHECK(weight.size() == static_cast<std::size_t>(n_out) * static_cast<std::size_t>(n_in));
    for (std::ptrdiff_t n = 0; n < n_out; ++n) {
      for (std::ptrdiff_t i = 0; i < n_in; ++i) {
        const std::ptrdiff_t at = ((n / rows * n_pairs + i / 2) * rows + n % rows) * 2 + i % 2;
        panels.data()[at] = f32_to_bf16(weight[static_cast<std::size_t>(n * n_in + i)]);
      }
    }
  });
  bias_ = runtime.weights.copy(bias, static_cast<std::size_t>(n_out));
}

Bf16LinearTask Bf16Linear::task(const Bf16* x, Activation activation) const {
  return {.y = nullptr,
          .residual = nullptr,
          .out = nullptr,
          .pairs_end = 0,
          .x = x,
          .panels = panels_.data(),
          .bias = bias_.data(),
          .n_out = n_out_,
          .n_in = n_in_,
          .activation = activation,
          .block_begin = 0,
          .block_end = 0,
          .panel_begin = 0,
          .panel_end = blocks_of(n_out_, kernels_.rows)};
}

void Bf16Linear::run(const Bf16LinearTask& task, int n_blocks) const {
  const int n_panels = blocks_of(n_out_, kernels_.rows);
  const std::size_t block_bytes = sizeof(Bf16) * static_cast<std::size_t>(n_in_ * kernels_.block);
  const int group = std::max(1, static_cast<int>(kGroupBytes / block_bytes));
  const int n_groups = blocks_of(n_blocks, group);
  const int wanted = blocks_of(kTasksPerThread * runtime_.pool.size(), n_groups);
  const int run = blocks_of(n_panels, std::min(n_panels, wanted));
  const int n_runs = blocks_of(n_panels, run);
  runtime_.parallel_for(std::int64_t{n_groups} * n_runs, [&](std::int64_t i, int) {
    Bf16LinearTask part = task;
    part.block_begin = static_cast<int>(i / n_runs) * group;
    part.block_end = std::min(n_blocks, part.block_begin + group);
    part.panel_begin = static_cast<int>(i % n_runs) * run;
    part.panel_end = std::min(n_panels, part.panel_begin + run);
    kernels_.linear(part);
  });
}

void Bf16Linear::operator()(float* y, const Bf16* x, int n_blocks, const float* residual) const {
  Bf16LinearTask whole = task(x, Activation::none);
  whole.y = y;
  whole.residual = residual;
  run(whole, n_blocks);
}

void Bf16Linear::operator()(Bf16* y, const Bf16* x, int n_blocks, int pairs_end,
                            Activation activation) const {
  Bf16LinearTask whole = task(x, activation);
  whole.out = y;
  whole.pairs_end = pairs_end;
  run(whole, n_blocks);
}

}  // namespace sotto::cpu
