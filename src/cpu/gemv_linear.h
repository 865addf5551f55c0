// Linear layers with weights of 8 bits, on rows (gemv_int8.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "cpu/blocks.h"
#include "cpu/gemv_int8.h"

namespace sotto::cpu {

/// Where layers with integer weights run.
struct GemvRuntime : Runtime {
  const GemvInt8& gemv;
};

/// Activations as integers, and what rounding took away from them: together as exact as 15 bits.
struct PreciseGemvRows {
  GemvRows rows;
  GemvRows remainders;
};

/// Activations as integers, in memory that is used again and again.
class GemvScratch {
 public:
  GemvScratch() = default;
  /// For n_rows rows of n_in numbers, and for every smaller matrix; half as many with remainders.
  GemvScratch(int n_rows, int n_in);

  /// Valid until the next call.
  GemvRows quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n);
  PreciseGemvRows quantise_with_remainders(const GemvRuntime& runtime, const float* x, int n_rows,
                                           int n);

 private:
  QuantisedRow row(std::ptrdiff_t row, std::ptrdiff_t groups);
  GemvRows rows(std::ptrdiff_t first, std::ptrdiff_t groups);

  Buffer<std::int8_t> numbers_;
  Buffer<float> scales_;
  Buffer<std::int32_t> sums_;
};

/// The bias with zeros up to a multiple of kPanel; empty for none.
std::span<const float> pad_bias(PackedWeights& weights, std::span<const float> bias, int n_out);

/// All outputs of a task, by runs of panels that the threads share. kernel(part) computes them.
template <typename Task, typename Kernel>
void compute_all(const GemvRuntime& runtime, const Kernel& kernel, const Task& all) {
  const int n_panels = blocks_of(all.n_out, kPanel);
  // Long runs stream well; more runs than threads, or one that is held up keeps the others waiting.
  const int run = std::clamp(n_panels / (2 * runtime.pool.size()), 1, 16);
  runtime.parallel_for(blocks_of(n_panels, run), [&](std::int64_t i, int) {
    Task part = all;
    part.panel_begin = static_cast<int>(i) * run;
    part.panel_end = std::min(n_panels, part.panel_begin + run);
    kernel(part);
  });
}

/// The outputs [begin, end) of a task, as GemvLinear::outputs().
template <typename Task, typename Kernel>
void compute_outputs(Kernel kernel, Task task, int begin, int end) {
  SOTTO_CHECK(begin % kPanel == 0 && (end % kPanel == 0 || end == task.n_out));
  task.panel_begin = begin / kPanel;
  task.panel_end = blocks_of(end, kPanel);
  kernel(task);
}

/// What the rounding of weights to bytes takes away from each of them; nothing of weights that were
/// packed before.
std::vector<float> gemv_remainders(std::span<const float> weight, int n_out, int n_in);

/// y = act(W x + b) + residual for rows. Each group of kGemvGroup weights of an output has a scale.
class GemvLinear {
 public:
  /// weight is n_out × n_in, all finite; bias n_out, or empty for none. `runtime` must outlive
  /// the layer.
  GemvLinear(const GemvRuntime& runtime, std::span<const float> weight, std::span<const float> bias,
             int n_out, int n_in);

  /// y and residual are n_rows × n_out; residual may be y, or null for none.
  void operator()(float* y, const GemvRows& x, int n_rows, Activation activation = Activation::none,
                  const float* residual = nullptr) const;
  /// y = W x + b + residual
  void operator()(float* y, const PreciseGemvRows& x, int n_rows, const float* residual) const;

  /// The outputs [begin, end) of y = W x only; begin is a multiple of kPanel, and so is end unless
  /// it is n_out. On the calling thread.
  void outputs(float* y, const GemvRows& x, int n_rows, int begin, int end) const;

  /// Row `n` of W.
  void weight_row(float* out, int n) const;

 private:
  void pack_panel(std::span<const float> weight, int panel, PanelGroup* groups) const;
  GemvLinearTask task(float* y, const GemvRows& x, int n_rows) const;

  const GemvRuntime& runtime_;
  int n_out_;
  int n_in_;
  int n_groups_;
  std::span<const PanelGroup> panels_;
  std::span<const float> bias_;  // zeros up to a multiple of kPanel; empty for none
};

}  // namespace sotto::cpu
