// Attention in int8 (int8.h), after int8_impl.h: for a block of queries, strip by strip over the
// keys. The scores of a strip stay in the first-level cache; its weights are bytes relative to its
// own largest score, so that a strip which another one outshines keeps its precision.
#pragma once

#include "cpu/int8_cache_impl.h"
#include "cpu/int8_impl.h"

namespace sotto::cpu {
namespace {

/// An exponent of 2 as the bits of a float count it, in its last place: the bits of 2^x are
/// kExponent·(x + 127) for whole x.
constexpr float kExponent = 0x1p23f;
/// That of the weight 255.
constexpr float kTopExponent = kExponent * (127.0f + 7.99435344f);

/// 2^(x − 127) for bits = kExponent·x, to the nearest integer, if that is at most 2³⁰. Of the bits
/// x + 1 ends in, read as a number g between 1 and 2, a polynomial makes 2^(g − 1), between 1 and 2
/// as well: the minimax one of degree 3 that is not below 1 (relative error 9e-5).
SOTTO_INLINE Integers weight_byte(Vector bits) {
  const Integers mantissa = broadcast_integer(0x007F'FFFF);
  const Integers exponent = truncate(max(broadcast(kExponent * 96), bits));
  const Vector g = as_vector(select_bits(mantissa, exponent, as_integers(broadcast(1.0f))));
  Vector p = fma(broadcast(7.70397502e-02f), g, broadcast(-3.42972312e-03f));
  p = fma(p, g, broadcast(4.70837114e-01f));
  p = fma(p, g, broadcast(4.55554859e-01f));
  return to_integers(as_vector(select_bits(mantissa, as_integers(p), exponent)));
}

/// The scores of R keys of a block with a block of queries but for the queries' scales:
/// scores[key][query] = k·q. Raises their largest.
template <int R>
SOTTO_INLINE void score_keys(float* scores, Vector (&top)[2], const Int8AttentionTask& task,
                             const std::int8_t* k, int key_at) {
  const std::int32_t* const offsets = task.k_offsets + key_at;
  const float* const scales = task.k_scales + key_at;
  Integers sums[R][2];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast_integer(offsets[r]);
  multiply_bytes(sums, task.q, k, 4, 4 * kBlock, quads_of(task.d));
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    const Vector scale = broadcast(scales[r]), origin = origin_of(scale);
    for (int half = 0; half < 2; ++half) {
      const Vector score = scaled(sums[r][half], scale, origin);
      store(scores + r * kBlock + half * kLanes, score);
      top[half] = max(score, top[half]);
    }
  }
}

/// The same for n_keys keys of a block.
SOTTO_INLINE void score_block(float* scores, Vector (&top)[2], const Int8AttentionTask& task,
                              const std::int8_t* k, int key_at, int n_keys) {
  for (int key = 0; key < n_keys; key += kInt8Rows) {
    with_rows<kInt8Rows>(smaller(kInt8Rows, n_keys - key), [&]<int R>(Rows<R>) {
      score_keys<R>(scores + key * kBlock, top, task, k + key * 4, key_at + key);
    });
  }
}

/// Weights of a strip as quads of keys: bytes 255·2^(score·factor − top), for a top that is not
/// less than score·factor; zero after the last key. Returns their sums.
SOTTO_INLINE Integers weigh_strip(std::uint8_t* weights, const float* scores, Vector factor,
                                  Vector top, int n_keys) {
  const Integers ones = broadcast_integer(0x01010101);
  Integers total = broadcast_integer(0);
  const Vector slope = factor * broadcast(kExponent);
  const Vector shift = fma(top, broadcast(-kExponent), broadcast(kTopExponent));
  const auto weight = [&](int key) {
    return weight_byte(fma(load(scores + key * kBlock), slope, shift));
  };
  const Integers zero = broadcast_integer(0);
  int key = 0;
  for (; key + 4 <= n_keys; key += 4, weights += 4 * kBlock) {
    const Integers quad = weight(key) | shift_left<8>(weight(key + 1)) |
                          shift_left<16>(weight(key + 2)) | shift_left<24>(weight(key + 3));
    store_integers(weights, quad);
    total = dot_bytes(total, quad, ones);
  }
  if (key < n_keys) {
    const Integers b = key + 1 < n_keys ? weight(key + 1) : zero;
    const Integers c = key + 2 < n_keys ? weight(key + 2) : zero;
    const Integers quad = weight(key) | shift_left<8>(b) | shift_left<16>(c);
    store_integers(weights, quad);
    total = dot_bytes(total, quad, ones);
  }
  return total;
}

/// out(row, query) = out·kept + added·Σ_key v(row, key)·weights[key][query] over a strip of keys,
/// with short scales `added`.
SOTTO_INLINE void add_value_strip(float* out, const Int8AttentionTask& task,
                                  const Vector (&kept)[2], const Vector (&added)[2],
                                  const std::uint8_t* weights, const std::int8_t* v,
                                  const float* scales, int n_keys) {
  const int n_quads = quads_of(n_keys);
  const Vector origin[2] = {origin_of(added[0]), origin_of(added[1])};
  for (int row = 0; row < task.d; row += kInt8Rows) {
    with_rows<kInt8Rows>(smaller(kInt8Rows, task.d - row), [&]<int R>(Rows<R>) {
      Integers sums[R][2];
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast_integer(kSumOriginBits);
      const std::int8_t* bytes = v + row * kBlock;
      for (int quad = 0; quad < n_quads; quad += kBlock / 4, bytes += task.d * kBlock) {
        multiply_bytes(sums, weights + quad * 4 * kBlock, bytes, kBlock, 4,
                       smaller(kBlock / 4, n_quads - quad));
      }
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        const Vector scale = broadcast(scales[row + r]);
        for (int half = 0; half < 2; ++half) {
          float* const o = out + (row + r) * kBlock + half * kLanes;
          const Vector sum = scaled(sums[r][half], added[half], origin[half]);
          store(o, fma(sum, scale, load(o) * kept[half]));
        }
      }
    });
  }
}

void attention(const Int8AttentionTask& task) noexcept {
  float* const scores = task.scratch;
  auto* const weights = reinterpret_cast<std::uint8_t*>(scores + kValueStrip * kBlock);
  float* const out = scores + (kValueStrip + kValueStrip / 4) * kBlock;
  const int n_quads = quads_of(task.d);
  const Vector log2_scale = broadcast(task.scale * 1.44269504f);
  const Vector factor[2] = {load(task.q_scales) * log2_scale,
                            load(task.q_scales + kLanes) * log2_scale};
  Vector top[2] = {broadcast(-1e30f), broadcast(-1e30f)};
  Vector total[2] = {broadcast(0.0f), broadcast(0.0f)};
  for (int i = 0; i < task.d * kBlock; i += kLanes) store(out + i, broadcast(0.0f));
  for (int begin = 0; begin < task.n_keys; begin += kValueStrip) {
    const int n_keys = smaller(kValueStrip, task.n_keys - begin);
    Vector strip_top[2] = {broadcast(-__builtin_inff()), broadcast(-__builtin_inff())};
    for (int key = 0; key < n_keys; key += kBlock) {
      const std::ptrdiff_t block = (begin + key) / kBlock;
      score_block(scores + key * kBlock, strip_top, task, task.k + block * n_quads * 4 * kBlock,
                  begin + key, smaller(kBlock, n_keys - key));
    }
    Vector kept[2], added[2];
    for (int half = 0; half < 2; ++half) {
      const Vector this_top = strip_top[half] * factor[half];
      const Vector new_top = max(this_top, top[half]);
      const Integers sums = weigh_strip(weights + half * 4 * kLanes, scores + half * kLanes,
                                        factor[half], this_top, n_keys);
      kept[half] = exp2_nonpositive(top[half] - new_top);
      added[half] = short_scale(exp2_nonpositive(this_top - new_top));
      total[half] = fma(to_vector(sums), added[half], total[half] * kept[half]);
      top[half] = new_top;
    }
    const std::ptrdiff_t strip = begin / kValueStrip;
    add_value_strip(out, task, kept, added, weights, task.v + strip * kValueStrip * task.d,
                    task.v_scales + strip * task.d, n_keys);
  }
  for (int half = 0; half < 2; ++half) {
    const Vector share = broadcast(1.0f) / total[half];
    for (int row = 0; row < task.d; ++row) {
      float* const o = out + row * kBlock + half * kLanes;
      store(o, load(o) * share);
    }
  }
  quantize_group(task.quads, task.quad_scales, out, task.d);
}

constexpr Int8Kernels kInt8Table = {kInt8Isa,  kBlock,        kInt8Rows,     linear,
                                    quantize,  quantize_rows, quantize_keys, quantize_values,
                                    attention, store_keys,    store_values};

}  // namespace
}  // namespace sotto::cpu
