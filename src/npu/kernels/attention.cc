// Fused attention on one core: 64 queries of a head against its keys and values, tile by tile,
// scores never leave the core (Dao et al., "FlashAttention", 2022). Scores are in units of log2,
// the factor log2(e) / sqrt(64) being folded into the queries' weights:
//     out = sum_j 2^(s_j - r) v_j / sum_j 2^(s_j - r)
// for any reference r. It is taken from the first tile, so that no pass over the scores is needed
// to find the largest; only where a later score exceeds it by kLimit are the sums made smaller and
// r larger (attention_raise), and the tile's weights taken anew. The scores' sums begin with -r,
// which costs nothing. Weights are rounded to bfloat16 once, and what is divided by is the float32
// sum of the rounded ones.
#include "npu/kernels/attention.h"

#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

/// A score may exceed the reference by 2^30 before the sums are scaled; exp2 clamps at 32. Rows
/// that exceed theirs by less than kRaised, the largest score rounded to bfloat16, stay as they
/// are.
constexpr int16 kLimit = 30 * kExp2Fraction;
constexpr float kRaised = 16;

/// Scores of 8 queries and 8 keys: as many sums as a product each cycle needs.
struct EightKeys {
  Mmul blocks[2][2];  // of 4 queries x 4 keys
};

/// q k plus what every query's scores begin with. `q` leads to eight queries, `k` to eight keys.
inline EightKeys scores_of_eight(const bfloat16* q, const bfloat16* k, const float* offsets) {
  const Mmul upper(load_sum(offsets)), lower(load_sum(offsets + kSum));
  EightKeys scores = {{{upper, upper}, {lower, lower}}};
  SOTTO_UNROLL
  for (int step = 0; step < kHeadBlocks; ++step) {
    const Operand queries[2] = {aie::load_v<kOperand>(q + step * kOperand),
                                aie::load_v<kOperand>(q + kQueryRow + step * kOperand)};
    SOTTO_UNROLL
    for (int j = 0; j < 2; ++j) {
      const Operand keys = aie::load_v<kOperand>(k + (j * kHeadBlocks + step) * kOperand);
      SOTTO_UNROLL
      for (int i = 0; i < 2; ++i) scores.blocks[i][j].mac(queries[i], keys);
    }
  }
  return scores;
}

/// The arguments of exp2 of eight queries, upper and lower ones.
struct Exponents {
  aie::vector<int16, 32> rows[2];
};

/// Those of scores; of keys that do not count the lowest there is. `top` is the largest so far.
inline Exponents exponents_of(const EightKeys& scores, const aie::mask<kOperand>& keys,
                              aie::vector<int16, 32>& top) {
  const auto lowest = aie::broadcast<int16, 32>(kExp2Lowest);
  Exponents exponents;
  SOTTO_UNROLL
  for (int i = 0; i < 2; ++i) {
    const SumPair pair = join(scores.blocks[i][0].to_accum(), scores.blocks[i][1].to_accum());
    const auto columns = exp2_argument(pair);
    const auto rows = weave(columns.extract<kSum>(0), columns.extract<kSum>(1));
    exponents.rows[i] = aie::select(lowest, rows, keys);
    top = aie::max(top, exponents.rows[i]);
  }
  return exponents;
}

/// Stores the weights, zero for keys that do not count, of the upper queries at `p` and of the
/// lower ones kPairRow elements below. Their sums, added to `before`, go to `sums`.
inline void weigh(bfloat16* p, float* sums, const float* before, const Exponents& exponents,
                  const aie::mask<kOperand>& keys) {
  constexpr bfloat16 kOne = 1.0f, kZero = 0.0f;
  const Operand ones = aie::broadcast<bfloat16, kOperand>(kOne);
  const Operand zeros = aie::broadcast<bfloat16, kOperand>(kZero);
  SOTTO_UNROLL
  for (int i = 0; i < 2; ++i) {
    const Operand weights = aie::select(zeros, exp2(exponents.rows[i]), keys);
    Mmul sum(load_sum(before + i * kSum));
    sum.mac(weights, ones);
    store_sum(sums + i * kSum, sum.to_accum());
    aie::store_v(p + i * kPairRow, weights);
  }
}

