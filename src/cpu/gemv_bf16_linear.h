// Linear layers with weights in bfloat16, on rows in f32 (gemv_int8.h).
#pragma once

#include <cstdint>
#include <span>

#include "cpu/gemv_linear.h"

namespace sotto::cpu {

/// y = act(W x + b) + residual for rows, W rounded to bfloat16.
class GemvBf16Linear {
 public:
  /// As GemvLinear.
  GemvBf16Linear(const GemvRuntime& runtime, std::span<const float> weight,
                 std::span<const float> bias, int n_out, int n_in);

  /// y and residual are n_rows × n_out; residual may be y, or null for none.
  void operator()(float* y, const float* x, int n_rows, Activation activation = Activation::none,
                  const float* residual = nullptr) const;

  /// The outputs [begin, end) of y = W x only; begin is a multiple of kPanel, and so is end unless
  /// it is n_out. On the calling thread.
  void outputs(float* y, const float* x, int n_rows, int begin, int end) const;

  /// Row `n` of W.
  void weight_row(float* out, int n) const;

 private:
  GemvBf16Task task(float* y, const float* x, int n_rows) const;

  const GemvRuntime& runtime_;
  int n_out_;
  int n_in_;
  std::span<const std::uint16_t> panels_;
  std::span<const float> bias_;
};

}  // namespace sotto::cpu
