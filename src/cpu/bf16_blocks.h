// The layers of the encoder in bfloat16 (bf16.h).
#pragma once

#include <span>

#include "base/buffer.h"
#include "cpu/bf16.h"
#include "cpu/blocks.h"

namespace sotto::cpu {

/// y = act(W x + b) + residual for x as pairs.
class Bf16Linear {
 public:
  /// weight is n_out × n_in. `runtime` and `kernels` must outlive the layer.
  Bf16Linear(const Runtime& runtime, const Bf16Kernels& kernels, std::span<const float> weight,
             std::span<const float> bias, int n_out, int n_in);

  /// To blocks of numbers. residual may be y, or null for none.
  void operator()(float* y, const Bf16* x, int n_blocks, const float* residual = nullptr) const;
  /// To bfloat16: outputs before pairs_end as pairs, the others as rows.
  void operator()(Bf16* y, const Bf16* x, int n_blocks, int pairs_end,
                  Activation activation = Activation::none) const;

 private:
  Bf16LinearTask task(const Bf16* x, Activation activation) const;
  void run(const Bf16LinearTask& task, int n_blocks) const;

  const Runtime& runtime_;
  const Bf16Kernels& kernels_;
  int n_out_;
  int n_in_;
  std::span<const Bf16> panels_;
  std::span<const float> bias_;
};

}  // namespace sotto::cpu
