// The algorithms of gemv_int8.h, written once. Each gemv_int8_<isa>.cc includes the vectors of its
// instruction set (simd_<isa>.h), its products of integers (simd_int8_<isa>.h, dot_<isa>.h), and
// then this file; everything here has internal linkage.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/gemv_int8.h"

namespace sotto::cpu {
namespace {

static_assert(kPanel % kLanes == 0 && kKeyBlock % kLanes == 0);

constexpr int kPanelVectors = kPanel / kLanes;
constexpr int kByteOffset = 128;
constexpr float kMinusInfinity = -__builtin_inff();

/// The scale of numbers up to `largest` in [−127, 127], and its inverse; both 0 when all are 0.
struct Scale {
  explicit Scale(float largest)
      : value(largest * (1.0f / 127.0f)), inverse(value > 0x1p-120f ? 1.0f / value : 0.0f) {}
  float value;
  float inverse;
};

/// The largest magnitude of n numbers.
SOTTO_INLINE float largest_magnitude(const float* x, int n) {
  Vector top = broadcast(0.0f);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) top = max(abs(load(x + i)), top);
  if (i < n) top = max(abs(load_first(x + i, n - i)), top);
  return largest(top);
}

/// n numbers times `inverse` as integers, zeros up to the next multiple of kLanes. Returns their
/// sum, which is exact below 2²⁴; NaN when one is not finite.
SOTTO_INLINE float quantise_run(std::int8_t* to, const float* x, int n, float inverse) {
  const Vector factor = broadcast(inverse);
  Vector total = broadcast(0.0f);
  for (int i = 0; i < n; i += kLanes) {
    const Vector a = n - i >= kLanes ? load(x + i) : load_first(x + i, n - i);
    const Vector q = round(a * factor);
    store_bytes(to + i, to_integers(q));
    total = total + q;
  }
  return sum(total);
}

/// What quantise_run() takes away from n numbers, as integers of 1/254 of its scale, likewise.
SOTTO_INLINE float quantise_remainders(std::int8_t* to, const float* x, int n, float inverse) {
  const Vector factor = broadcast(inverse);
  Vector total = broadcast(0.0f);
  for (int i = 0; i < n; i += kLanes) {
    const Vector a = n - i >= kLanes ? load(x + i) : load_first(x + i, n - i);
    const Vector exact = a * factor;
    const Vector q = round((exact - round(exact)) * broadcast(254.0f));
    store_bytes(to + i, to_integers(q));
    total = total + q;
  }
  return sum(total);
}

/// Ends a group of n numbers whose sum is `total`.
SOTTO_INLINE void finish_group(const QuantisedRow& row, int group, int n, float total,
                               float scale) {
  std::int8_t* const to = row.numbers + group * kGemvGroup;
  for (int i = (n + kLanes - 1) / kLanes * kLanes; i < kGemvGroup; ++i) to[i] = 0;
  // A damaged model must be seen in the logits.
  const bool finite = total == total;
  row.sums[group] = finite ? static_cast<std::int32_t>(total) : 0;
  row.scales[group] = finite ? scale : total;
}

void quantise(const QuantiseTask& task) noexcept {
  for (int begin = 0, group = 0; begin < task.n; begin += kGemvGroup, ++group) {
    const int n = smaller(kGemvGroup, task.n - begin);
    const float* const x = task.x + begin;
    const Scale scale(largest_magnitude(x, n));
    const float total = quantise_run(task.row.numbers + begin, x, n, scale.inverse);
    finish_group(task.row, group, n, total, scale.value);
    if (task.remainders.numbers == nullptr) continue;
    const float rest = quantise_remainders(task.remainders.numbers + begin, x, n, scale.inverse);
    finish_group(task.remainders, group, n, rest, scale.value * (1.0f / 254.0f));
  }
}

// --- linear layers ------------------------------------------------------------------------------

SOTTO_INLINE void fetch(const std::byte* memory, std::size_t bytes) {
  constexpr std::size_t kLineBytes = 64;
  for (std::size_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(memory + i);
}

/// How far before it is used memory is asked for.
constexpr std::size_t kAhead = 6144;

/// Asks for the memory that is read a little later, also across the end of a layer: the next one's
/// weights follow it.
SOTTO_INLINE void fetch_ahead(const void* now, std::size_t bytes) {
  fetch(static_cast<const std::byte*>(now) + kAhead, bytes);
}

/// sums(r, ·) = Σ_k w·x of one group, for all outputs of its panel.
template <int R>
SOTTO_INLINE void multiply_group(Integers (&sums)[R][kPanelVectors], const PanelGroup& group,
                                 const std::int8_t* x, std::ptrdiff_t x_row) {
  SOTTO_UNROLL
  for (int step = 0; step < kGemvGroup / 4; ++step) {
    const std::uint8_t* const w = group.weights[step][0];
    fetch_ahead(w, sizeof group.weights[step]);
    SOTTO_UNROLL
    for (int v = 0; v < kPanelVectors; ++v) {
      const Integers weights = load_integers(w + v * 4 * kLanes);
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        sums[r][v] = dot_bytes(sums[r][v], weights, broadcast4(x + r * x_row + 4 * step));
      }
    }
  }
}

/// Bias, activation and residual of row m from output n on, as far as there are outputs.
template <typename Task>
SOTTO_INLINE void finish_row(const Task& task, Vector sum, int m, int n) {
  const int width = task.n_out - n;
  if (width <= 0) return;
  if (task.bias != nullptr) sum = sum + load(task.bias + n);
  sum = apply(task.activation, sum);
  const std::ptrdiff_t at = m * task.y_row + n;
  if (task.residual != nullptr) {
    const float* const residual = task.residual + at;
    sum = (width >= kLanes ? load(residual) : load_first(residual, width)) + sum;
  }
  if (width >= kLanes) {
    store(task.y + at, sum);
  } else {
    store_first(task.y + at, width, sum);
  }
}

template <int R>
SOTTO_INLINE void linear_tile(const GemvLinearTask& task, int panel, int m) {
  const int n_groups = task.x.groups;
  const std::ptrdiff_t x_row = static_cast<std::ptrdiff_t>(n_groups) * kGemvGroup;
  const PanelGroup* group = task.panels + static_cast<std::ptrdiff_t>(panel) * n_groups;
  const std::int8_t* x = task.x.numbers + m * x_row;
  const float* const x_scales = task.x.scales + static_cast<std::ptrdiff_t>(m) * n_groups;
  const std::int32_t* const x_sums = task.x.sums + static_cast<std::ptrdiff_t>(m) * n_groups;
  Vector totals[R][kPanelVectors];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < kPanelVectors; ++v) totals[r][v] = broadcast(0.0f);
  }
  for (int g = 0; g < n_groups; ++g, ++group, x += kGemvGroup) {
    Integers sums[R][kPanelVectors];
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) {
      const Integers start = broadcast_integer(-kByteOffset * x_sums[r * n_groups + g]);
      for (int v = 0; v < kPanelVectors; ++v) sums[r][v] = start;
    }
    multiply_group<R>(sums, *group, x, x_row);
    SOTTO_UNROLL
    for (int v = 0; v < kPanelVectors; ++v) {
      const Vector scale = load_upper_halves(group->scales + v * kLanes);
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        const Vector product = to_vector(sums[r][v]) * broadcast(x_scales[r * n_groups + g]);
        totals[r][v] = fma(product, scale, totals[r][v]);
      }
    }
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < kPanelVectors; ++v) {
      finish_row(task, totals[r][v], m + r, panel * kPanel + v * kLanes);
    }
  }
}

