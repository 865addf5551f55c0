// The passes over finished sums: what makes of a product what the encoder's layers want. They work
// in place and round at last, so that each stands once in a core's program and every layer takes
// those that it needs.
#include "npu/kernels/float_math.h"
#include "npu/kernels/gelu.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

constexpr int kPairs = kStripBlocks * kTile / 8;  ///< pairs of blocks of sums of a strip

inline const float* strip_of(const float* c, int strip) {
  return c + strip * kStripBlocks * kTileBlocks * kSum;
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
  SOTTO_LOOP(256, int block = 0; block < kTileBlocks * kTileBlocks; ++block) {
    const int row = block / kTileBlocks * kOperand;
    Mmul sum(load_sum(c + block * kSum));
    sum.mac(aie::load_v<kOperand>(rows + row),
            aie::load_v<kOperand>(columns + block % kTileBlocks * kOperand));
    const Split factors = {aie::load_v<kOperand>(inverse_sigmas + row)};
    store_sum(c + block * kSum, multiply(split(sum.to_accum()), factors));
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

void round_strip(bfloat16* __restrict out, const float* __restrict c, int strip, Layout layout) {
  round_to_nearest();
  c = strip_of(c, strip);
  // Pairs of blocks are neighbours of a row; in V, where eight rows are one block, of a column.
  const bool is_v = layout == Layout::v;
  const int step = is_v ? kSum : 2 * kSum, other = is_v ? kTileBlocks * kSum : kSum;
  const unsigned both = layout == Layout::a ? T64_2x8_lo : T256_2x2_lo;
  const unsigned each = layout == Layout::k ? T16_4x4 : T512_1x2_lo;
  SOTTO_LOOP(2, int half = 0; half < 2; ++half, c += 2 * kTileBlocks * kSum) {
    const float* block = c;
    SOTTO_LOOP(16, int i = 0; i < kPairs / 2; ++i, block += step, out += kOperand) {
      const Half first = load_sum(block).to_vector<bfloat16>();
      const Half second = load_sum(block + other).to_vector<bfloat16>();
      const Operand pair = shuffle(first.grow<kOperand>(), second.grow<kOperand>(), both);
      aie::store_v(out, shuffle(pair, pair, each));
    }
  }
}

void round_parts(bfloat16* __restrict high, bfloat16* __restrict low, const float* __restrict c,
                 int strip) {
  round_to_nearest();
  c = strip_of(c, strip);
  SOTTO_LOOP(32, int i = 0; i < kPairs; ++i) {
    const Split left = split(load_sum(c + 2 * i * kSum)),
                right = split(load_sum(c + (2 * i + 1) * kSum));
    aie::store_v(high + i * kOperand, weave(left.high(), right.high()));
    aie::store_v(low + i * kOperand, weave(left.low(), right.low()));
  }
}
