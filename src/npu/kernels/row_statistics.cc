// The statistics of LayerNorm, taken from the operand tiles while they pass: sums and sums of
// squares of rows in float32, by the matrix unit. A block times ones gives the sums of its rows; a
// block times its own transpose has the sums of squares on the diagonal.
#include "npu/kernels/float_math.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

/// Lanes of column c of a 4 x 4 block.
inline aie::mask<kSum> column(int c) {
  return aie::mask<kSum>::from_uint32(0x1111u << c);
}

/// The diagonal of a 4 x 4 block, each element in all of its row. Lanes move as words: a core adds
/// no scalar floats, and none are added here.
inline Sum spread_diagonal(const Sum& block) {
  const aie::vector<float, kSum> v = block.to_vector<float>();
  aie::vector<float, kSum> result = aie::broadcast<float, kSum>(v.get(0));
  SOTTO_UNROLL
  for (int row = 1; row < 4; ++row) {
    const auto lanes = aie::mask<kSum>::from_uint32(0xFu << (4 * row));
    result = aie::select(result, aie::broadcast<float, kSum>(v.get(5 * row)), lanes);
  }
  return Sum(result);
}

/// [-m_1, -m_2, -m_1, sigma_1, sigma_2, sigma_1, -m_1, -m_2] in every row.
inline Operand row_block(const Split& minus_mean, const Split& sigma) {
  Half left = aie::select(minus_mean.high(), minus_mean.low(), column(1));
  left = aie::select(left, sigma.high(), column(3));
  Half right = aie::select(sigma.low(), sigma.high(), column(1));
  right = aie::select(right, minus_mean.high(), column(2));
  right = aie::select(right, minus_mean.low(), column(3));
  return weave(left, right);
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void row_statistics(float* __restrict sums, float* __restrict squares,
                    const bfloat16* __restrict a) {
  constexpr bfloat16 kOne = 1.0f;
  const Operand ones = aie::broadcast<bfloat16, kOperand>(kOne);
  SOTTO_LOOP(16, int i = 0; i < kTileBlocks; ++i) {
    // A tile's own sums first: on the coarse grid of long sums of squares, the products' last bits
    // would round one way (odd squares are 1 modulo 8, so their ties all go down).
    Mmul sum, square;
    SOTTO_LOOP(8, int k = 0; k < kTile / 8; ++k, a += kOperand) {
      const Operand block = aie::load_v<kOperand>(a);
      sum.mac(block, ones);
      square.mac(block, aie::transpose(block, 4, 8));
    }
    store_sum(sums + i * kSum, aie::add(load_sum(sums + i * kSum), sum.to_accum()));
    store_sum(squares + i * kSum, aie::add(load_sum(squares + i * kSum), square.to_accum()));
  }
}

void finish_statistics(bfloat16* __restrict rows, bfloat16* __restrict inverse_sigmas,
                       const float* __restrict sums, const float* __restrict squares,
                       float inverse_width) {
  round_to_nearest();
  const Sum of_a_row = constant(inverse_width);
  const Sum epsilon = constant(kLayerNormEpsilon);
  SOTTO_LOOP(16, int i = 0; i < kTileBlocks; ++i) {
    const Sum minus_mean = negated(multiply_full(load_sum(sums + i * kSum), of_a_row));
    const Sum square = multiply_full(spread_diagonal(load_sum(squares + i * kSum)), of_a_row);
    // Rounding may leave a constant row a variance below zero.
    const Sum difference = aie::sub(square, multiply_full(minus_mean, minus_mean));
    const Sum variance = aie::add(positive_part(difference), epsilon);
    const Sum inverse = reciprocal_root_in_loop(variance);
    const Split parts = split(inverse);
    aie::store_v(rows + i * kOperand,
                 row_block(split(minus_mean), split(multiply(variance, inverse))));
    aie::store_v(inverse_sigmas + i * kOperand, parts.parts);
  }
}
