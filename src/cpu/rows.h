// The layers of the decoder, on row-major activations: outputs in the lanes (kernels.h).
#pragma once

#include <span>

#include "base/buffer.h"
#include "cpu/blocks.h"

namespace sotto::cpu {

/// y = act(x Wᵀ + b) + residual for a few rows.
class RowsLinear {
 public:
  /// weight is n_out × n_in; bias n_out, or empty for none. `runtime` must outlive the layer.
  RowsLinear(const Runtime& runtime, std::span<const float> weight, std::span<const float> bias,
             int n_out, int n_in);

  /// y: n_rows × n_out, x: n_rows × n_in. residual may be y, or null for none.
  void operator()(float* y, const float* x, int n_rows, Activation activation = Activation::none,
                  const float* residual = nullptr) const;

  /// The outputs [begin, end) of y = x Wᵀ only; begin is a multiple of Kernels::block, and so is
  /// end unless it is n_out. On the calling thread.
  void outputs(float* y, const float* x, int n_rows, int begin, int end) const;

  /// Copies row `n` of the weight: with tied embeddings, the embedding of token n.
  void weight_row(float* row, int n) const;

 private:
  LinearRowsTask task(float* y, const float* x, int n_rows) const;

  const Runtime& runtime_;
  int n_out_;
  int n_in_;
  std::span<const float> blocks_;
  std::span<const float> bias_;  // zeros up to whole blocks
};

}  // namespace sotto::cpu
