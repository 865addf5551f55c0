// The algorithms of kernels.h, written once. Each kernels_<isa>.cc includes the vectors of its
// instruction set (simd_<isa>.h) and then this file; everything here has internal linkage, so that
// no other file can come to run instructions that were compiled for this one.
//
// The heart is a tile of sums(r, lane) += row(r)[k] · lanes[k][lane], R×B of them held in
// registers: R = up to kTileRows rows, each number broadcast, times B = kBlock numbers from two
// vectors.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/kernels.h"

namespace sotto::cpu {
namespace {

static_assert(kKeyStrip % kBlock == 0);

// --- sums
// -----------------------------------------------------------------------------------------

/// Σ f(i) for i in [0, n) in eight chains.
template <typename F>
SOTTO_INLINE Vector sum_of(int n, const F& f) {
  constexpr int kChains = 8;
  Vector sums[kChains];
  for (Vector& chain : sums) chain = broadcast(0.0f);
  int i = 0;
  for (; i + kChains <= n; i += kChains) {
    SOTTO_UNROLL
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] + f(i + chain);
  }
  for (; i < n; ++i) sums[0] = sums[0] + f(i);
  for (int half = kChains / 2; half > 0; half /= 2) {
    for (int chain = 0; chain < half; ++chain) sums[chain] = sums[chain] + sums[chain + half];
  }
  return sums[0];
}

// --- tiles --------------------------------------------------------------------------------------

/// sums(r, ·) += Σ_k rows[r·row_stride + k·row_step] · lanes[k·lanes_step + ·] for k in [0, n).
template <int R>
SOTTO_INLINE void multiply_add(Vector (&sums)[R][2], const float* rows, std::ptrdiff_t row_stride,
                               std::ptrdiff_t row_step, const float* lanes, int n,
                               std::ptrdiff_t lanes_step = kBlock) {
  for (int k = 0; k < n; ++k) {
    const Vector a0 = load(lanes);
    const Vector a1 = load(lanes + kLanes);
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vector b = broadcast(rows[r * row_stride]);
      sums[r][0] = fma(b, a0, sums[r][0]);
      sums[r][1] = fma(b, a1, sums[r][1]);
    }
    rows += row_step;
    lanes += lanes_step;
  }
}

/// Products whose sum is one chain of additions. Chains add up to the whole sum: the rounding error
/// grows with the number of chains and the length of one, not with their product.
constexpr int kChain = 128;

template <int R>
SOTTO_INLINE void set_zero(Vector (&sums)[R][2]) {
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast(0.0f);
}

/// sums += what add(sums) makes of zeros.
template <int R, typename F>
SOTTO_INLINE void add_chain(Vector (&sums)[R][2], const F& add) {
  alignas(Vector) float before[R][2][kLanes];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    store(before[r][0], sums[r][0]);
    store(before[r][1], sums[r][1]);
  }
  set_zero(sums);
  add(sums);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    sums[r][0] = sums[r][0] + load(before[r][0]);
    sums[r][1] = sums[r][1] + load(before[r][1]);
  }
}

/// sums(r, ·) = Σ_k rows[r·row_stride + k·row_step] · lanes[k·kBlock + ·] for k in [0, n).
template <int R>
SOTTO_INLINE void multiply(Vector (&sums)[R][2], const float* rows, std::ptrdiff_t row_stride,
                           std::ptrdiff_t row_step, const float* lanes, int n) {
  set_zero(sums);
  multiply_add(sums, rows, row_stride, row_step, lanes, smaller(n, kChain));
  for (std::ptrdiff_t k = kChain; k < n; k += kChain) {
    add_chain(sums, [&](auto& chain) SOTTO_INLINE_LAMBDA {
      multiply_add(chain, rows + k * row_step, row_stride, row_step, lanes + k * kBlock,
                   smaller(n - static_cast<int>(k), kChain));
    });
  }
}

// --- linear layers ------------------------------------------------------------------------------

template <int R>
SOTTO_INLINE void linear_blocks_tile(const LinearBlocksTask& task, int block, int n) {
  Vector sums[R][2];
  const auto n_in = static_cast<std::ptrdiff_t>(task.n_in);
  multiply(sums, task.panels + n * n_in, 1, kTileRows, task.x + block * n_in * kBlock, task.n_in);
  const std::ptrdiff_t at = (std::ptrdiff_t{block} * task.n_out + n) * kBlock;
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    const Vector bias = broadcast(task.bias != nullptr ? task.bias[n + r] : 0.0f);
    for (int half = 0; half < 2; ++half) {
      const std::ptrdiff_t i = at + r * kBlock + half * kLanes;
      const Vector sum = apply(task.activation, sums[r][half] + bias);
      store(task.y + i, task.residual != nullptr ? load(task.residual + i) + sum : sum);
    }
  }
}

