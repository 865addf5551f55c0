// The algorithms of int8.h but for attention, written once. Each int8_<isa>.cc includes the vectors
// of its instruction set (simd_<isa>.h), then its products of bytes (dot_<isa>.h) and then this
// file; everything here has internal linkage, as in kernels_impl.h.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/int8.h"

namespace sotto::cpu {
namespace {

static_assert(kValueStrip % kBlock == 0 && kBlock % 4 == 0);

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

/// A scale without the last two bits of its mantissa, so that scaled() is exact.
SOTTO_INLINE Vector short_scale(Vector scale) {
  return as_vector(as_integers(scale) & broadcast_integer(~3));
}

/// What scaled() adds for the origin of sums.
SOTTO_INLINE Vector origin_of(Vector scale) {
  return scale * broadcast(-kSumOrigin);
}

/// scale · (sum − kSumOriginBits), rounded once, for a short scale and origin = origin_of(scale).
SOTTO_INLINE Vector scaled(Integers sum, Vector scale, Vector origin) {
  if constexpr (kFmaRoundsOnce) {
    return fma(as_vector(sum), scale, origin);
  } else {
    return (as_vector(sum) - broadcast(kSumOrigin)) * scale;
  }
}

/// 127/top and top/127; a group of zeros gets the scale 0.
struct Scale {
  Vector inverse, scale;
};
SOTTO_INLINE Scale scale_of(Vector top) {
  const Vector least = broadcast(1e-30f);  // keeps the inverse finite
  return {.inverse = broadcast(127.0f) / max(top, least),
          .scale = short_scale(top * broadcast(1.0f / 127.0f))};
}

/// Bytes of rows [0, n) of one half of a block, number(row) each, n ≤ 4·quads; zero after them.
/// `flip` is what stands for zero, in each byte; a quad of all positions is 4·Positions bytes.
template <int Positions = kBlock, typename F>
SOTTO_INLINE void store_quads(std::uint8_t* quads, int n, Vector inverse, int flip,
                              const F& number) {
  const auto rounded = [&](int row) { return to_integers(number(row) * inverse); };
  const Integers zero = broadcast_integer(0);
  const Integers zero_bytes = broadcast_integer(four_bytes(flip));
  for (int row = 0; row < n; row += 4, quads += 4 * Positions) {
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
    even = larger_magnitude(number(row), even);
    odd = larger_magnitude(number(row + 1), odd);
  }
  if (row < n) even = larger_magnitude(number(row), even);
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

/// What quantize_group() took away in rounding, likewise: bytes with 1/254 of its scales.
SOTTO_INLINE void quantize_remainders(std::uint8_t* quads, float* scales, const float* x, int n) {
  for (int half = 0; half < 2; ++half) {
    const auto number = [&](int row) { return load(x + row * kBlock + half * kLanes); };
    const Scale s = scale_of(largest_magnitude(n, number));
    store(scales + half * kLanes, short_scale(s.scale * broadcast(1.0f / 254.0f)));
    store_quads(quads + half * 4 * kLanes, n, broadcast(254.0f), kZeroByte, [&](int row) {
      const Vector exact = number(row) * s.inverse;
      return exact - round(exact);
    });
  }
}

/// What LayerNorm subtracts from half of a block's positions and multiplies by.
struct Normal {
  Vector mean, factor;
};

/// Mean and variance of each position in one pass, as differences from its first number. That is
/// one of those that the variance is of, so that the variance, where they cancel, is not less than
/// a d-th of what is subtracted.
SOTTO_INLINE Normal normal_of(const float* x, int d, float epsilon) {
  const Vector pivot = load(x), zero = broadcast(0.0f);
  Vector sums[4] = {zero, zero, zero, zero}, squares[4] = {zero, zero, zero, zero};
  const auto add = [&](int row, int chain) {
    const Vector difference = load(x + row * kBlock) - pivot;
    sums[chain] = sums[chain] + difference;
    squares[chain] = fma(difference, difference, squares[chain]);
  };
  int row = 0;
  for (; row + 4 <= d; row += 4) {
    SOTTO_UNROLL
    for (int chain = 0; chain < 4; ++chain) add(row + chain, chain);
  }
  for (; row < d; ++row) add(row, 0);
  const Vector share = broadcast(1.0f / static_cast<float>(d));
  const Vector offset = ((sums[0] + sums[1]) + (sums[2] + sums[3])) * share;
  const Vector square = ((squares[0] + squares[1]) + (squares[2] + squares[3])) * share;
  const Vector variance = max(square - offset * offset, zero);
  return {.mean = pivot + offset, .factor = broadcast(1.0f) / sqrt(variance + broadcast(epsilon))};
}

/// LayerNorm of rows [row, row + n) of a block, to y.
SOTTO_INLINE void normalize(float* y, const Int8QuantizeTask& task, const Normal (&normal)[2],
                            int row, int n) {
  for (const int end = row + n; row < end; ++row, y += kBlock) {
    const Vector gamma = broadcast(task.gamma[row]), beta = broadcast(task.beta[row]);
    for (int half = 0; half < 2; ++half) {
      const Vector centred = load(task.x + row * kBlock + half * kLanes) - normal[half].mean;
      store(y + half * kLanes, fma(centred * normal[half].factor, gamma, beta));
    }
  }
}

/// The first n numbers of a vector, zeros after them; n may be negative or more than there are.
SOTTO_INLINE Vector load_some(const float* p, int n) {
  if (n >= kLanes) return load(p);
  return n > 0 ? load_first(p, n) : broadcast(0.0f);
}

/// The sums of n rows of a block over its first n_positions.
SOTTO_INLINE void sum_rows(float* sums, const float* x, int n, int n_positions) {
  for (int row = 0; row < n; ++row, x += kBlock) {
    sums[row] = sum(load_some(x, n_positions) + load_some(x + kLanes, n_positions - kLanes));
  }
}

void quantize(const Int8QuantizeTask& task) noexcept {
  Normal normal[2];
  for (int half = 0; task.gamma != nullptr && half < 2; ++half) {
    normal[half] = normal_of(task.x + half * kLanes, task.d, task.epsilon);
  }
  const int n_groups = groups_of(task.d, task.group);
  for (int group = 0; group < n_groups; ++group) {
    const int row = group * task.group, n = smaller(task.group, task.d - row);
    const float* x = task.x + row * kBlock;
    if (task.gamma != nullptr) {
      normalize(task.scratch, task, normal, row, n);
      x = task.scratch;
      if (task.sums != nullptr) sum_rows(task.sums + row, x, n, task.n_positions);
    }
    std::uint8_t* const quads = task.quads + row * kBlock;
    float* const scales = task.scales + group * kBlock;
    quantize_group(quads, scales, x, n);
    if (!task.remainders) continue;
    quantize_remainders(quads + task.d * kBlock, scales + n_groups * kBlock, x, n);
  }
}

void quantize_rows(const Int8RowsTask& task) noexcept {
  for (int row = 0; row < task.n_rows; ++row) {
    const float* const x = task.x + static_cast<std::ptrdiff_t>(row) * task.d;
    float* scale = task.scales + row;
    for (int begin = 0; begin < task.d; begin += task.group, scale += kBlock) {
      const int n = smaller(task.group, task.d - begin);
      const auto numbers = [&](int i) { return load_some(x + begin + i, n - i); };
      const auto vector = [&](int i) { return numbers(i * kLanes); };
      const float top = largest(largest_magnitude((n + kLanes - 1) / kLanes, vector));
      const Scale s = scale_of(broadcast(top));
      *scale = largest(s.scale);
      std::uint8_t* quads = task.quads + begin * kBlock + 4 * row;
      for (int i = 0; i < n; i += kLanes) {
        std::int8_t bytes[kLanes];
        store_bytes(bytes, to_integers(numbers(i) * s.inverse));
        for (int at = 0; at < kLanes && i + at < n; at += 4, quads += 4 * kBlock) {
          std::uint32_t quad;
          __builtin_memcpy(&quad, bytes + at, sizeof quad);
          quad ^= static_cast<std::uint32_t>(four_bytes(kZeroByte));
          __builtin_memcpy(quads, &quad, sizeof quad);
        }
      }
    }
  }
}

void quantize_keys(const Int8KeysTask& task) noexcept {
  for (int half = 0; half < 2; ++half) {
    const int at = half * kLanes;
    const auto number = [&](int row) { return load(task.x + row * kBlock + at); };
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
    for (int lane = 0; lane < kLanes; ++lane) task.offsets[at + lane] = kSumOriginBits - sums[lane];
  }
}

void quantize_values(const Int8ValuesTask& task) noexcept {
  const int n_blocks = (task.n_positions + kBlock - 1) / kBlock;
  for (int row = 0; row < task.d; ++row) {
    const auto values = [&](int at) {
      return load_some(task.x + (at / kBlock * task.d + row) * kBlock + at % kBlock,
                       task.n_positions - at);
    };
    const auto vector = [&](int i) { return values(i * kLanes); };
    const Vector top = largest_magnitude(n_blocks * 2, vector);
    const Scale s = scale_of(broadcast(largest(top)));
    task.scales[row] = largest(s.scale);
    for (int at = 0; at < n_blocks * kBlock; at += kLanes) {
      store_bytes(task.bytes + (at / kBlock * task.d + row) * kBlock + at % kBlock,
                  to_integers(values(at) * s.inverse));
    }
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
      const std::int8_t* const row = rows + r * row_step;
      if constexpr (requires { dot_at(sums[0][0], a0, row); }) {
        if (stays_in_memory(r)) {
          sums[r][0] = dot_at(sums[r][0], a0, row);
          sums[r][1] = dot_at(sums[r][1], a1, row);
          continue;
        }
      }
      std::int32_t bytes;
      __builtin_memcpy(&bytes, row, sizeof bytes);
      const Weight b = prepare_weight(broadcast_integer(bytes));
      sums[r][0] = dot(sums[r][0], a0, b);
      sums[r][1] = dot(sums[r][1], a1, b);
    }
    lanes += 4 * kBlock;
    rows += quad_step;
  }
}

/// Where a group of a block of positions and of a panel of weights lies.
struct GroupPlace {
  const std::uint8_t* x;
  const float* x_scales;
  const std::int8_t* weights;
  const float* scales;
  const std::int32_t* offsets;
};

/// totals(r, half) += the sums of a group of `n` inputs.
template <int R>
SOTTO_INLINE void add_group(Vector (&totals)[R][2], const GroupPlace& at, int n) {
  Integers sums[R][2];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast_integer(at.offsets[r]);
  multiply_bytes(sums, at.x, at.weights, 4, 4 * R, quads_of(n));
  const Vector s0 = load(at.x_scales), s1 = load(at.x_scales + kLanes);
  const Vector origin0 = origin_of(s0), origin1 = origin_of(s1);
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    const Vector scale = broadcast(at.scales[r]);
    totals[r][0] = fma(scaled(sums[r][0], s0, origin0), scale, totals[r][0]);
    totals[r][1] = fma(scaled(sums[r][1], s1, origin1), scale, totals[r][1]);
  }
}

/// The sums of a panel with a block of positions and their bias: out[r][lane].
SOTTO_INLINE void multiply_groups(float (&out)[kInt8Rows][kBlock], const Int8LinearTask& task,
                                  int block, int panel, const float* bias) {
  constexpr int R = kInt8Rows;
  const std::ptrdiff_t n_quads = quads_of(task.n_in), n_groups = groups_of(task.n_in, task.group);
  GroupPlace at = {.x = task.x + block * n_quads * 4 * kBlock,
                   .x_scales = task.x_scales + block * n_groups * kBlock,
                   .weights = task.panels + panel * n_quads * 4 * R,
                   .scales = task.scales + panel * n_groups * R,
                   .offsets = task.offsets + panel * n_groups * R};
  Vector totals[R][2];
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) totals[r][0] = totals[r][1] = broadcast(bias[r]);
  for (int begin = 0; begin < task.n_in; begin += task.group) {
    add_group(totals, at, smaller(task.group, task.n_in - begin));
    at.x += task.group * kBlock;
    at.x_scales += kBlock;
    at.weights += task.group * R;
    at.scales += R;
    at.offsets += R;
  }
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    store(out[r], totals[r][0]);
    store(out[r] + kLanes, totals[r][1]);
  }
}

