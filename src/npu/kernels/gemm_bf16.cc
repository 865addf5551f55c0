// Products of bfloat16 with float32 sums.
//
// Per step a half takes eight MACs and twelve 256-bit loads of A and B; its sums load in a quarter
// of the cycles of its 64 MACs. Sixteen sums are alive, of the eighteen that the core holds, and
// eight independent ones are under way where four are needed to start a MAC every cycle.
#include "npu/kernels/gemm.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

struct Bf16Product {
  using Mmul = kernels::Mmul;
  using Element = bfloat16;
  using SumElement = float;
  static constexpr int kB = kOperand, kSum = kernels::kSum, kBlocks = 4, kSteps = 8;

  static inline Mmul load_sum(const float* from) { return Mmul(kernels::load_sum(from)); }
  static inline void store_sum(float* to, const Mmul& sum) {
    kernels::store_sum(to, sum.to_accum());
  }
};

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void zero_sums(float* __restrict c) {
  const auto zeros = aie::zeros<float, kSum>();
  SOTTO_LOOP(256, int i = 0; i < kTileBlocks * kTileBlocks; ++i) {
    aie::store_v(c + i * kSum, zeros);
  }
}

void zero_blocks(float* __restrict blocks, int count) {
  const auto zeros = aie::zeros<float, kSum>();
  SOTTO_LOOP(8, int i = 0; i < count; ++i) {
    aie::store_v(blocks + i * kSum, zeros);
  }
}

void gemm_bf16(float* c, const bfloat16* a, const bfloat16* b, int kb) {
  Gemm<Bf16Product>::add(c, a, b, kb);
}

void gemm_bf16_tile(float* c, const bfloat16* a, const bfloat16* b) {
  Gemm<Bf16Product>::add_tile(c, a, b);
}
