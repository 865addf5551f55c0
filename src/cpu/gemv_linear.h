// Linear layers with weights of 8 or 4 bits, on rows (gemv_int8.h).
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/buffer.h"
#include "cpu/blocks.h"
#include "cpu/gemv_int8.h"

namespace sotto::cpu {

enum class WeightBits { four, eight };

/// Where layers with integer weights run.
struct GemvRuntime : Runtime {
  const GemvInt8& gemv;
  WeightBits bits;
  Arena& weights;  ///< where they keep their weights
};

/// Activations as integers, in memory that is used again and again.
class GemvScratch {
 public:
  GemvScratch() = default;
  /// For n_rows rows of n_in numbers, and for every smaller matrix.
  GemvScratch(int n_rows, int n_in);

  /// Valid until the next call.
  GemvRows quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n);

 private:
  Buffer<std::int8_t> numbers_;
  Buffer<float> scales_;
  Buffer<std::int32_t> sums_;
};

/// y = act(W x + b) + residual for rows. Each group of kGemvGroup weights of an output has a scale.
class GemvLinear {
 public:
  /// weight is n_out × n_in, all finite; bias n_out, or empty for none. `runtime` and its arena
  /// must outlive the layer.
  GemvLinear(const GemvRuntime& runtime, std::span<const float> weight, std::span<const float> bias,
             int n_out, int n_in);

  /// y and residual are n_rows × n_out; residual may be y, or null for none.
  void operator()(float* y, const GemvRows& x, int n_rows, Activation activation = Activation::none,
                  const float* residual = nullptr) const;

  /// The outputs [begin, end) of y = W x only; begin is a multiple of kPanel, and so is end unless
  /// it is n_out. On the calling thread.
  void outputs(float* y, const GemvRows& x, int n_rows, int begin, int end) const;

  /// Row `n` of W.
  void weight_row(float* out, int n) const;

  int n_in() const { return n_in_; }

 private:
  GemvLinearTask task(float* y, const GemvRows& x, int n_rows) const;

  const GemvRuntime& runtime_;
  int n_out_;
  int n_in_;
  int n_groups_;
  std::span<const PanelGroup8> panels8_;  // of these two one is empty
  std::span<const PanelGroup4> panels4_;
  Buffer<float> bias_;
};

}  // namespace sotto::cpu