void linear_blocks(const LinearBlocksTask& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) {
    const int n = panel * kTileRows;
    with_rows<kTileRows>(smaller(kTileRows, task.n_out - n), [&]<int R>(Rows<R>) {
      for (int block = task.block_begin; block < task.block_end; ++block) {
        linear_blocks_tile<R>(task, block, n);
      }
    });
  }
}

/// A chain of additions is the three taps of kTapInputs inputs.
static_assert(kTapInputs * kTaps <= kChain);

template <int R>
SOTTO_INLINE void convolve_tile(const ConvolutionTask<float>& task, int n) {
  Vector sums[R][2];
  set_zero(sums);
  const float* rows = task.panels + std::ptrdiff_t{n} * task.n_in * kTaps;
  for (std::ptrdiff_t begin = 0; begin < task.n_in; begin += kTapInputs) {
    const int count = smaller(kTapInputs, task.n_in - static_cast<int>(begin));
    add_chain(sums, [&](auto& chain) SOTTO_INLINE_LAMBDA {
      for (const std::ptrdiff_t tap : task.taps) {
        multiply_add(chain, rows, 1, kTileRows, task.x + begin * task.x_row + tap, count,
                     task.x_row);
        rows += count * kTileRows;
      }
    });
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    const Vector bias = broadcast(task.bias[n + r]);
    for (int half = 0; half < 2; ++half) {
      const std::ptrdiff_t i = (n + r) * task.y_row + half * kLanes;
      const Vector sum = gelu(sums[r][half] + bias);
      store(task.y + i, task.residual != nullptr ? load(task.residual + i) + sum : sum);
    }
  }
}

void convolve(const ConvolutionTask<float>& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) {
    const int n = panel * kTileRows;
    with_rows<kTileRows>(smaller(kTileRows, task.n_out - n),
                         [&]<int R>(Rows<R>) { convolve_tile<R>(task, n); });
  }
}

/// Bias, activation and residual for the sums of row m from output n on, as far as there are
/// outputs.
SOTTO_INLINE void finish_rows(const LinearRowsTask& task, Vector sum, int m, int n) {
  const int width = task.n_out - n;
  if (width <= 0) return;
  if (task.bias != nullptr) sum = sum + load(task.bias + n);
  sum = apply(task.activation, sum);
  if (task.residual != nullptr) {
    const float* const residual = task.residual + m * task.residual_row + n;
    sum = (width >= kLanes ? load(residual) : load_first(residual, width)) + sum;
  }
  float* const y = task.y + m * task.y_row + n;
  if (width >= kLanes) {
    store(y, sum);
  } else {
    store_first(y, width, sum);
  }
}

template <int R>
SOTTO_INLINE void linear_rows_tile(const LinearRowsTask& task, int block, int m) {
  Vector sums[R][2];
  multiply(sums, task.x + m * task.x_row, task.x_row, 1,
           task.blocks + static_cast<std::ptrdiff_t>(block) * task.n_in * kBlock, task.n_in);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    finish_rows(task, sums[r][0], m + r, block * kBlock);
    finish_rows(task, sums[r][1], m + r, block * kBlock + kLanes);
  }
}

/// One row times four blocks of weights at once: with a single one, each sum would wait for the
/// one before it. Every sum is still taken in the order of multiply().
SOTTO_INLINE void linear_one_row_by_4(const LinearRowsTask& task, int block) {
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(task.n_in) * kBlock;
  const float* w = task.blocks + block * stride;
  Vector totals[4][2];
  set_zero(totals);
  for (int begin = 0; begin < task.n_in; begin += kChain) {
    Vector sums[4][2];
    set_zero(sums);
    const int end = smaller(task.n_in, begin + kChain);
    for (int k = begin; k < end; ++k, w += kBlock) {
      const Vector b = broadcast(task.x[k]);
      SOTTO_UNROLL
      for (int i = 0; i < 4; ++i) {
        sums[i][0] = fma(b, load(w + i * stride), sums[i][0]);
        sums[i][1] = fma(b, load(w + i * stride + kLanes), sums[i][1]);
      }
    }
    SOTTO_UNROLL
    for (int i = 0; i < 4; ++i) {
      totals[i][0] = sums[i][0] + totals[i][0];
      totals[i][1] = sums[i][1] + totals[i][1];
    }
  }
  for (int i = 0; i < 4; ++i) {
    finish_rows(task, totals[i][0], 0, (block + i) * kBlock);
    finish_rows(task, totals[i][1], 0, (block + i) * kBlock + kLanes);
  }
}

