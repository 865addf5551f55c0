// The algorithms of int8.h but for attention, written once. Each int8_<isa>.cc includes the vectors
// of its instruction set (simd_<isa>.h), then its products of bytes (dot_<isa>.h) and then this
// file; everything here has internal linkage, as in kernels_impl.h.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/int8.h"

namespace sotto::cpu {
namespace {

static_assert(kGroup % kInt8Rows == 0 && kValueStrip % kBlock == 0 && kBlock % 4 == 0);

// --- quantising ---------------------------------------------------------------------------------

/// Four numbers of each lane, already rounded to [−127, 127], as the bytes of the lane.
SOTTO_INLINE Integers pack_bytes(Integers a, Integers b, Integers c, Integers d) {
  const Integers low = broadcast_integer(0xFF);
  return (a & low) | shift_left<8>(b & low) | shift_left<16>(c & low) | shift_left<24>(d);
}

/// A byte four times.
constexpr int four_bytes(unsigned byte) {
  return static_cast<int>(byte * 0x01010101u);
}

/// 127/top and top/127; a group of zeros gets the scale 0.
struct Scale {
  Vector inverse, scale;
};
SOTTO_INLINE Scale scale_of(Vector top) {
  const Vector least = broadcast(1e-30f);  // keeps the inverse finite
  return {.inverse = broadcast(127.0f) / max(top, least), .scale = top * broadcast(1.0f / 127.0f)};
}

/// Bytes of rows [0, n) of one half of a block, number(row) each, n ≤ 4·quads; zero after them.
/// `flip` is what stands for zero, in each byte.
template <typename F>
SOTTO_INLINE void store_quads(std::uint8_t* quads, int n, Vector inverse, int flip,
                              const F& number) {
  const auto rounded = [&](int row) { return to_integers(number(row) * inverse); };
  const Integers zero = broadcast_integer(0);
  const Integers zero_bytes = broadcast_integer(four_bytes(flip));
  for (int row = 0; row < n; row += 4, quads += 4 * kBlock) {
    const Integers b = row + 1 < n ? rounded(row + 1) : zero;
    const Integers c = row + 2 < n ? rounded(row + 2) : zero;
    const Integers d = row + 3 < n ? rounded(row + 3) : zero;
    store_integers(quads, pack_bytes(rounded(row), b, c, d) ^ zero_bytes);
  }
}

/// The largest magnitude of number(row) for rows in [0, n).
template <typename F>
SOTTO_INLINE Vector largest_magnitude(int n, const F& number) {
  Vector even = broadcast(0.0f), odd = even;
  int row = 0;
  for (; row + 2 <= n; row += 2) {
    even = max(abs(number(row)), even);
    odd = max(abs(number(row + 1)), odd);
  }
  if (row < n) even = max(abs(number(row)), even);
  return max(even, odd);
}

/// One group of rows of a block: x to quads and their scales.
SOTTO_INLINE void quantize_group(std::uint8_t* quads, float* scales, const float* x, int n) {
  for (int half = 0; half < 2; ++half) {
    const auto number = [&](int row) { return load(x + row * kBlock + half * kLanes); };
    const Scale s = scale_of(largest_magnitude(n, number));
    store(scales + half * kLanes, s.scale);
    store_quads(quads + half * 4 * kLanes, n, s.inverse, kZeroByte, number);
  }
}

/// LayerNorm of a block, to y.
SOTTO_INLINE void normalize(float* y, const Int8QuantizeTask& task) {
  const Vector count = broadcast(static_cast<float>(task.d));
  for (int half = 0; half < 2; ++half) {
    const float* const x = task.x + half * kLanes;
    Vector sums[4] = {broadcast(0.0f), broadcast(0.0f), broadcast(0.0f), broadcast(0.0f)};
    Vector squares[4] = {sums[0], sums[0], sums[0], sums[0]};
    for (int i = 0; i < task.d; ++i) sums[i % 4] = sums[i % 4] + load(x + i * kBlock);
    const Vector mean = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / count;
    for (int i = 0; i < task.d; ++i) {
      const Vector centred = load(x + i * kBlock) - mean;
      squares[i % 4] = fma(centred, centred, squares[i % 4]);
    }
    const Vector variance = ((squares[0] + squares[1]) + (squares[2] + squares[3])) / count;
    const Vector factor = broadcast(1.0f) / sqrt(variance + broadcast(task.epsilon));
    for (int i = 0; i < task.d; ++i) {
      const Vector normal = (load(x + i * kBlock) - mean) * factor;
      store(y + i * kBlock + half * kLanes,
            fma(normal, broadcast(task.gamma[i]), broadcast(task.beta[i])));
    }
  }
}

void quantize(const Int8QuantizeTask& task) noexcept {
  const float* x = task.x;
  if (task.gamma != nullptr) {
    normalize(task.scratch, task);
    x = task.scratch;
  }
  float* scales = task.scales;
  for (int row = 0; row < task.d; row += task.group, scales += kBlock) {
    quantize_group(task.quads + row * kBlock, scales, x + row * kBlock,
                   smaller(task.group, task.d - row));
  }
}

void quantize_keys(const Int8KeysTask& task) noexcept {
  for (int half = 0; half < 2; ++half) {
    const int at = half * kLanes;
    const auto number = [&](int row) {
      return load(task.x + row * kBlock + at) - broadcast(task.centre[row]);
    };
    const Scale s = scale_of(largest_magnitude(task.d, number));
    store(task.scales + at, s.scale);
    std::int8_t* const quads = task.quads + at * 4;
    store_quads(reinterpret_cast<std::uint8_t*>(quads), task.d, s.inverse, 0, number);
    Integers sum = broadcast_integer(0);
    const Integers zero_bytes = broadcast_integer(four_bytes(kZeroByte));
    for (int quad = 0; quad < quads_of(task.d); ++quad) {
      sum = dot_bytes(sum, zero_bytes, load_integers(quads + quad * 4 * kBlock));
    }
    std::int32_t sums[kLanes];
    store_integers(sums, sum);
    for (int lane = 0; lane < kLanes; ++lane) task.offsets[at + lane] = -sums[lane];
  }
}

/// x(row, position) for a vector of positions from `position` on; zeros where there are none.
SOTTO_INLINE Vector load_positions(const float* x, std::ptrdiff_t x_block, int row, int position,
                                   int n_positions) {
  const float* const p = x + position / kBlock * x_block + row * kBlock + position % kBlock;
  const int rest = n_positions - position;
  if (rest >= kLanes) return load(p);
  return rest > 0 ? load_first(p, rest) : broadcast(0.0f);
}

void quantize_values(const Int8ValuesTask& task) noexcept {
  const int n_blocks = (task.n_positions + kBlock - 1) / kBlock;
  for (int row = 0; row < task.d; ++row) {
    const Vector centre = broadcast(task.centre[row]);
    Vector top = broadcast(0.0f);
    for (int at = 0; at + kLanes <= task.n_positions; at += kLanes) {
      top = max(abs(load_positions(task.x, task.x_block, row, at, task.n_positions) - centre), top);
    }
    float rest = 0;
    for (int at = task.n_positions / kLanes * kLanes; at < task.n_positions; ++at) {
      const float x = task.x[at / kBlock * task.x_block + row * kBlock + at % kBlock];
      const float magnitude = x > task.centre[row] ? x - task.centre[row] : task.centre[row] - x;
      rest = magnitude > rest ? magnitude : rest;
    }
    const Scale s = scale_of(broadcast(largest(max(broadcast(rest), top))));
    task.scales[row] = largest(s.scale);
    for (int at = 0; at < n_blocks * kBlock; at += kLanes) {
      const Vector x = load_positions(task.x, task.x_block, row, at, task.n_positions) - centre;
      // Lanes after the last position may be far out, but their weights are zero.
      const Vector y = max(broadcast(-127.0f), x * s.inverse);
      const Vector bounded = broadcast(0.0f) - max(broadcast(-127.0f), broadcast(0.0f) - y);
      store_bytes(task.bytes + (at / kBlock * task.d + row) * kBlock + at % kBlock,
                  to_integers(bounded));
    }
  }
}

void mean_of_positions(float* means, const float* x, std::ptrdiff_t x_block, int n_rows,
                       int n_positions) noexcept {
  for (int row = 0; row < n_rows; ++row) {
    Vector even = broadcast(0.0f), odd = even;
    for (int at = 0; at < n_positions; at += kBlock) {
      even = even + load_positions(x, x_block, row, at, n_positions);
      odd = odd + load_positions(x, x_block, row, at + kLanes, n_positions);
    }
    means[row] = sum(even + odd) / static_cast<float>(n_positions);
  }
}

// --- linear layers ------------------------------------------------------------------------------

/// sums(r, ·) += Σ quads of lanes · the bytes of row r, which lie `row_step` bytes apart and whose
/// next quad is `quad_step` bytes on. Exact.
template <int R>
SOTTO_INLINE void multiply_bytes(Integers (&sums)[R][2], const std::uint8_t* lanes,
                                 const std::int8_t* rows, std::ptrdiff_t row_step,
                                 std::ptrdiff_t quad_step, int n_quads) {
  for (int quad = 0; quad < n_quads; ++quad) {
    const Operand a0 = prepare(load_integers(lanes));
    const Operand a1 = prepare(load_integers(lanes + 4 * kLanes));
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) {
      std::int32_t bytes;
      __builtin_memcpy(&bytes, rows + r * row_step, sizeof bytes);
      const Weight b = prepare_weight(broadcast_integer(bytes));
      sums[r][0] = dot(sums[r][0], a0, b);
      sums[r][1] = dot(sums[r][1], a1, b);
    }
    lanes += 4 * kBlock;
    rows += quad_step;
  }
}

/// The sums of a panel with a block of positions, before the bias: out[r][lane].
SOTTO_INLINE void multiply_groups(float (&out)[kInt8Rows][kBlock], const Int8LinearTask& task,
                                  int block, int panel) {
  constexpr int R = kInt8Rows;
  const int n_quads = quads_of(task.n_in), n_groups = groups_of(task.n_in, task.group);
  const std::uint8_t* x = task.x + static_cast<std::ptrdiff_t>(block) * n_quads * 4 * kBlock;
  const float* x_scales = task.x_scales + static_cast<std::ptrdiff_t>(block) * n_groups * kBlock;
  const std::int8_t* w = task.panels + static_cast<std::ptrdiff_t>(panel) * n_quads * 4 * R;
  const std::ptrdiff_t group_at = static_cast<std::ptrdiff_t>(panel) * n_groups * R;
  const float* scales = task.scales + group_at;
  const std::int32_t* offsets = task.offsets + group_at;
  for (int group = 0; group < n_groups; ++group) {
    Integers sums[R][2];
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast_integer(offsets[r]);
    const int quads = smaller(task.group / 4, n_quads - group * (task.group / 4));
    multiply_bytes(sums, x, w, 4, 4 * R, quads);
    const Vector s0 = load(x_scales), s1 = load(x_scales + kLanes);
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vector scale = broadcast(scales[r]);
      const Vector a = to_vector(sums[r][0]) * s0, b = to_vector(sums[r][1]) * s1;
      store(out[r], group == 0 ? a * scale : fma(a, scale, load(out[r])));
      store(out[r] + kLanes, group == 0 ? b * scale : fma(b, scale, load(out[r] + kLanes)));
    }
    x += task.group * kBlock;
    w += task.group * R;
    x_scales += kBlock;
    scales += R;
    offsets += R;
  }
}