/// gelu(x) within 4e-4, less than half a step of the bytes it becomes wherever a group reaches 0.1.
SOTTO_INLINE Vector coarse_gelu(Vector x) {
  constexpr float kP[] = {2.278073516e-8f, -1.598563728e-6f, 4.795469385e-5f, -8.140067939e-4f,
                          8.772342182e-3f, -6.457299793e-2f, 3.978832568e-1f};
  return polynomial_gelu(kP, 4.0f, x);
}

/// A panel of n_rows outputs of one block from output n on, to y, whose rows are B numbers.
SOTTO_INLINE void linear_tile(float* y, const float* residual, const Int8LinearTask& task,
                              int block, int panel, int n, int n_rows) {
  alignas(Vector) float sums[kInt8Rows][kBlock];
  float bias[kInt8Rows] = {};
  for (int r = 0; r < n_rows; ++r) bias[r] = task.bias[n + r];
  multiply_groups(sums, task, block, panel, bias);
  for (int r = 0; r < n_rows; ++r) {
    for (int half = 0; half < 2; ++half) {
      const int at = r * kBlock + half * kLanes;
      Vector sum = load(sums[r] + half * kLanes);
      if (task.activation == Activation::gelu) sum = coarse_gelu(sum);
      store(y + at, residual != nullptr ? load(residual + at) + sum : sum);
    }
  }
}