void linear(const GemvLinearTask& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) {
    for (int m = 0; m < task.n_rows; m += kGemvRows) {
      with_rows<kGemvRows>(smaller(kGemvRows, task.n_rows - m),
                           [&]<int R>(Rows<R>) { linear_tile<R>(task, panel, m); });
    }
  }
}

template <int R>
SOTTO_INLINE void linear_bf16_tile(const GemvBf16Task& task, int panel, int m) {
  const std::uint16_t* w = task.panels + static_cast<std::ptrdiff_t>(panel) * task.n_in * kPanel;
  const float* const x = task.x + static_cast<std::ptrdiff_t>(m) * task.n_in;
  Vector sums[R][kPanelVectors];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < kPanelVectors; ++v) sums[r][v] = broadcast(0.0f);
  }
  for (int k = 0; k < task.n_in; ++k, w += kPanel) {
    if constexpr (R <= 2) fetch_ahead(w, kPanel * sizeof *w);
    SOTTO_UNROLL
    for (int v = 0; v < kPanelVectors; ++v) {
      const Vector weights = load_upper_halves(w + v * kLanes);
      SOTTO_UNROLL
      for (int r = 0; r < R; ++r) {
        sums[r][v] = fma(broadcast(x[r * task.n_in + k]), weights, sums[r][v]);
      }
    }
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < kPanelVectors; ++v) {
      finish_row(task, sums[r][v], m + r, panel * kPanel + v * kLanes);
    }
  }
}

void linear_bf16(const GemvBf16Task& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) {
    for (int m = 0; m < task.n_rows; m += kGemvRows) {
      with_rows<kGemvRows>(smaller(kGemvRows, task.n_rows - m),
                           [&]<int R>(Rows<R>) { linear_bf16_tile<R>(task, panel, m); });
    }
  }
}

// --- attention ----------------------------------------------------------------------------------

