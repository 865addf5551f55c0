// Fused attention on one core: 64 queries of a head against its keys and values, tile by tile,
// scores never leave the core (Dao et al., "FlashAttention", 2022). Scores are in units of log2,
// the factor log2(e) / sqrt(64) being folded into the queries' weights:
//     out = sum_j 2^(s_j - r) v_j / sum_j 2^(s_j - r)
// for any reference r. It is taken from the first tile, so that no pass over the scores is needed
// to find the largest; only where a later score exceeds it by kLimit are the sums made smaller and
// r larger (attention_raise). The scores' sums begin with -r, which costs nothing. Weights are
// rounded to bfloat16 once, and what is divided by is the float32 sum of the rounded ones.
#include "npu/kernels/attention.h"

#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

/// A score may exceed the reference by 2^30 before the sums are scaled; exp2 clamps at 32.
constexpr int16 kLimit = 30 * kExp2Fraction;
constexpr int16 kNoLimit = 32767;  // nothing exceeds it

/// What accumulates over the keys of eight queries.
struct Weighing {
  Mmul sums[2];                // of the weights of a row, in all columns
  aie::vector<int16, 32> top;  // the largest exponents
};

/// Scores of 8 queries and 8 keys: as many sums as a product each cycle needs. Those of more keys
/// and what becomes of them would not fit into the registers together.
struct EightKeys {
  Mmul blocks[2][2];  // of 4 queries x 4 keys
};

/// What every query's scores begin with.
inline EightKeys first_eight(const Sum& upper, const Sum& lower) {
  return {{{Mmul(upper), Mmul(upper)}, {Mmul(lower), Mmul(lower)}}};
}