/// One group of outputs of one block.
SOTTO_INLINE void linear_group(float* y, const float* residual, const Int8LinearTask& task,
                               int block, int group) {
  const int n_panels = (task.out_group + kInt8Rows - 1) / kInt8Rows;
  const int n = group * task.out_group, n_rows = smaller(task.out_group, task.n_out - n);
  for (int row = 0, panel = group * n_panels; row < n_rows; row += kInt8Rows, ++panel) {
    const std::ptrdiff_t at = row * kBlock;
    linear_tile(y + at, residual != nullptr ? residual + at : nullptr, task, block, panel, n + row,
                smaller(kInt8Rows, n_rows - row));
  }
  if (task.quads == nullptr) return;
  const std::ptrdiff_t n_quads = quads_of(task.n_out);
  const std::ptrdiff_t n_groups = groups_of(task.n_out, task.out_group);
  quantize_group(task.quads + (block * n_quads * 4 + n) * kBlock,
                 task.quad_scales + (block * n_groups + group) * kBlock, y, n_rows);
}

void linear(const Int8LinearTask& task) noexcept {
  for (int group = task.group_begin; group < task.group_end; ++group) {
    for (int block = task.block_begin; block < task.block_end; ++block) {
      const std::ptrdiff_t at =
          (block - task.block_begin) * task.y_block +
          static_cast<std::ptrdiff_t>(group - task.group_begin) * task.out_group * kBlock;
      linear_group(task.quads != nullptr ? task.scratch : task.y + at,
                   task.residual != nullptr ? task.residual + at : nullptr, task, block, group);
    }
  }
}

}  // namespace
}  // namespace sotto::cpu
