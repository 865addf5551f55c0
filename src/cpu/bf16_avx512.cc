// The kernels of bf16.h in AVX-512 BF16.
#include "cpu/bf16.h"

#include "base/isa.h"
// The vectors come before the algorithms that use them.
#include "cpu/dot_avx512_bf16.h"

#include "cpu/bf16_products_impl.h"
#include "cpu/elementwise_impl.h"

namespace sotto::cpu {

extern const Bf16Kernels kAvx512Bf16Kernels;

namespace {

constexpr int kBf16Rows = 12;  // 12×2 sums, 2 vectors of lanes, 1 broadcast: 27 of 32 registers
constexpr int kAttentionRows = 8;

/// The nearest bfloat16 in the low half of each lane.
SOTTO_INLINE Integers to_bf16(Vector a) {
  const __m256i halves = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(a));
  return _mm512_cvtepu16_epi32(halves);
}

SOTTO_INLINE Integers pair(Vector low, Vector high) {
  return to_bf16(low) | shift_left<16>(to_bf16(high));
}

template <int R>
SOTTO_INLINE void set_zero(Vector (&sums)[R][2]) {
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast(0.0f);
}

/// Outputs n and n + 1 of a block: one pair, or two rows.
SOTTO_INLINE void store_outputs(const Bf16LinearTask& task, int block, int n, const Vector (&a)[2],
                                const Vector (&b)[2]) {
  Bf16* const out = task.out + (static_cast<std::ptrdiff_t>(block) * task.n_out + n) * kBlock;
  for (int half = 0; half < 2; ++half) {
    if (n < task.pairs_end) {
      store_integers(out + half * 2 * kLanes, pair(a[half], b[half]));
      continue;
    }
    const auto store_row = [](Bf16* p, Vector x) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                          reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
    };
    store_row(out + half * kLanes, a[half]);
    if (n + 1 < task.n_out) store_row(out + kBlock + half * kLanes, b[half]);
  }
}

void linear_tile(const Bf16LinearTask& task, int block, int panel) {
  constexpr int R = kBf16Rows;
  const std::ptrdiff_t n_pairs = (task.n_in + 1) / 2;
  Vector sums[R][2];
  set_zero(sums);
  multiply_pairs(sums, task.x + block * n_pairs * 2 * kBlock, task.panels + panel * n_pairs * 2 * R,
                 2, 2 * R, static_cast<int>(n_pairs));
  const int n = panel * R, n_rows = smaller(R, task.n_out - n);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    const Vector bias = broadcast(r < n_rows ? task.bias[n + r] : 0.0f);
    for (Vector& sum : sums[r]) {
      sum = sum + bias;
      if (task.activation == Activation::gelu) sum = fine_gelu(sum);
    }
  }
  if (task.y == nullptr) {
    SOTTO_UNROLL
    for (int r = 0; r < R; r += 2) {
      if (r < n_rows) store_outputs(task, block, n + r, sums[r], sums[r + 1]);
    }
    return;
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int half = 0; half < 2 && r < n_rows; ++half) {
      const std::ptrdiff_t at =
          (static_cast<std::ptrdiff_t>(block) * task.n_out + n + r) * kBlock + half * kLanes;
      const Vector sum = sums[r][half];
      store(task.y + at, task.residual != nullptr ? load(task.residual + at) + sum : sum);
    }
  }
}

void linear(const Bf16LinearTask& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) {
    for (int block = task.block_begin; block < task.block_end; ++block) {
      linear_tile(task, block, panel);
    }
  }
}

void convolve_tile(const ConvolutionTask<Bf16>& task, int panel) {
  constexpr int R = kBf16Rows;
  const std::ptrdiff_t n_pairs = (task.n_in + 1) / 2;
  Vector sums[R][2];
  set_zero(sums);
  const Bf16* weights = task.panels + panel * n_pairs * kTaps * 2 * R;
  const Bf16* x = task.x;
  for (int i = 0; i < n_pairs; ++i, x += 2 * task.x_row) {
    for (int tap = 0; tap < kTaps; ++tap, weights += 2 * R) {
      add_pairs(sums, x + 2 * task.taps[tap], weights, 2);
    }
  }
  const int n = panel * R, n_rows = smaller(R, task.n_out - n);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int half = 0; half < 2 && r < n_rows; ++half) {
      const std::ptrdiff_t at = (n + r) * task.y_row + half * kLanes;
      const Vector sum = fine_gelu(sums[r][half] + broadcast(task.bias[n + r]));
      store(task.y + at, task.residual != nullptr ? load(task.residual + at) + sum : sum);
    }
  }
}

void convolve(const ConvolutionTask<Bf16>& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) convolve_tile(task, panel);
}

/// 2^x for x ≤ 0 by a minimax polynomial of degree 3 (relative error 1e-4): exact enough for
/// bfloat16, which has 8 bits.
SOTTO_INLINE Vector coarse_exp2(Vector x) {
  const Vector t = max(broadcast(-126.0f), x);
  const Vector n = round(t);
  const Vector f = t - n;
  Vector p = fma(broadcast(5.5171772e-2f), f, broadcast(2.4261162e-1f));
  p = fma(p, f, broadcast(6.9326097e-1f));
  p = fma(p, f, broadcast(9.9992818e-1f));
  return scale(p, n);
}

