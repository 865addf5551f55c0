// GELU of a row of any length.
#include "npu/kernels/gelu.h"

#include "npu/kernels/kernels.h"

using namespace sotto::npu::kernels;

namespace {

inline Operand gelu_of(const bfloat16* in) {
  return gelu(aie::load_v<kOperand>(in), aie::load_v<kOperand>(in)).to_vector<bfloat16>();
}

}  // namespace

void gelu_bf16(bfloat16* __restrict out, const bfloat16* __restrict in, int count) {
  round_and_wrap();
  const int whole = count & -kOperand;
  SOTTO_LOOP_IF_ANY(int i = 0; i < whole; i += kOperand) {
    aie::store_v(out + i, gelu_of(in + i));
  }
  if (whole < count) {
    const auto tail = aie::mask<kOperand>::from_uint32((1u << (count - whole)) - 1);
    const Operand kept = aie::load_v<kOperand>(out + whole);
    aie::store_v(out + whole, aie::select(kept, gelu_of(in + whole), tail));
  }
}
