// Scores of 8 queries and 8 keys, and what becomes of them. The heads are 64 wide, as in every
// Whisper.
#pragma once

#include "npu/kernels/exp2.h"
#include "npu/kernels/float_math.h"

namespace sotto::npu::kernels {

inline constexpr int kPairs = kTile / 8;                  ///< pairs of blocks of four queries
inline constexpr int kHeadBlocks = kTile / 8;             ///< blocks of k in a head
inline constexpr int kQueryRow = kHeadBlocks * kOperand;  ///< elements of four queries
inline constexpr int kQuadElements = 4 * kHeadBlocks * kOperand;  ///< elements of sixteen keys
inline constexpr int kEights = kTile / 8;                         ///< times eight keys of a tile
inline constexpr int kPairRow = kEights * kOperand;               ///< weights of four queries

struct Scores {
  Mmul blocks[4];  // 2 x 2 blocks of 4 queries x 4 keys
};

/// One step of k = 8.
inline void score_step(Scores& scores, const bfloat16* q, const bfloat16* k) {
  const Operand upper = aie::load_v<kOperand>(q);
  const Operand lower = aie::load_v<kOperand>(q + kQueryRow);
  SOTTO_UNROLL
  for (int j = 0; j < 2; ++j) {
    const Operand keys = aie::load_v<kOperand>(k + j * kHeadBlocks * kOperand);
    scores.blocks[j].mac(upper, keys);
    scores.blocks[2 + j].mac(lower, keys);
  }
}

/// q k plus what every query's scores begin with. `q` leads to eight queries, `k` to eight keys.
inline Scores scores_of(const bfloat16* q, const bfloat16* k, const Sum& upper, const Sum& lower) {
  Scores scores;
  SOTTO_UNROLL
  for (int j = 0; j < 2; ++j) {
    scores.blocks[j] = Mmul(upper);
    scores.blocks[2 + j] = Mmul(lower);
  }
  SOTTO_LOOP(8, int i = 0; i < kHeadBlocks; ++i) {
    score_step(scores, q + i * kOperand, k + i * kOperand);
  }
  return scores;
}

/// The lanes of keys below `valid`, when the first one's is `key`: of two 4 x 4 blocks one above
/// the other; of a 4 x 8 block.
inline aie::mask<kOperand> four_keys(Scalar key, Scalar valid) {
  return aie::mask<kOperand>::from_uint32(0x11111111u * ((1u << clamp_index(valid - key, 4)) - 1));
}
inline aie::mask<kOperand> eight_keys(Scalar key, Scalar valid) {
  return aie::mask<kOperand>::from_uint32(0x01010101u * ((1u << clamp_index(valid - key, 8)) - 1));
}

/// The largest of every row of two 4 x 4 blocks, one above the other, in all of its row.
struct RowMaxima {
  Half upper, lower;
};
inline RowMaxima row_maxima(const Operand& both) {  // 8 rows x 4, then 8 x 2, then 8 (twice)
  const Half two = aie::max(aie::filter_even(both, 1), aie::filter_odd(both, 1));
  const Operand twice = aie::concat(two, two);
  const Half one = aie::max(aie::filter_even(twice, 1), aie::filter_odd(twice, 1));
  const Half doubled = aie::interleave_zip(one, one, 1).first;
  const auto [first, second] = aie::interleave_zip(doubled, doubled, 1);
  return {first, second};
}

/// The largest score of each of eight queries over the keys below `valid`, in bfloat16.
inline RowMaxima largest_scores(const bfloat16* q, const bfloat16* k, const Sum& upper,
                                const Sum& lower, int valid) {
  constexpr bfloat16 kLowest = -0x1.FEp127f;
  const Operand lowest = aie::broadcast<bfloat16, kOperand>(kLowest);
  Operand top = lowest;
  SOTTO_LOOP(8, int eight = 0; eight < kEights; ++eight) {
    const Scores scores = scores_of(q, k + eight * (kQuadElements / 2), upper, lower);
    SOTTO_UNROLL
    for (int j = 0; j < 2; ++j) {
      const Operand block = aie::concat(scores.blocks[j].template to_vector<bfloat16>(),
                                        scores.blocks[2 + j].template to_vector<bfloat16>());
      top = aie::max(top, aie::select(lowest, block, four_keys(8 * eight + 4 * j, valid)));
    }
  }
  return row_maxima(top);
}

}  // namespace sotto::npu::kernels