SOTTO_INLINE float* block_scales(std::byte* block, std::size_t block_bytes) {
  return reinterpret_cast<float*>(block + block_bytes) - kKeyBlock;
}
SOTTO_INLINE const float* block_scales(const std::byte* block, std::size_t block_bytes) {
  return reinterpret_cast<const float*>(block + block_bytes) - kKeyBlock;
}

void set_key_value(const GemvKeyValueTask& task) noexcept {
  const int lane = task.position % kKeyBlock;
  const std::size_t key_bytes = key_block_bytes(task.d), value_bytes = value_block_bytes(task.d);
  const auto block = static_cast<std::size_t>(task.position / kKeyBlock);
  std::byte* const keys = task.keys + block * key_bytes;
  std::byte* const values = task.values + block * value_bytes;
  constexpr int kRun = 64;
  const int channels = (task.d + kRun - 1) / kRun * kRun;
  const Scale key_scale(largest_magnitude(task.key, task.d));
  const Scale value_scale(largest_magnitude(task.value, task.d));
  block_scales(keys, key_bytes)[lane] = key_scale.value;
  block_scales(values, value_bytes)[lane] = value_scale.value;
  for (int begin = 0; begin < task.d; begin += kRun) {
    const int n = smaller(kRun, task.d - begin);
    std::int8_t run[kRun] = {};
    quantise_run(run, task.key + begin, n, key_scale.inverse);
    for (int i = 0; i < n; ++i) {
      const int at = (begin + i) / 4 * 4 * kKeyBlock + lane * 4 + i % 4;
      keys[at] = static_cast<std::byte>(run[i] + kByteOffset);
    }
    quantise_run(run, task.value + begin, n, value_scale.inverse);
    std::byte* const to = values + (lane / 2 * channels + begin) * 2 + lane % 2;
    for (int i = 0; i < n; ++i) to[2 * i] = static_cast<std::byte>(run[i]);
  }
}

/// scores[key] = factor·q·k for all keys, −∞ after the last in its block. Returns the largest.
SOTTO_INLINE float score_keys(float* scores, const GemvAttentionTask& task, const std::int8_t* q,
                              std::int32_t q_sum, float factor) {
  const std::size_t block_bytes = key_block_bytes(task.d);
  const int steps = (task.d + 3) / 4;
  const Integers start = broadcast_integer(-kByteOffset * q_sum);
  const std::byte* keys = task.keys;
  Vector top = broadcast(kMinusInfinity);
  for (int key = 0; key < task.n_keys; key += kKeyBlock, keys += block_bytes) {
    const auto* const k = reinterpret_cast<const std::uint8_t*>(keys);
    fetch_ahead(keys, block_bytes);
    const float* const scales = block_scales(keys, block_bytes);
    for (int lane = 0; lane < kKeyBlock; lane += kLanes) {
      // Two chains, or each product would wait for the one before it.
      Integers even = start, odd = broadcast_integer(0);
      int step = 0;
      for (; step + 2 <= steps; step += 2) {
        const std::uint8_t* const at = k + (step * kKeyBlock + lane) * 4;
        even = dot_bytes(even, load_integers(at), broadcast4(q + 4 * step));
        odd = dot_bytes(odd, load_integers(at + 4 * kKeyBlock), broadcast4(q + 4 * step + 4));
      }
      if (step < steps) {
        even = dot_bytes(even, load_integers(k + (step * kKeyBlock + lane) * 4),
                         broadcast4(q + 4 * step));
      }
      const Vector score = to_vector(add(even, odd)) * (load(scales + lane) * broadcast(factor));
      store(scores + key + lane, score);
    }
    for (int lane = task.n_keys - key; lane < kKeyBlock; ++lane)
      scores[key + lane] = kMinusInfinity;
    for (int lane = 0; lane < kKeyBlock; lane += kLanes) top = max(load(scores + key + lane), top);
  }
  return largest(top);
}

/// Scores become weights times the scales of their values.
struct Weights {
  float total;   ///< Σ exp(score − top)
  float scaled;  ///< Σ exp(score − top)·value scale
  float top;     ///< the largest of these products
};

/// Meanwhile the values are on their way from memory.
SOTTO_INLINE Weights weigh(float* scores, const GemvAttentionTask& task, float top_score) {
  const std::size_t block_bytes = value_block_bytes(task.d);
  Vector total = broadcast(0.0f), scaled = broadcast(0.0f), top = broadcast(0.0f);
  const std::byte* values = task.values;
  for (int key = 0; key < task.n_keys; key += kKeyBlock, values += block_bytes) {
    const float* const scales = block_scales(values, block_bytes);
    fetch_ahead(values, block_bytes);
    for (int lane = 0; lane < kKeyBlock; lane += kLanes) {
      float* const at = scores + key + lane;
      const Vector weight = exp_nonpositive(load(at) - broadcast(top_score));
      const Vector product = weight * load(scales + lane);
      store(at, product);
      total = total + weight;
      scaled = scaled + product;
      top = max(product, top);
    }
  }
  return {.total = sum(total), .scaled = sum(scaled), .top = largest(top)};
}