void linear_rows(const LinearRowsTask& task) noexcept {
  int block = task.block_begin;
  if (task.n_rows == 1) {
    for (; block + 4 <= task.block_end; block += 4) linear_one_row_by_4(task, block);
  }
  for (; block < task.block_end; ++block) {
    for (int m = 0; m < task.n_rows; m += kTileRows) {
      with_rows<kTileRows>(smaller(kTileRows, task.n_rows - m),
                           [&]<int R>(Rows<R>) { linear_rows_tile<R>(task, block, m); });
    }
  }
}

// --- attention ----------------------------------------------------------------------------------

/// The scores of up to kBlock keys with a block of queries: scores[key][query] = k·q. Raises `top`,
/// the largest score of each query.
SOTTO_INLINE void score_keys(float* scores, Vector (&top)[2], const float* q, const float* k, int d,
                             int n_keys) {
  for (int key = 0; key < n_keys; key += kScoreRows) {
    with_rows<kScoreRows>(smaller(kScoreRows, n_keys - key), [&]<int R>(Rows<R>) {
      Vector sums[R][2];
      set_zero(sums);
      multiply_add(sums, k + key, 1, kBlock, q, d);
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        for (int half = 0; half < 2; ++half) {
          top[half] = max(sums[r][half], top[half]);
          store(scores + (key + r) * kBlock + half * kLanes, sums[r][half]);
        }
      }
    });
  }
}

/// out(d, query) = out·correction + Σ_key v(d, key)·scores[key][query] over a strip of keys.
SOTTO_INLINE void add_values(float* out, const Vector (&correction)[2], const float* scores,
                             const float* v, std::ptrdiff_t v_block, int d, int n_keys) {
  for (int row = 0; row < d; row += kTileRows) {
    with_rows<kTileRows>(smaller(kTileRows, d - row), [&]<int R>(Rows<R>) {
      float* const o = out + row * kBlock;
      Vector sums[R][2];
      set_zero(sums);
      const float* values = v + row * kBlock;
      for (int key = 0; key < n_keys; key += kBlock, values += v_block) {
        multiply_add(sums, values, kBlock, 1, scores + key * kBlock, smaller(kBlock, n_keys - key));
      }
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        float* const o0 = o + r * kBlock;
        float* const o1 = o0 + kLanes;
        store(o0, fma(load(o0), correction[0], sums[r][0]));
        store(o1, fma(load(o1), correction[1], sums[r][1]));
      }
    });
  }
}

/// Strip by strip over the keys, with the largest score so far subtracted; when a strip raises it,
/// what was summed before is scaled down (Milakov & Gimelshein 2018, Dao et al. 2022).
void attention_block(const AttentionTask& task) noexcept {
  float* const q = task.scratch;
  float* const scores = q + task.d * kBlock;
  const Vector zero = broadcast(0.0f);
  const Vector scale = broadcast(task.scale);
  for (int i = 0; i < task.d * kBlock; i += kLanes) {
    store(q + i, load(task.q + i) * scale);
    store(task.out + i, zero);
  }
  Vector top[2] = {broadcast(-__builtin_inff()), broadcast(-__builtin_inff())};
  Vector total[2] = {zero, zero};
  for (int begin = 0; begin < task.n_keys; begin += kKeyStrip) {
    const int n_keys = smaller(kKeyStrip, task.n_keys - begin);
    const std::ptrdiff_t offset = begin / kBlock * task.kv_block;
    const Vector old_top[2] = {top[0], top[1]};
    for (int key = 0; key < n_keys; key += kBlock) {
      score_keys(scores + key * kBlock, top, q, task.k + offset + key / kBlock * task.kv_block,
                 task.d, smaller(kBlock, n_keys - key));
    }
    Vector correction[2];
    for (int half = 0; half < 2; ++half) {
      correction[half] = exp_nonpositive(old_top[half] - top[half]);
      const Vector sum = sum_of(n_keys, [&](int key) {
        float* const p = scores + key * kBlock + half * kLanes;
        const Vector weight = exp_nonpositive(load(p) - top[half]);
        store(p, weight);
        return weight;
      });
      total[half] = fma(total[half], correction[half], sum);
    }
    add_values(task.out, correction, scores, task.v + offset, task.kv_block, task.d, n_keys);
  }
  for (int half = 0; half < 2; ++half) total[half] = broadcast(1.0f) / total[half];
  for (int i = 0; i < task.d * kBlock; i += kLanes) {
    store(task.out + i, load(task.out + i) * total[i / kLanes % 2]);
  }
}

