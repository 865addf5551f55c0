// The smallest kernel that computes: every product rounds once, when it is stored.
#include "npu/kernels/kernels.h"

using namespace sotto::npu::kernels;

void scale_bf16(bfloat16* __restrict out, const bfloat16* __restrict in, bfloat16 factor,
                int count) {
  round_to_nearest();
  const Operand factors = aie::broadcast<bfloat16, kOperand>(factor);
  SOTTO_LOOP(1, int i = 0; i < count; i += kOperand) {
    const SumPair products = aie::mul(aie::load_v<kOperand>(in + i), factors);
    aie::store_v(out + i, products.to_vector<bfloat16>());
  }
}