/// out = factor·Σ_key v·p for whole integers v and p, 64 channels at a time.
SOTTO_INLINE void add_values(const GemvAttentionTask& task, const std::int16_t* p, float factor) {
  constexpr int kRun = 64, kVectors = kRun / kLanes;
  const std::size_t block_bytes = value_block_bytes(task.d);
  const int channels = (task.d + kRun - 1) / kRun * kRun;
  for (int begin = 0; begin < task.d; begin += kRun) {
    Integers sums[kVectors];
    SOTTO_UNROLL
    for (int v = 0; v < kVectors; ++v) sums[v] = broadcast_integer(0);
    const std::byte* values = task.values;
    for (int key = 0; key < task.n_keys; key += kKeyBlock, values += block_bytes) {
      for (int pair = 0; pair < kKeyBlock / 2; ++pair) {
        const auto* const at =
            reinterpret_cast<const std::int8_t*>(values) + (pair * channels + begin) * 2;
        const Words weights = broadcast2(p + key + 2 * pair);
        SOTTO_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          sums[v] = dot_words(sums[v], widen(at + v * 2 * kLanes), weights);
        }
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const int channel = begin + v * kLanes, width = task.d - channel;
      if (width <= 0) break;
      const Vector result = to_vector(sums[v]) * broadcast(factor);
      if (width >= kLanes) {
        store(task.out + channel, result);
      } else {
        store_first(task.out + channel, width, result);
      }
    }
  }
}

/// Weights are 16-bit integers, as large as they can be while no sum leaves 32 bits:
/// Σ p·|v| ≤ 127·(16e6 + n_keys/2) < 2³¹.
void attention(const GemvAttentionTask& task) noexcept {
  const int padded = (task.n_keys + kKeyBlock - 1) / kKeyBlock * kKeyBlock;
  float* const scores = task.scratch;
  auto* const p = reinterpret_cast<std::int16_t*>(scores + padded);
  auto* const q = reinterpret_cast<std::int8_t*>(p + padded);
  const auto n_blocks = static_cast<std::size_t>(padded / kKeyBlock);
  fetch(task.keys, smaller(kAhead, n_blocks * key_block_bytes(task.d)));
  fetch(task.values, smaller(kAhead, n_blocks * value_block_bytes(task.d)));
  const Scale q_scale(largest_magnitude(task.q, task.d));
  const float q_sum = quantise_run(q, task.q, task.d, q_scale.inverse);
  const bool finite = q_sum == q_sum;
  const float top = score_keys(scores, task, q, finite ? static_cast<std::int32_t>(q_sum) : 0,
                               q_scale.value * task.scale);
  const Weights weights = weigh(scores, task, top);
  const float by_top = 32767.0f / weights.top, by_sum = 16e6f / weights.scaled;
  // Where all values are zero, so is the sum of them.
  const float factor = weights.top > 0x1p-100f ? smaller(by_top, by_sum) : 0.0f;
  for (int key = task.n_keys; key < padded; ++key) scores[key] = 0.0f;
  for (int key = 0; key < padded; key += kLanes) {
    store_words(p + key, to_integers(load(scores + key) * broadcast(factor)));
  }
  const float inverse = factor > 0 ? 1.0f / (factor * weights.total) : 0.0f;
  add_values(task, p, finite ? inverse : q_sum);
}

// --- logits -------------------------------------------------------------------------------------

RangeSummary summarise(const float* logits, int n) noexcept {
  Vector tops = broadcast(kMinusInfinity);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) tops = max(load(logits + i), tops);
  float top = largest(tops);
  for (; i < n; ++i) top = logits[i] > top ? logits[i] : top;
  int at = 0;
  while (at < n && logits[at] != top) ++at;
  if (at == n)
    return {.top = kMinusInfinity, .at = 0, .exp_sum = n > 0 ? __builtin_nanf("") : 0.0f};
  if (top == kMinusInfinity) return {.top = top, .at = 0, .exp_sum = 0.0f};
  Vector total = broadcast(0.0f);
  const Vector reference = broadcast(top);
  for (i = 0; i + kLanes <= n; i += kLanes) {
    total = total + exp_nonpositive(load(logits + i) - reference);
  }
  float rest[kLanes];
  for (int lane = 0; lane < kLanes; ++lane)
    rest[lane] = i + lane < n ? logits[i + lane] : kMinusInfinity;
  total = total + exp_nonpositive(load(rest) - reference);
  return {.top = top, .at = at, .exp_sum = sum(total)};
}

constexpr GemvInt8 kTable = {quantise, linear, linear_bf16, set_key_value, attention, summarise};

}  // namespace
}  // namespace sotto::cpu