/// q k plus that. `q` leads to eight queries, `k` to eight keys.
inline EightKeys scores_of_eight(const bfloat16* q, const bfloat16* k, const Sum& upper,
                                 const Sum& lower) {
  EightKeys scores = first_eight(upper, lower);
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

/// Turns scores of eight keys, the first of which is `key`, into weights: zero from `valid` on. `p`
/// leads to the upper queries' weights, `p_row` elements above the lower ones'.
inline void weigh(Weighing& weighing, bfloat16* p, int p_row, const EightKeys& scores, Scalar key,
                  Scalar valid) {
  constexpr bfloat16 kOne = 1.0f, kZero = 0.0f;
  const Operand ones = aie::broadcast<bfloat16, kOperand>(kOne);
  const Operand zeros = aie::broadcast<bfloat16, kOperand>(kZero);
  const auto lowest = aie::broadcast<int16, 32>(kExp2Lowest);
  const aie::mask<kOperand> keys = eight_keys(key, valid);
  SOTTO_UNROLL
  for (int i = 0; i < 2; ++i) {
    const SumPair pair = join(scores.blocks[i][0].to_accum(), scores.blocks[i][1].to_accum());
    const auto columns = exp2_argument(pair);
    const auto rows = weave(columns.extract<kSum>(0), columns.extract<kSum>(1));
    const auto exponents = aie::select(lowest, rows, keys);
    weighing.top = aie::max(weighing.top, exponents);
    const Operand weights = aie::select(zeros, exp2(exponents), keys);
    weighing.sums[i].mac(weights, ones);
    aie::store_v(p + i * p_row, weights);
  }
}

/// Scores are multiplied while those of the eight keys before become weights: neither needs the
/// other. The first time there is nothing before; no key counts then.
inline void weigh_all(Weighing& weighing, bfloat16* p, const bfloat16* q, const bfloat16* k,
                      const Sum& upper, const Sum& lower, int valid) {
  EightKeys before = first_eight(upper, lower);
  bfloat16* p_before = p;
  Scalar key_before = 0, valid_before = 0;
  SOTTO_LOOP(8, int eight = 0; eight < kEights; ++eight) {
    const EightKeys scores = scores_of_eight(q, k + eight * (kQuadElements / 2), upper, lower);
    weigh(weighing, p_before, kPairRow, before, key_before, valid_before);
    before = scores;
    p_before = p + eight * kOperand;
    key_before = 8 * eight;
    valid_before = valid;
  }
  weigh(weighing, p_before, kPairRow, before, key_before, valid_before);
}

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

void attention_largest(float* minus_largest, const bfloat16* __restrict q,
                       const bfloat16* __restrict k, const float* offsets, int valid, int first,
                       int end) {
  round_to_nearest();
  SOTTO_LOOP(1, int pair = first; pair < end; ++pair, minus_largest += 2 * kSum) {
    const float* start = offsets + 2 * pair * kSum;
    const RowMaxima top =
        largest_scores(q + 2 * pair * kQueryRow, k, load_sum(start), load_sum(start + kSum), valid);
    store_sum(minus_largest, negated(Sum(top.upper)));
    store_sum(minus_largest + kSum, negated(Sum(top.lower)));
  }
}

void attention_reference(float* offsets, float* row_sums, const bfloat16* q, const bfloat16* k,
                         int valid) {
  zero_blocks(offsets, kTileBlocks);
  zero_blocks(row_sums, kTileBlocks);
  attention_largest(offsets, q, k, offsets, valid, 0, kPairs);
}

int attention_weights(bfloat16* __restrict p, float* __restrict row_sums,
                      const bfloat16* __restrict q, const bfloat16* __restrict k,
                      const float* __restrict offsets, int valid, int first, int checked) {
  round_and_saturate();
  SOTTO_LOOP(1, int pair = first; pair < kPairs; ++pair) {
    float* sums = row_sums + 2 * pair * kSum;
    const float* start = offsets + 2 * pair * kSum;
    Weighing weighing = {{Mmul(load_sum(sums)), Mmul(load_sum(sums + kSum))},
                         aie::broadcast<int16, 32>(kExp2Lowest)};
    weigh_all(weighing, p + 2 * pair * kPairRow, q + 2 * pair * kQueryRow, k, load_sum(start),
              load_sum(start + kSum), valid);
    const Scalar here = pair, limit = choose(here >= checked, Scalar(kLimit), Scalar(kNoLimit));
    if (leaves(aie::reduce_max(weighing.top) > limit, here)) return pair;
    store_sum(sums, weighing.sums[0].to_accum());
    store_sum(sums + kSum, weighing.sums[1].to_accum());
  }
  return kPairs;
}

void attention_raise(float* __restrict o, float* __restrict row_sums, float* __restrict offsets,
                     const float* __restrict minus_largest, int pair) {
  constexpr float kWhole = 12582912.0f;  // 1.5 * 2^23: here float32 steps by one
  constexpr int32 kBitsOfWhole = 0x4B400000;
  round_and_saturate();
  o += 2 * pair * kTileBlocks * kSum;
  row_sums += 2 * pair * kSum;
  offsets += 2 * pair * kSum;
  SOTTO_LOOP(2, int i = 0; i < 2; ++i, offsets += kSum, row_sums += kSum) {
    const Sum above = positive_part(negated(load_sum(minus_largest + i * kSum)));
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

int attention_again(float* o, float* row_sums, float* offsets, bfloat16* p, const bfloat16* q,
                    const bfloat16* k, int valid, int pair) {
  // The weights of these queries are due anew: until then their place is free.
  float* const minus_largest = reinterpret_cast<float*>(p + 2 * pair * kPairRow);
  attention_largest(minus_largest, q, k, offsets, valid, pair, pair + 1);
  attention_raise(o, row_sums, offsets, minus_largest, pair);
  return attention_weights(p, row_sums, q, k, offsets, valid, pair, pair + 1);
}

void attention_keys(float* o, float* row_sums, float* offsets, bfloat16* p, const bfloat16* q,
                    const bfloat16* k, int valid) {
  int next = attention_weights(p, row_sums, q, k, offsets, valid, 0, 0);
  while (next < kPairs) next = attention_again(o, row_sums, offsets, p, q, k, valid, next);
}

void attention_values(float* o, const bfloat16* p, const bfloat16* v) {
  gemm_bf16_tile(o, p, v);
}