/// scores[key][query] of n_keys keys of one block, times `factor`. Raises top.
SOTTO_INLINE void score_block(float* scores, Vector (&top)[2], const Bf16AttentionTask& task,
                              const Bf16* k, Vector factor, int n_keys) {
  for (int key = 0; key < n_keys; key += kAttentionRows) {
    Vector sums[kAttentionRows][2];
    set_zero(sums);
    multiply_pairs(sums, task.q, k + key * 2, 2, 2 * kBlock, task.d / 2);
    SOTTO_UNROLL
    for (int r = 0; r < kAttentionRows; ++r) {
      for (int half = 0; half < 2; ++half) {
        const Vector score = sums[r][half] * factor;
        store(scores + (key + r) * kBlock + half * kLanes, score);
        if (key + r < n_keys) top[half] = max(score, top[half]);
      }
    }
  }
}

/// Weights 2^(score − top) as pairs of keys; zero after the last key. Returns their sums.
SOTTO_INLINE Vector weigh_strip(Bf16* weights, const float* scores, Vector top, int n_keys) {
  const Integers ones = broadcast_integer(0x3F803F80);
  Vector total = broadcast(0.0f);
  for (int key = 0; key < n_keys; key += 2, weights += 2 * kBlock) {
    const Vector low = coarse_exp2(load(scores + key * kBlock) - top);
    const Vector high =
        key + 1 < n_keys ? coarse_exp2(load(scores + (key + 1) * kBlock) - top) : broadcast(0.0f);
    const Integers both = pair(low, high);
    store_integers(weights, both);
    total = dot_bf16(total, both, ones);
  }
  return total;
}

/// out(row, query) = out·kept + Σ_key v(row, key)·weights[key][query] over a strip of keys.
template <int R>
SOTTO_INLINE void add_values(float* out, const Vector (&kept)[2], const Bf16* weights,
                             const Bf16* v, std::ptrdiff_t v_block, int n_keys) {
  Vector sums[R][2];
  set_zero(sums);
  for (int key = 0; key < n_keys; key += kBlock, v += v_block) {
    multiply_pairs(sums, weights + key * kBlock, v, kBlock, 2,
                   (smaller(kBlock, n_keys - key) + 1) / 2);
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int half = 0; half < 2; ++half) {
      float* const o = out + r * kBlock + half * kLanes;
      store(o, fma(load(o), kept[half], sums[r][half]));
    }
  }
}

void to_pairs(Bf16* pairs, std::ptrdiff_t row, const float* x, int d) noexcept {
  for (int i = 0; i < d; i += 2, pairs += 2 * row) {
    for (int half = 0; half < 2; ++half) {
      const float* const p = x + i * kBlock + half * kLanes;
      const Vector high = i + 1 < d ? load(p + kBlock) : broadcast(0.0f);
      store_integers(pairs + half * 2 * kLanes, pair(load(p), high));
    }
  }
}

void attention(const Bf16AttentionTask& task) noexcept {
  float* const scores = task.scratch;
  Bf16* const weights = reinterpret_cast<Bf16*>(scores + kBf16Strip * kBlock);
  float* const out = scores + (kBf16Strip + kBf16Strip / 2) * kBlock;
  const Vector factor = broadcast(task.scale * 1.44269504f);
  Vector top[2] = {broadcast(-__builtin_inff()), broadcast(-__builtin_inff())};
  Vector total[2] = {broadcast(0.0f), broadcast(0.0f)};
  for (int i = 0; i < task.d * kBlock; i += kLanes) store(out + i, broadcast(0.0f));
  for (int begin = 0; begin < task.n_keys; begin += kBf16Strip) {
    const int n_keys = smaller(kBf16Strip, task.n_keys - begin);
    const std::ptrdiff_t offset = begin / kBlock * task.kv_block;
    const Vector old_top[2] = {top[0], top[1]};
    for (int key = 0; key < n_keys; key += kBlock) {
      score_block(scores + key * kBlock, top, task, task.k + offset + key / kBlock * task.kv_block,
                  factor, smaller(kBlock, n_keys - key));
    }
    Vector kept[2];
    for (int half = 0; half < 2; ++half) {
      kept[half] = exp2_nonpositive(old_top[half] - top[half]);
      const Vector sum =
          weigh_strip(weights + half * 2 * kLanes, scores + half * kLanes, top[half], n_keys);
      total[half] = fma(total[half], kept[half], sum);
    }
    int row = 0;
    for (; row + kAttentionRows <= task.d; row += kAttentionRows) {
      add_values<kAttentionRows>(out + row * kBlock, kept, weights, task.v + offset + row * kBlock,
                                 task.kv_block, n_keys);
    }
    for (; row < task.d; ++row) {
      add_values<1>(out + row * kBlock, kept, weights, task.v + offset + row * kBlock,
                    task.kv_block, n_keys);
    }
  }
  for (int half = 0; half < 2; ++half) total[half] = broadcast(1.0f) / total[half];
  for (int i = 0; i < task.d * kBlock; i += kLanes) {
    store(out + i, load(out + i) * total[i / kLanes % 2]);
  }
  to_pairs(task.out, kBlock, out, task.d);
}

}  // namespace

constinit const Bf16Kernels kAvx512Bf16Kernels = {kBlock,    kBf16Rows, linear,
                                                  attention, convolve,  to_pairs};

}  // namespace sotto::cpu
