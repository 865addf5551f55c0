// The algorithms of int16.h, written once. Each int16_<isa>.cc includes the vectors of its
// instruction set and their products (dot_<isa>.h) and then this file; everything here has internal
// linkage, as in kernels_impl.h.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/int16.h"

namespace sotto::cpu {
namespace {

/// sums(r, ·) += Σ words of lanes · the words of row r, for n_rows rows of inputs. Exact.
template <int R>
SOTTO_INLINE void add_words(Integers (&sums)[R][2], const Word* lanes, std::ptrdiff_t lanes_row,
                            const Word* weights, int n_rows) {
  for (int row = 0; row < n_rows; ++row) {
    const Integers a0 = load_integers(lanes);
    const Integers a1 = load_integers(lanes + 2 * kLanes);
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) {
      const Word* const row = weights + 2 * r;
      if constexpr (requires { dot_words_at(sums[0][0], a0, row); }) {
        if (stays_in_memory(r)) {
          sums[r][0] = dot_words_at(sums[r][0], a0, row);
          sums[r][1] = dot_words_at(sums[r][1], a1, row);
          continue;
        }
      }
      std::int32_t words;
      __builtin_memcpy(&words, row, sizeof words);
      const Integers b = broadcast_integer(words);
      sums[r][0] = dot_words(sums[r][0], a0, b);
      sums[r][1] = dot_words(sums[r][1], a1, b);
    }
    lanes += 2 * lanes_row;
    weights += 2 * R;
  }
}

/// totals(r, lane) += the sums of one tap of a group, times the scales of its frames.
template <int R>
SOTTO_INLINE void add_tap(float (&totals)[R][kBlock], const Word* lanes, std::ptrdiff_t lanes_row,
                          const float* scales, const Word* weights, int n_rows) {
  Integers sums[R][2];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast_integer(0);
  add_words(sums, lanes, lanes_row, weights, n_rows);
  const Vector s0 = load(scales), s1 = load(scales + kLanes);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    float* const total = totals[r];
    store(total, fma(to_vector(sums[r][0]), s0, load(total)));
    store(total + kLanes, fma(to_vector(sums[r][1]), s1, load(total + kLanes)));
  }
}

void convolve_panel(const Int16ConvolutionTask& task, int panel) {
  alignas(Vector) float totals[kInt16Rows][kBlock] = {};
  const std::ptrdiff_t panel_rows = (task.n_in + 1) / 2 * kTaps;
  const Word* weights = task.panels + panel * panel_rows * 2 * kInt16Rows;
  const Word* x = task.x;
  const float* scales = task.x_scales;
  for (int begin = 0; begin < task.n_in; begin += kWordGroup) {
    const int n_rows = (smaller(kWordGroup, task.n_in - begin) + 1) / 2;
    for (const std::ptrdiff_t tap : task.taps) {
      add_tap(totals, x + 2 * tap, task.x_row, scales + tap, weights, n_rows);
      weights += std::ptrdiff_t{n_rows} * 2 * kInt16Rows;
    }
    x += n_rows * 2 * task.x_row;
    scales += task.x_row;
  }
  const int n = panel * kInt16Rows, n_outputs = smaller(kInt16Rows, task.n_out - n);
  for (int r = 0; r < n_outputs; ++r) {
    const Vector scale = broadcast(task.scales[n + r]), bias = broadcast(task.bias[n + r]);
    for (int half = 0; half < 2; ++half) {
      const std::ptrdiff_t at = (n + r) * task.y_row + half * kLanes;
      const Vector y = fine_gelu(fma(load(totals[r] + half * kLanes), scale, bias));
      store(task.y + at, task.residual != nullptr ? load(task.residual + at) + y : y);
    }
  }
}

void convolve(const Int16ConvolutionTask& task) noexcept {
  for (int panel = task.panel_begin; panel < task.panel_end; ++panel) convolve_panel(task, panel);
}

void quantize(const Int16QuantizeTask& task) noexcept {
  const Integers low = broadcast_integer(0xFFFF);
  for (int half = 0; half < 2; ++half) {
    Word* words = task.words + 2 * half * kLanes;
    float* scales = task.scales + half * kLanes;
    for (int begin = 0; begin < task.d; begin += kWordGroup, scales += task.row) {
      const float* const x = task.x + begin * kBlock + half * kLanes;
      const int n = smaller(kWordGroup, task.d - begin);
      Vector top = broadcast(1e-30f);  // keeps the inverse finite
      for (int i = 0; i < n; ++i) top = larger_magnitude(load(x + i * kBlock), top);
      const Vector inverse = broadcast(float{kLargestWord}) / top;
      store(scales, top * broadcast(1.0f / kLargestWord));
      const auto word = [&](int i) { return to_integers(load(x + i * kBlock) * inverse); };
      for (int i = 0; i < n; i += 2, words += 2 * task.row) {
        const Integers second = i + 1 < n ? word(i + 1) : broadcast_integer(0);
        store_integers(words, (word(i) & low) | shift_left<16>(second));
      }
    }
  }
}

constexpr Int16Kernels kInt16Table = {kInt8Isa, kBlock, kInt16Rows, convolve, quantize};

}  // namespace
}  // namespace sotto::cpu