/// scores[key] = scale·q·k for all keys, −∞ in the lanes after the last. Returns the
/// largest.
SOTTO_INLINE float score_row(const AttentionTask& task) {
  const Vector scale = broadcast(task.scale);
  Vector top = broadcast(-__builtin_inff());
  const float* k = task.k;
  for (int key = 0; key < task.n_keys; key += kBlock, k += task.kv_block) {
    Vector sums[1][2];
    set_zero(sums);
    multiply_add(sums, task.q, 0, 1, k, task.d);
    float* const scores = task.scratch + key;
    store(scores, sums[0][0] * scale);
    store(scores + kLanes, sums[0][1] * scale);
    for (int lane = task.n_keys - key; lane < kBlock; ++lane) scores[lane] = -__builtin_inff();
    top = max(max(load(scores), load(scores + kLanes)), top);
  }
  return largest(top);
}

void attention_row(const AttentionTask& task) noexcept {
  const Vector top = broadcast(score_row(task));
  Vector total = broadcast(0.0f);
  for (int key = 0; key < task.n_keys; key += kLanes) {
    const Vector weight = exp_nonpositive(load(task.scratch + key) - top);
    store(task.scratch + key, weight);
    total = total + weight;
  }
  const int padded = (task.n_keys + kBlock - 1) / kBlock * kBlock;
  for (int key = task.n_keys; key < padded; ++key) task.scratch[key] = 0.0f;
  const float scale = 1.0f / sum(total);
  for (int row = 0; row < task.d; row += kTileRows) {
    with_rows<kTileRows>(smaller(kTileRows, task.d - row), [&]<int R>(Rows<R>) {
      Vector sums[R][2];
      set_zero(sums);
      const float* v = task.v + row * kBlock;
      for (int key = 0; key < task.n_keys; key += kBlock, v += task.kv_block) {
        const Vector w0 = load(task.scratch + key);
        const Vector w1 = load(task.scratch + key + kLanes);
        SOTTO_UNROLL
        for (int r = 0; r < R; ++r) {
          sums[r][0] = fma(load(v + r * kBlock), w0, sums[r][0]);
          sums[r][1] = fma(load(v + r * kBlock + kLanes), w1, sums[r][1]);
        }
      }
      for (int r = 0; r < R; ++r) task.out[row + r] = sum(sums[r][0] + sums[r][1]) * scale;
    });
  }
}

// --- LayerNorm ----------------------------------------------------------------------------------

void layer_norm_block(const LayerNormTask& task) noexcept {
  const Vector count = broadcast(static_cast<float>(task.d));
  for (int half = 0; half < 2; ++half) {
    const float* const x = task.x + half * kLanes;
    float* const y = task.y + half * kLanes;
    const Vector mean = sum_of(task.d, [&](int i) { return load(x + i * kBlock); }) / count;
    const Vector squares = sum_of(task.d, [&](int i) {
      const Vector centred = load(x + i * kBlock) - mean;
      return centred * centred;
    });
    const Vector factor = broadcast(1.0f) / sqrt(squares / count + broadcast(task.epsilon));
    for (int i = 0; i < task.d; ++i) {
      const Vector normal = (load(x + i * kBlock) - mean) * factor;
      store(y + i * kBlock, fma(normal, broadcast(task.gamma[i]), broadcast(task.beta[i])));
    }
  }
}

/// f(i, vector-wide load, vector-wide store) over d numbers: whole vectors, then the rest.
template <typename F>
SOTTO_INLINE void for_each_vector(int d, const F& f) {
  int i = 0;
  for (; i + kLanes <= d; i += kLanes) {
    f(
        i, [](const float* p) { return load(p); }, [](float* p, Vector a) { store(p, a); });
  }
  const int rest = d - i;
  if (rest > 0) {
    f(
        i, [rest](const float* p) { return load_first(p, rest); },
        [rest](float* p, Vector a) { store_first(p, rest, a); });
  }
}

void layer_norm_row(const LayerNormTask& task) noexcept {
  const auto count = static_cast<float>(task.d);
  Vector total = broadcast(0.0f);
  for_each_vector(task.d, [&](int i, auto get, auto) { total = total + get(task.x + i); });
  const float mean = sum(total) / count;
  Vector squares = broadcast(0.0f);
  for_each_vector(task.d, [&](int i, auto get, auto put) {
    put(task.y + i, get(task.x + i) - broadcast(mean));
    const Vector centred = get(task.y + i);  // zeros after the last
    squares = fma(centred, centred, squares);
  });
  const Vector variance = broadcast(sum(squares) / count + task.epsilon);
  const Vector factor = broadcast(1.0f) / sqrt(variance);
  for_each_vector(task.d, [&](int i, auto get, auto put) {
    put(task.y + i, fma(get(task.y + i) * factor, get(task.gamma + i), get(task.beta + i)));
  });
}

constexpr Kernels kTable = {
    kIsa,     kBlock,          kTileRows,     linear_blocks,    linear_rows,
    convolve, attention_block, attention_row, layer_norm_block, layer_norm_row};

}  // namespace
}  // namespace sotto::cpu
