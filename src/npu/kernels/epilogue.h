// What all epilogues have in common: one loop over 8 x 8 pieces of a strip of sums.
#pragma once

#include "npu/kernels/float_math.h"
#include "npu/kernels/gelu.h"

namespace sotto::npu::kernels {

enum class Layout { a, k, v };

/// What an epilogue does besides storing.
struct EpilogueKind {
  Layout layout = Layout::a;
  bool step = true;   ///< add rows x columns
  bool norm = false;  ///< multiply by 1 / sigma of the row
  bool gelu = false;  ///< apply GELU
  bool low = false;   ///< store the low part too
};

/// The buffers of an epilogue, as kernels.h describes them; those that its kind does not use stay
/// null.
struct EpilogueBuffers {
  bfloat16* high = nullptr;
  bfloat16* low = nullptr;
  const float* c;
  const bfloat16* rows = nullptr;
  const bfloat16* columns = nullptr;
  const bfloat16* inverse_sigmas = nullptr;
};

/// The lanes of a 4 x 4 block whose rows, of which `row` is the first, lie in first <= row < end.
inline aie::mask<kSum> rows_within(Scalar row, Scalar first, Scalar end) {
  const auto below_end = (1u << (4 * clamp_index(end - row, 4))) - 1;
  const auto below_first = (1u << (4 * clamp_index(first - row, 4))) - 1;
  return aie::mask<kSum>::from_uint32(below_end & ~below_first);
}

/// The same of two rows of a 4 x 8 block.
inline aie::mask<kSum> two_rows_within(Scalar row, Scalar first, Scalar end) {
  const auto below_end = (1u << (8 * clamp_index(end - row, 2))) - 1;
  const auto below_first = (1u << (8 * clamp_index(first - row, 2))) - 1;
  return aie::mask<kSum>::from_uint32(below_end & ~below_first);
}

/// Stores 8 rows x 8 columns, blocks[i][j] the 4 x 4 block i of rows and j of columns, at position
/// (pair of row blocks, column block of eight) of a strip.
template <Layout kLayout>
inline void store_piece(bfloat16* strip, int pair, int n8, const Half (&blocks)[2][2]) {
  if constexpr (kLayout == Layout::v) {
    bfloat16* to = strip + (pair * kTileBlocks + 2 * n8) * kOperand;
    aie::store_v(to, aie::concat(blocks[0][0], blocks[1][0]));
    aie::store_v(to + kOperand, aie::concat(blocks[0][1], blocks[1][1]));
  } else {
    bfloat16* to = strip + (2 * pair * (kTile / 8) + n8) * kOperand;
    SOTTO_UNROLL
    for (int i = 0; i < 2; ++i) {
      Operand block = weave(blocks[i][0], blocks[i][1]);
      if constexpr (kLayout == Layout::k) block = aie::transpose(block, 4, 8);
      aie::store_v(to + i * (kTile / 8) * kOperand, block);
    }
  }
}

/// The finished values of 4 rows x 8 columns: row block `i`, column block of eight `n8` of a strip.
template <EpilogueKind kKind>
inline SumPair finished(const EpilogueBuffers& buffers, int i, int n8) {
  Sum sums[2];
  SOTTO_UNROLL
  for (int j = 0; j < 2; ++j) {
    const int n4 = 2 * n8 + j;
    sums[j] = load_sum(buffers.c + (i * kTileBlocks + n4) * kSum);
    if constexpr (kKind.step) {
      Mmul sum(sums[j]);
      sum.mac(aie::load_v<kOperand>(buffers.rows + i * kOperand),
              aie::load_v<kOperand>(buffers.columns + n4 * kOperand));
      sums[j] = sum.to_accum();
    }
    if constexpr (kKind.norm) {
      const bfloat16* parts = buffers.inverse_sigmas + i * kOperand;
      sums[j] =
          multiply(split(sums[j]), {aie::load_v<kSum>(parts), aie::load_v<kSum>(parts + kSum)});
    }
  }
  SumPair pair = join(sums[0], sums[1]);
  if constexpr (kKind.gelu) pair = gelu(pair);
  return pair;
}

/// Where the buffers of a strip begin that all of a tile share.
template <EpilogueKind kKind>
inline EpilogueBuffers of_strip(EpilogueBuffers buffers, int strip) {
  buffers.c += strip * kStripBlocks * kTileBlocks * kSum;
  if constexpr (kKind.step) buffers.rows += strip * kStripBlocks * kOperand;
  if constexpr (kKind.norm) buffers.inverse_sigmas += strip * kStripBlocks * kOperand;
  return buffers;
}

/// Zeros in the rows of a strip in layout a that are not in first <= row < end.
inline void clear_rows_outside(bfloat16* strip, int first, int end) {
  constexpr bfloat16 kZero = 0.0f;
  const Half zeros = aie::broadcast<bfloat16, kSum>(kZero);
  aie::mask<kSum> upper[kStripBlocks], lower[kStripBlocks];  // two rows of eight elements each
  SOTTO_UNROLL
  for (int i = 0; i < kStripBlocks; ++i) {
    upper[i] = two_rows_within(4 * i, first, end);
    lower[i] = two_rows_within(4 * i + 2, first, end);
  }
  SOTTO_LOOP(8, int n8 = 0; n8 < kTile / 8; ++n8) {
    SOTTO_UNROLL
    for (int i = 0; i < kStripBlocks; ++i) {
      bfloat16* block = strip + (i * (kTile / 8) + n8) * kOperand;
      aie::store_v(block, aie::select(zeros, aie::load_v<kSum>(block), upper[i]));
      aie::store_v(block + kSum, aie::select(zeros, aie::load_v<kSum>(block + kSum), lower[i]));
    }
  }
}

/// The same as `epilogue` for layout a, 4 x 8 pieces at a time and all rows alike: GELU needs so
/// many registers that a loop over larger pieces has none left.
template <EpilogueKind kKind>
inline void epilogue_in_blocks(EpilogueBuffers buffers, int strip, int first, int end) {
  static_assert(kKind.layout == Layout::a && !kKind.low);
  round_and_wrap();
  buffers = of_strip<kKind>(buffers, strip);
  SOTTO_LOOP(32, int block = 0; block < kStripBlocks * kTile / 8; ++block) {
    const SumPair values = finished<kKind>(buffers, block / 8, block % 8);
    aie::store_v(buffers.high + block * kOperand,
                 weave(values.extract<kSum>(0).template to_vector<bfloat16>(),
                       values.extract<kSum>(1).template to_vector<bfloat16>()));
  }
  if (first > 0 || end < 4 * kStripBlocks) clear_rows_outside(buffers.high, first, end);
}

/// An epilogue on strip `strip`. Buffers other than outputs are those of the tile.
template <EpilogueKind kKind>
inline void epilogue(EpilogueBuffers buffers, int strip, int first, int end) {
  round_and_wrap();
  constexpr bfloat16 kZero = 0.0f;
  const Half zeros = aie::broadcast<bfloat16, kSum>(kZero);
  buffers = of_strip<kKind>(buffers, strip);
  SOTTO_LOOP(2, int pair = 0; pair < 2; ++pair) {
    const aie::mask<kSum> within[2] = {rows_within(8 * pair, first, end),
                                       rows_within(8 * pair + 4, first, end)};
    SOTTO_LOOP(8, int n8 = 0; n8 < kTile / 8; ++n8) {
      Half high[2][2], low[2][2];
      SOTTO_UNROLL
      for (int i = 0; i < 2; ++i) {
        const SumPair values = finished<kKind>(buffers, 2 * pair + i, n8);
        SOTTO_UNROLL
        for (int j = 0; j < 2; ++j) {
          const Sum value = values.extract<kSum>(static_cast<unsigned>(j));
          const Half rounded = value.to_vector<bfloat16>();
          high[i][j] = aie::select(zeros, rounded, within[i]);
          if constexpr (kKind.low) {
            const Half rest = aie::sub(value, Sum(rounded)).to_vector<bfloat16>();
            low[i][j] = aie::select(zeros, rest, within[i]);
          }
        }
      }
      store_piece<kKind.layout>(buffers.high, pair, n8, high);
      if constexpr (kKind.low) store_piece<kKind.layout>(buffers.low, pair, n8, low);
    }
  }
}

}  // namespace sotto::npu::kernels
