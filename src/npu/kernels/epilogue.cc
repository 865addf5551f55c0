// The passes over finished sums: what makes of a product what the encoder's layers want. They work
// in place and round at last, so that each stands once in a core's program and every layer takes
// those that it needs.
#include "npu/kernels/float_math.h"
#include "npu/kernels/gelu.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

constexpr int kPairs = kStripBlocks * kTile / 8;  ///< pairs of blocks of sums of a strip

/// Two float32 blocks of 4 x 4, of neighbouring columns, or of neighbouring rows in V, as a
/// bfloat16 block of a layout. They are put in order before they are rounded: on their way into
/// accumulators.
struct BlockPair {
  aie::vector<float, kSum> first, second;
};
template <Layout layout>
inline BlockPair in_order(const BlockPair& pair) {
  if constexpr (layout == Layout::a) {
    return {shuffle(pair.first, pair.second, T128_2x4_lo),
            shuffle(pair.first, pair.second, T128_2x4_hi)};
  } else if constexpr (layout == Layout::k) {
    return {shuffle(pair.first, pair.first, T32_4x4), shuffle(pair.second, pair.second, T32_4x4)};
  } else {
    return pair;
  }
}

template <Layout layout>
inline void round_strip(bfloat16* __restrict out, const float* __restrict c) {
  constexpr bool is_v = layout == Layout::v;
  constexpr int kOther = is_v ? kTileBlocks * kSum : kSum;
  round_to_nearest();
  SOTTO_LOOP(32, int i = 0; i < kPairs; ++i) {
    const int block = is_v ? i / kTileBlocks * 2 * kTileBlocks + i % kTileBlocks : 2 * i;
    const float* const from = c + block * kSum;
    const BlockPair pair =
        in_order<layout>({aie::load_v<kSum>(from), aie::load_v<kSum>(from + kOther)});
    aie::store_v(out + i * kOperand, Sum(pair.first).template to_vector<bfloat16>());
    aie::store_v(out + i * kOperand + kSum, Sum(pair.second).template to_vector<bfloat16>());
  }
}

/// The lanes of a 4 x 4 block whose rows, of which `row` is the first, lie in first <= row < end.
inline aie::mask<kSum> rows_within(Scalar row, Scalar first, Scalar end) {
  const auto below_end = (1u << (4 * clamp_index(end - row, 4))) - 1;
  const auto below_first = (1u << (4 * clamp_index(first - row, 4))) - 1;
  return aie::mask<kSum>::from_uint32(below_end & ~below_first);
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void bias_sums(float* __restrict c, const bfloat16* __restrict columns) {
  constexpr bfloat16 kOne = 1.0f;
  const Operand ones = aie::broadcast<bfloat16, kOperand>(kOne);
  SOTTO_LOOP(256, int block = 0; block < kTileBlocks * kTileBlocks; ++block) {
    Mmul sum;
    sum.mac(ones, aie::load_v<kOperand>(columns + block % kTileBlocks * kOperand));
    store_sum(c + block * kSum, sum.to_accum());
  }
}

void add_plane(float* __restrict c, const bfloat16* __restrict plane) {
  SOTTO_LOOP(128, int i = 0; i < kTileBlocks * kTile / 8; ++i, c += 2 * kSum) {
    const HalfPair halves = unweave(aie::load_v<kOperand>(plane + i * kOperand));
    store_sum(c, aie::add(load_sum(c), Sum(halves.left)));
    store_sum(c + kSum, aie::add(load_sum(c + kSum), Sum(halves.right)));
  }
}

void normalise_sums(float* __restrict c, const bfloat16* __restrict rows,
                    const bfloat16* __restrict columns, const bfloat16* __restrict inverse_sigmas) {
  round_to_nearest();
  // Two blocks side by side share what belongs to their rows: all but the sums lies in one bank.
  SOTTO_LOOP(128, int pair = 0; pair < kTileBlocks * kTileBlocks / 2; ++pair) {
    const int row = 2 * pair / kTileBlocks * kOperand;
    const Operand left = aie::load_v<kOperand>(rows + row);
    const Split factors = {aie::load_v<kOperand>(inverse_sigmas + row)};
    SOTTO_UNROLL
    for (int block = 2 * pair; block < 2 * pair + 2; ++block) {
      Mmul sum(load_sum(c + block * kSum));
      sum.mac(left, aie::load_v<kOperand>(columns + block % kTileBlocks * kOperand));
      store_sum(c + block * kSum, multiply(split(sum.to_accum()), factors));
    }
  }
}

void gelu_sums(float* __restrict c) {
  round_and_wrap();
  SOTTO_LOOP(128, int block = 0; block < kTileBlocks * kTile / 8; ++block, c += 2 * kSum) {
    const SumPair values = gelu(aie::load_v<2 * kSum>(c), aie::load_v<2 * kSum>(c));
    store_sum(c, values.extract<kSum>(0));
    store_sum(c + kSum, values.extract<kSum>(1));
  }
}

void clear_sums(float* __restrict c, int first, int end) {
  const auto zeros = aie::zeros<float, kSum>();
  SOTTO_LOOP(16, int i = 0; i < kTileBlocks; ++i) {
    const aie::mask<kSum> within = rows_within(4 * i, first, end);
    SOTTO_LOOP(16, int n = 0; n < kTileBlocks; ++n, c += kSum) {
      aie::store_v(c, aie::select(zeros, aie::load_v<kSum>(c), within));
    }
  }
}

void round_strip_a(bfloat16* out, const float* c) {
  round_strip<Layout::a>(out, c);
}
void round_strip_k(bfloat16* out, const float* c) {
  round_strip<Layout::k>(out, c);
}
void round_strip_v(bfloat16* out, const float* c) {
  round_strip<Layout::v>(out, c);
}

void round_parts(bfloat16* __restrict high, bfloat16* __restrict low, const float* __restrict c) {
  round_to_nearest();
  SOTTO_LOOP(32, int i = 0; i < kPairs; ++i) {
    const Split left = split(load_sum(c + 2 * i * kSum)),
                right = split(load_sum(c + (2 * i + 1) * kSum));
    aie::store_v(high + i * kOperand, weave(left.high(), right.high()));
    aie::store_v(low + i * kOperand, weave(left.low(), right.low()));
  }
}