/// A panel of outputs of one block, to y, whose rows are B numbers.
SOTTO_INLINE void linear_tile(float* y, const float* residual, const Int8LinearTask& task,
                              int block, int panel) {
  float sums[kInt8Rows][kBlock];
  multiply_groups(sums, task, block, panel);
  const int n = panel * kInt8Rows, n_rows = smaller(kInt8Rows, task.n_out - n);
  for (int r = 0; r < n_rows; ++r) {
    const Vector bias = broadcast(task.bias[n + r]);
    for (int half = 0; half < 2; ++half) {
      const int at = r * kBlock + half * kLanes;
      const Vector sum = apply(task.activation, load(sums[r] + half * kLanes) + bias);
      store(y + at, residual != nullptr ? load(residual + at) + sum : sum);
    }
  }
}

void linear(const Int8LinearTask& task) noexcept {
  constexpr int kPanels = kGroup / kInt8Rows;
  const int n_panels = (task.n_out + kInt8Rows - 1) / kInt8Rows;
  const std::ptrdiff_t n_out_quads = quads_of(task.n_out), n_out_groups = groups_of(task.n_out);
  for (int group = task.group_begin; group < task.group_end; ++group) {
    const int panel_end = smaller(n_panels, (group + 1) * kPanels);
    const int n = group * kGroup;
    for (int block = task.block_begin; block < task.block_end; ++block) {
      const std::ptrdiff_t at = (static_cast<std::ptrdiff_t>(block) * task.n_out + n) * kBlock;
      float* y = task.quads != nullptr ? task.scratch : task.y + at;
      const float* residual = task.residual != nullptr ? task.residual + at : nullptr;
      for (int panel = group * kPanels; panel < panel_end; ++panel) {
        linear_tile(y, residual, task, block, panel);
        y += kInt8Rows * kBlock;
        if (residual != nullptr) residual += kInt8Rows * kBlock;
      }
      if (task.quads != nullptr) {
        quantize_group(task.quads + (block * n_out_quads * 4 + n) * kBlock,
                       task.quad_scales + (block * n_out_groups + group) * kBlock, task.scratch,
                       smaller(kGroup, task.n_out - n));
      }
    }
  }
}

}  // namespace
}  // namespace sotto::cpu
