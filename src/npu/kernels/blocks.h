// How matrices lie in a core's memory, and the registers that hold their blocks.
//
// A tile is 64 x 64. Its operands are blocks in the order that the matrix unit eats them, every
// block row-major and contiguous, so that all DMA transfers are linear:
//   A  [m4][k8] blocks of 4 x 8   rows of activations: 16 x 8 blocks
//   K  [n4][k8] blocks of 8 x 4   a B operand whose k runs innermost: keys, 16 x 8 blocks
//   V  [k8][n4] blocks of 8 x 4   a B operand whose n runs innermost: values and weights, 8 x 16
//   C  [m4][n4] blocks of 4 x 4   sums in float32, 16 x 16 blocks
// int8 has blocks of 4 x 8 (A), 8 x 8 (B, [k8][n8]) and 4 x 8 int32 (C, [m4][n8]).
// Buffers are aligned to 32 bytes, the width of a load.
#pragma once

#include <aie_api/aie.hpp>

#include "npu/kernels/loop.h"

namespace sotto::npu::kernels {

inline constexpr int kTile = 64;           ///< rows and columns of a tile
inline constexpr int kTileBlocks = 16;     ///< blocks of four rows (or columns) of a tile
inline constexpr int kOperand = 32;        ///< elements of a 4 x 8 or 8 x 4 bfloat16 block
inline constexpr int kSum = 16;            ///< elements of a 4 x 4 block of sums
inline constexpr int kStrips = 4;          ///< a tile leaves the core in strips of 16 rows
inline constexpr int kStripBlocks = 4;     ///< blocks of four rows of a strip
inline constexpr int kStrip = 16 * kTile;  ///< elements of a strip

inline constexpr int kStripSums = kStripBlocks * kTileBlocks * kSum;  ///< sums of a strip
/// Of a tile of bfloat16 in blocks of as many bytes as kSum float32, for zero_blocks().
inline constexpr int kWeightsBlocks = kTile * kTile / (2 * kSum);

/// Of a strip of outputs: A, K (rows are the keys n, columns are k) or V (rows are k).
enum class Layout : int32 { a, k, v };

using Mmul = aie::mmul<4, 8, 4, bfloat16, bfloat16>;
using Operand = aie::vector<bfloat16, kOperand>;
using Sum = aie::accum<accfloat, kSum>;
using SumPair = aie::accum<accfloat, 2 * kSum>;
using Half = aie::vector<bfloat16, kSum>;  ///< a 4 x 4 block rounded to bfloat16

/// Stores of this kernel round to nearest even. A core that leaves reset rounds towards minus
/// infinity, which doubles the error and biases it.
inline void round_to_nearest() {
  aie::set_rounding(aie::rounding_mode::conv_even);
}

/// Also clamps integers on their way out of an accumulator: what exp2.h relies on.
inline void round_and_saturate() {
  round_to_nearest();
  aie::set_saturation(aie::saturation_mode::saturate);
}
/// Instead, integers lose their upper bits there: what gelu.h relies on.
inline void round_and_wrap() {
  round_to_nearest();
  aie::set_saturation(aie::saturation_mode::none);
}

inline Sum load_sum(const float* from) {
  return Sum(aie::load_v<kSum>(from));
}
inline void store_sum(float* to, const Sum& sum) {
  aie::store_v(to, sum.to_vector<float>());
}

inline SumPair join(const Sum& left, const Sum& right) {
  SumPair pair;
  pair.insert(0, left);
  pair.insert(1, right);
  return pair;
}

/// x + c in every lane, as a product: ties to even, as the matrix unit adds.
inline SumPair plus(const SumPair& x, bfloat16 c) {
  constexpr bfloat16 kOne = 1.0f;
  const Half constants = aie::broadcast<bfloat16, kSum>(c),
             ones = aie::broadcast<bfloat16, kSum>(kOne);
  return join(aie::mac(x.extract<kSum>(0), constants, ones),
              aie::mac(x.extract<kSum>(1), constants, ones));
}

// A product of 32 lanes with mac_elem_16_2 adds its upper half to its lower one: factors that are
// zero in one half take the other one of an operand, wherever it is.
inline Operand factors_of_lower(bfloat16 factor) {
  constexpr bfloat16 kZero = 0.0f;
  return aie::concat(aie::broadcast<bfloat16, kSum>(factor), aie::broadcast<bfloat16, kSum>(kZero));
}
inline Operand factors_of_upper(bfloat16 factor) {
  constexpr bfloat16 kZero = 0.0f;
  return aie::concat(aie::broadcast<bfloat16, kSum>(kZero), aie::broadcast<bfloat16, kSum>(factor));
}
/// x + factor y, y finite: a NaN would reach a lane of the other half.
inline SumPair plus_scaled(const SumPair& x, const Operand& y, bfloat16 factor) {
  return join(mac_elem_16_2(y, factors_of_lower(factor), x.extract<kSum>(0)),
              mac_elem_16_2(y, factors_of_upper(factor), x.extract<kSum>(1)));
}

/// Two 4 x 4 blocks side by side as one 4 x 8 block, and back.
template <typename T>
inline aie::vector<T, kOperand> weave(const aie::vector<T, kSum>& left,
                                      const aie::vector<T, kSum>& right) {
  const auto [low, high] = aie::interleave_zip(left, right, 4);
  return aie::concat(low, high);
}
struct HalfPair {
  Half left, right;
};
inline HalfPair unweave(const Operand& block) {
  const auto [left, right] =
      aie::interleave_unzip(block.extract<kSum>(0), block.extract<kSum>(1), 4);
  return {left, right};
}

// An integer that makes masks is a Scalar: an int, which the recorder of kernels (npu/recorder)
// sees being computed. choose(c, a, b) is c ? a : b; a kernel that returns n early, for what data
// decide, asks `if (leaves(condition, n)) return n;`, and what it returns at its end it calls
// returns(n) if n depends on data.
#if defined(SOTTO_RECORDED_SCALAR)
using Scalar = SOTTO_RECORDED_SCALAR;
#else
using Scalar = int;
template <typename T>
inline T choose(bool condition, T yes, T no) {
  return condition ? yes : no;
}
inline bool leaves(bool condition, int) {
  return condition;
}
inline int returns(int value) {
  return value;
}
#endif

/// min(max(value, 0), limit) of an index.
inline Scalar clamp_index(Scalar value, Scalar limit) {
  return choose(value < 0, Scalar(0), choose(value > limit, limit, value));
}

}  // namespace sotto::npu::kernels
