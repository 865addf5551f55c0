// Softmax of a row of any length.
#include "npu/kernels/exp2.h"
#include "npu/kernels/float_math.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

/// The elements of the vector at i that lie before count.
inline aie::mask<kOperand> before(int count, int i) {
  const Scalar left = count - i;
  return aie::mask<kOperand>::from_uint32(
      choose(left >= kOperand, 0xFFFFFFFFu, (1u << (left & (kOperand - 1))) - 1));
}

inline auto largest(const bfloat16* in, int count) {
  constexpr bfloat16 kLowest = -0x1.FEp127f;
  const Operand lowest = aie::broadcast<bfloat16, kOperand>(kLowest);
  Operand largest = lowest;
  SOTTO_LOOP(1, int i = 0; i < count; i += kOperand) {
    const Operand x = aie::select(lowest, aie::load_v<kOperand>(in + i), before(count, i));
    largest = aie::max(largest, x);
  }
  return aie::reduce_max(largest);
}

/// (x - largest) log2(e), not below -185: what lies there counts as -32, so any bound would do that
/// keeps infinity out. `largest - x` is a positive float32 and so in order as an integer, infinity
/// included.
inline Sum binary_exponent(const Sum& largest, const Half& x) {
  constexpr bfloat16 kHigh = -1.4453125f, kLow = 0.00261746f;  // -log2(e)
  constexpr int32 kBitsOf128 = 0x43000000;
  const Sum below = from_bits(aie::min(bits_of(aie::sub(largest, Sum(x))), kBitsOf128));
  const Split factor = {
      aie::concat(aie::broadcast<bfloat16, kSum>(kHigh), aie::broadcast<bfloat16, kSum>(kLow))};
  return multiply(split(below), factor);
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void softmax_bf16(bfloat16* __restrict out, const bfloat16* __restrict in, int count) {
  round_and_saturate();
  constexpr bfloat16 kOne = 1.0f, kZero = 0.0f;
  const Sum top(aie::broadcast<bfloat16, kSum>(largest(in, count)));
  const Operand ones = aie::broadcast<bfloat16, kOperand>(kOne);
  const Operand zeros = aie::broadcast<bfloat16, kOperand>(kZero);
  SumPair sums = aie::zeros<accfloat, 2 * kSum>();
  SOTTO_LOOP(1, int i = 0; i < count; i += kOperand) {
    const Operand x = aie::load_v<kOperand>(in + i);
    const SumPair exponents =
        join(binary_exponent(top, x.extract<kSum>(0)), binary_exponent(top, x.extract<kSum>(1)));
    const Operand weights = aie::select(zeros, exp2(exp2_argument(exponents)), before(count, i));
    sums = aie::mac(sums, weights, ones);
    aie::store_v(out + i, weights);
  }
  const Split scale = split(reciprocal(constant(aie::reduce_add(sums.to_vector<float>()))));
  const Operand high = twice(scale.high());
  const Operand low = twice(scale.low());
  SOTTO_LOOP(1, int i = 0; i < count; i += kOperand) {
    const Operand weights = aie::load_v<kOperand>(out + i);
    const SumPair scaled = aie::mac(SumPair(aie::mul(weights, low)), weights, high);
    aie::store_v(out + i, scaled.to_vector<bfloat16>());
  }
}