/// Of eight queries and eight keys, those with number i in the order of attention_weights: all
/// queries with the first eight keys, then with the next. None of the keys counts where i < 0.
struct Eight {
  int pair, eight;
  aie::mask<kOperand> keys;
  Eight(int i, int valid)
      : pair((i + kPairs) % kPairs),
        eight((i + kPairs) / kPairs - 1),
        keys(eight_keys(Scalar(i) & kFirstOfEight, valid)) {}

 private:
  /// Makes of a negative number one that is beyond all keys.
  static constexpr int kFirstOfEight = 0x7FFFFFF8;
};

/// x 2^-n, exact; zero where that is no normal float32. `n` is shifted to the place of the
/// exponent.
inline Sum scaled_down(const Sum& x, const aie::vector<int32, kSum>& n) {
  const aie::vector<int32, kSum> bits = bits_of(x);
  const auto stays = aie::gt(aie::bit_and(bits, int32(0x7F800000)), n);
  return from_bits(aie::select(aie::zeros<int32, kSum>(), aie::sub(bits, n), stays));
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void attention_largest(float* __restrict minus_largest, const bfloat16* __restrict q,
                       const bfloat16* __restrict k, const float* __restrict offsets, int valid) {
  round_to_nearest();
  SOTTO_LOOP(8, int pair = 0; pair < kPairs; ++pair, minus_largest += 2 * kSum) {
    const float* start = offsets + 2 * pair * kSum;
    const RowMaxima top =
        largest_scores(q + 2 * pair * kQueryRow, k, load_sum(start), load_sum(start + kSum), valid);
    store_sum(minus_largest, negated(Sum(top.upper)));
    store_sum(minus_largest + kSum, negated(Sum(top.lower)));
  }
}

void attention_reference(float* offsets, float* row_sums, const bfloat16* q, const bfloat16* k,
                         int valid) {
  // Row sums of zero are offsets of zero as well.
  zero_blocks(row_sums, kTileBlocks);
  attention_largest(offsets, q, k, row_sums, valid);
}

int attention_weights(bfloat16* __restrict p, float* sums, const float* before,
                      const bfloat16* __restrict q, const bfloat16* __restrict k,
                      const float* __restrict offsets, int valid) {
  round_and_saturate();
  const auto lowest = aie::broadcast<int16, 32>(kExp2Lowest);
  auto top = lowest;
  // Each iteration multiplies scores, makes exponents of those that the one before has multiplied,
  // and weights of the exponents that it has made: none of these needs another. What the first two
  // weigh are no keys, and what the last two multiply nobody wants.
  EightKeys scores;
  Exponents exponents = {{lowest, lowest}};
  const int end = kPairs * ((valid + 7) / 8) + 2;
  SOTTO_LOOP(kPairs + 2, int i = 0; i < end; ++i) {
    const Eight last(i - 2, valid), before_this(i - 1, valid), next(i, valid);
    // The sums of the first eight keys are the first to be stored; others are added to those.
    weigh(p + 2 * last.pair * kPairRow + last.eight * kOperand, sums + 2 * last.pair * kSum,
          (last.eight > 0 ? sums : before) + 2 * last.pair * kSum, exponents, last.keys);
    exponents = exponents_of(scores, before_this.keys, top);
    scores = scores_of_eight(q + 2 * next.pair * kQueryRow,
                             k + next.eight % kEights * (kQuadElements / 2),
                             offsets + 2 * next.pair * kSum);
  }
  return returns(choose(aie::reduce_max(top) > kLimit, Scalar(1), Scalar(0)));
}

void attention_raise(float* __restrict o, float* __restrict row_sums, float* __restrict offsets,
                     const float* __restrict minus_largest, float least) {
  constexpr float kWhole = 12582912.0f;  // 1.5 * 2^23: here float32 steps by one
  constexpr int32 kBitsOfWhole = 0x4B400000;
  round_and_saturate();
  SOTTO_LOOP(16, int i = 0; i < kTileBlocks; ++i, offsets += kSum, row_sums += kSum) {
    const Sum above = part_above(negated(load_sum(minus_largest + i * kSum)), least);
    const Sum shifted = aie::add(above, constant(kWhole));
    const Sum by = aie::sub(shifted, constant(kWhole));
    const auto whole = aie::sub(bits_of(shifted), aie::broadcast<int32, kSum>(kBitsOfWhole));
    // From 255 on nothing stays: above, the shift saturates.
    const auto exponent = aie::upshift(whole, 23);
    store_sum(offsets, aie::sub(load_sum(offsets), by));
    store_sum(row_sums, scaled_down(load_sum(row_sums), exponent));
    SOTTO_LOOP(16, int n = 0; n < kTileBlocks; ++n, o += kSum) {
      store_sum(o, scaled_down(load_sum(o), exponent));
    }
  }
}

void attention_finish(bfloat16* __restrict out, const float* __restrict o,
                      const float* __restrict row_sums, int strip) {
  round_to_nearest();
  o += strip * kStripBlocks * kTileBlocks * kSum;
  row_sums += strip * kStripBlocks * kSum;
  SOTTO_LOOP(kStripBlocks, int i = 0; i < kStripBlocks; ++i) {
    const Split inverse = split(rough_reciprocal(load_sum(row_sums + i * kSum)));
    SOTTO_LOOP(8, int n8 = 0; n8 < kTile / 8; ++n8, o += 2 * kSum, out += kOperand) {
      const Sum left = multiply(split(load_sum(o)), inverse);
      const Sum right = multiply(split(load_sum(o + kSum)), inverse);
      aie::store_v(out, weave(left.to_vector<bfloat16>(), right.to_vector<bfloat16>()));
    }
  }
}

void invert_sums(bfloat16* __restrict inverse, const float* __restrict row_sums) {
  round_to_nearest();
  // Two at once: each waits for itself most of the time.
  SOTTO_LOOP(8, int i = 0; i < kTileBlocks; i += 2) {
    const Sum x[2] = {load_sum(row_sums + i * kSum), load_sum(row_sums + (i + 1) * kSum)};
    Sum y[2] = {first_reciprocal(x[0]), first_reciprocal(x[1])};
    SOTTO_LOOP(3, int step = 0; step < 3; ++step) {
      SOTTO_UNROLL
      for (int j = 0; j < 2; ++j) y[j] = better_reciprocal(x[j], y[j]);
    }
    SOTTO_UNROLL
    for (int j = 0; j < 2; ++j) {
      const Split parts = split(y[j]);
      aie::store_v(inverse + (i + j) * kOperand, parts.parts);
    }
  }
}

void attention_again(float* o, float* sums, float* before, float* offsets, bfloat16* p,
                     const bfloat16* q, const bfloat16* k, int valid) {
  // The sums are due anew: until then their place is free.
  attention_largest(sums, q, k, offsets, valid);
  attention_raise(o, before, offsets, sums, kRaised);
  attention_weights(p, sums, before, q, k, offsets, valid);
}

void attention_keys(float* o, float* row_sums, float* offsets, bfloat16* p, const bfloat16* q,
                    const bfloat16* k, int valid) {
  alignas(32) float before[kTileBlocks * kSum];
  passthrough(reinterpret_cast<int32*>(before), reinterpret_cast<const int32*>(row_sums),
              kTileBlocks * kSum);
  if (valid < kTile) zero_blocks(reinterpret_cast<float*>(p), kWeightsBlocks);
  if (attention_weights(p, row_sums, before, q, k, offsets, valid) != 0) {
    attention_again(o, row_sums, before, offsets, p, q, k, valid);
  }
}

void attention_values(float* o, const bfloat16* p, const bfloat16* v) {
  gemm_bf16_tile(o, p, v);
}
