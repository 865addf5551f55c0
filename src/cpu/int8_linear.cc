// The linear layers of int8_blocks.h.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "cpu/int8_blocks.h"

namespace sotto::cpu {
namespace {

/// Tasks per thread: enough that a thread which is held up does not keep the others waiting.
constexpr int kTasksPerThread = 12;

std::size_t area(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a * b);
}

/// The largest magnitude in each column of a matrix.
std::vector<float> largest_in_columns(std::span<const float> matrix, std::size_t n_columns) {
  std::vector<float> top(n_columns);
  for (std::size_t row = 0; row < matrix.size(); row += n_columns) {
    for (std::size_t i = 0; i < n_columns; ++i)
      top[i] = std::max(top[i], std::abs(matrix[row + i]));
  }
  return top;
}

}  // namespace

QuantizedMatrix quantize(std::span<const float> matrix, int n_out, int n_in, int group_size) {
  SOTTO_CHECK(group_size % 4 == 0);
  QuantizedMatrix q{.n_out = n_out, .n_in = n_in, .group = group_size, .bytes = {}, .scales = {}};
  if (matrix.empty()) return q;
  SOTTO_CHECK(matrix.size() == area(n_out, n_in));
  q.bytes.resize(matrix.size());
  for (int n = 0; n < n_out; ++n) {
    for (int begin = 0; begin < n_in; begin += group_size) {
      const std::size_t at = area(n, n_in) + static_cast<std::size_t>(begin);
      const auto group =
          matrix.subspan(at, static_cast<std::size_t>(std::min(group_size, n_in - begin)));
      float top = 0;
      for (const float w : group) top = std::max(top, std::abs(w));
      const float inverse = top > 1e-30f ? 127 / top : 0;
      for (std::size_t i = 0; i < group.size(); ++i) {
        q.bytes[at + i] = static_cast<std::int8_t>(std::lrint(group[i] * inverse));
      }
      q.scales.push_back(top / 127);
    }
  }
  return q;
}

void smooth(std::span<float> gamma, std::span<float> beta, std::span<float> matrix) {
  if (matrix.empty()) return;
  SOTTO_CHECK(gamma.size() == beta.size() && matrix.size() % gamma.size() == 0);
  const std::size_t n_in = gamma.size();
  const std::vector<float> top = largest_in_columns(matrix, n_in);
  for (std::size_t i = 0; i < n_in; ++i) {
    const float s =
        std::pow(2 * std::abs(gamma[i]) + std::abs(beta[i]), 0.6f) / std::pow(top[i], 0.4f);
    if (!(s > 1e-6f && s < 1e6f)) continue;  // an input that does not matter
    gamma[i] /= s;
    beta[i] /= s;
    for (std::size_t at = i; at < matrix.size(); at += n_in) matrix[at] *= s;
  }
}

void sort_hidden(std::span<float> up, std::span<float> up_bias, std::span<float> down) {
  const std::size_t n_hidden = up_bias.size();
  if (n_hidden == 0) return;
  SOTTO_CHECK(up.size() % n_hidden == 0 && down.size() % n_hidden == 0);
  const std::vector<float> top = largest_in_columns(down, n_hidden);
  std::vector<std::size_t> order(n_hidden);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return top[i]; });

  const std::vector<float> old_up(up.begin(), up.end()), old_bias(up_bias.begin(), up_bias.end()),
      old_down(down.begin(), down.end());
  const std::size_t n_in = up.size() / n_hidden;
  for (std::size_t i = 0; i < n_hidden; ++i) {
    const std::size_t from = order[i];
    up_bias[i] = old_bias[from];
    std::copy_n(old_up.data() + from * n_in, n_in, up.data() + i * n_in);
    for (std::size_t row = 0; row < down.size(); row += n_hidden) {
      down[row + i] = old_down[row + from];
    }
  }
}

QuantizedMatrix with_remainders(const QuantizedMatrix& matrix) {
  SOTTO_CHECK(matrix.n_in % matrix.group == 0);
  QuantizedMatrix twice{.n_out = matrix.n_out,
                        .n_in = 2 * matrix.n_in,
                        .group = matrix.group,
                        .bytes = {},
                        .scales = {}};
  for (int n = 0; n < matrix.n_out && !matrix.bytes.empty(); ++n) {
    const auto row = matrix.bytes.begin() + std::ptrdiff_t{n} * matrix.n_in;
    const int n_groups = matrix.n_in / matrix.group;
    const auto scales = matrix.scales.begin() + std::ptrdiff_t{n} * n_groups;
    for (int copy = 0; copy < 2; ++copy) {
      twice.bytes.insert(twice.bytes.end(), row, row + matrix.n_in);
      twice.scales.insert(twice.scales.end(), scales, scales + n_groups);
    }
  }
  return twice;
}

Int8Activations::Int8Activations(const Int8Kernels& kernels, int n_blocks, int d, int group,
                                 bool remainders)
    : group_(group),
      remainders_(remainders),
      block_bytes_(std::int64_t{quads_of(d)} * 4 * kernels.block * (remainders ? 2 : 1)),
      block_scales_(std::int64_t{blocks_of(d, group)} * kernels.block * (remainders ? 2 : 1)),
      quads_(area(block_bytes_, n_blocks)),
      scales_(area(block_scales_, n_blocks)) {}

Int8Linear::Int8Linear(const Int8Runtime& runtime, const QuantizedMatrix& weight,
                       std::span<const float> bias, int out_group)
    : runtime_(runtime),
      n_out_(weight.n_out),
      n_in_(weight.n_in),
      group_(weight.group),
      out_group_(out_group) {
  SOTTO_CHECK(out_group % 4 == 0 && group_ <= kLargestGroup);
  const int rows = runtime.kernels.rows;
  const std::int64_t n_panels =
      std::int64_t{blocks_of(out_group, rows)} * groups_of(n_out_, out_group);
  const std::size_t n_scales = area(n_panels * rows, groups_of(n_in_, group_));
  panels_ = runtime.weights.make<std::int8_t>(
      area(n_panels * rows, std::int64_t{4} * quads_of(n_in_)),
      [&](std::span<std::int8_t> panels) { pack_bytes(weight, panels); });
  scales_ = runtime.weights.make<float>(
      n_scales, [&](std::span<float> scales) { pack_scales(weight, scales); });
  offsets_ = runtime.weights.make<std::int32_t>(
      n_scales, [&](std::span<std::int32_t> offsets) { pack_offsets(weight, offsets); });
  bias_ = runtime.weights.make<float>(static_cast<std::size_t>(n_out_), [&](std::span<float> all) {
    SOTTO_CHECK(bias.empty() || bias.size() == all.size());
    std::ranges::copy(bias, all.begin());
  });
}

Int8Linear::Place Int8Linear::place_of(int output) const {
  const int rows = runtime_.kernels.rows;
  const int panel = output / out_group_ * blocks_of(out_group_, rows) + output % out_group_ / rows;
  return {.panel = static_cast<std::size_t>(panel),
          .row = static_cast<std::size_t>(output % out_group_ % rows)};
}

void Int8Linear::pack_bytes(const QuantizedMatrix& weight, std::span<std::int8_t> panels) const {
  SOTTO_CHECK(weight.bytes.size() == area(n_out_, n_in_));
  const auto rows = static_cast<std::size_t>(runtime_.kernels.rows);
  for (int n = 0; n < n_out_; ++n) {
    const Place place = place_of(n);
    const std::int8_t* const from = weight.bytes.data() + area(n, n_in_);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n_in_); ++i) {
      const std::size_t quad = place.panel * static_cast<std::size_t>(quads_of(n_in_)) + i / 4;
      panels[(quad * rows + place.row) * 4 + i % 4] = from[i];
    }
  }
}

void Int8Linear::pack_scales(const QuantizedMatrix& weight, std::span<float> scales) const {
  const auto n_groups = static_cast<std::size_t>(groups_of(n_in_, group_));
  const auto rows = static_cast<std::size_t>(runtime_.kernels.rows);
  for (int n = 0; n < n_out_; ++n) {
    const Place place = place_of(n);
    for (std::size_t group = 0; group < n_groups; ++group) {
      scales[(place.panel * n_groups + group) * rows + place.row] =
          weight.scales[static_cast<std::size_t>(n) * n_groups + group];
    }
  }
}

void Int8Linear::pack_offsets(const QuantizedMatrix& weight,
                              std::span<std::int32_t> offsets) const {
  const auto n_groups = static_cast<std::size_t>(groups_of(n_in_, group_));
  const auto rows = static_cast<std::size_t>(runtime_.kernels.rows);
  std::ranges::fill(offsets, kSumOriginBits);
  for (int n = 0; n < n_out_; ++n) {
    const Place place = place_of(n);
    const std::int8_t* const from = weight.bytes.data() + area(n, n_in_);
    for (int i = 0; i < n_in_; ++i) {
      const std::size_t group = place.panel * n_groups + static_cast<std::size_t>(i / group_);
      offsets[group * rows + place.row] -= kZeroByte * from[i];
    }
  }
}

Int8LinearTask Int8Linear::task(Int8Activations& x) const {
  return {.y = nullptr,
          .y_block = std::ptrdiff_t{n_out_} * runtime_.kernels.block,
          .residual = nullptr,
          .quads = nullptr,
          .quad_scales = nullptr,
          .x = x.quads(0),
          .x_scales = x.scales(0),
          .panels = panels_.data(),
          .scales = scales_.data(),
          .offsets = offsets_.data(),
          .bias = bias_.data(),
          .n_out = n_out_,
          .n_in = n_in_,
          .group = group_,
          .out_group = out_group_,
          .activation = Activation::none,
          .block_begin = 0,
          .block_end = 0,
          .group_begin = 0,
          .group_end = 0,
          .scratch = nullptr};
}

void Int8Linear::run(const Int8LinearTask& task, int n_blocks, float* scratch) const {
  const int n_groups = groups_of(n_out_, out_group_);
  const int wanted = blocks_of(kTasksPerThread * runtime_.pool.size(), n_groups);
  const int run = blocks_of(n_blocks, std::min(n_blocks, wanted));
  const int n_runs = blocks_of(n_blocks, run);
  const std::ptrdiff_t scratch_size = std::ptrdiff_t{out_group_} * runtime_.kernels.block;
  // Neighbouring tasks share positions: a thread's share is about those of the layer before.
  runtime_.parallel_for(std::int64_t{n_groups} * n_runs, [&](std::int64_t i, int thread) {
    Int8LinearTask part = task;
    part.group_begin = static_cast<int>(i % n_groups);
    part.group_end = part.group_begin + 1;
    part.block_begin = static_cast<int>(i / n_groups) * run;
    part.block_end = std::min(n_blocks, part.block_begin + run);
    const std::ptrdiff_t at = part.block_begin * part.y_block + part.group_begin * scratch_size;
    if (part.y != nullptr) part.y += at;
    if (part.residual != nullptr) part.residual += at;
    if (scratch != nullptr) part.scratch = scratch + thread * scratch_size;
    runtime_.kernels.linear(part);
  });
}

void Int8Linear::operator()(float* y, Int8Activations& x, int n_blocks, const float* residual,
                            const float* bias) const {
  Int8LinearTask whole = task(x);
  whole.y = y;
  whole.residual = residual;
  if (bias != nullptr) whole.bias = bias;
  run(whole, n_blocks, nullptr);
}

void Int8Linear::operator()(Int8Activations& y, Int8Activations& x, int n_blocks,
                            Activation activation, float* scratch) const {
  Int8LinearTask whole = task(x);
  whole.activation = activation;
  whole.quads = y.quads(0);
  whole.quad_scales = y.scales(0);
  run(whole, n_blocks, scratch);
}

void Int8Linear::group(float* y, Int8Activations& x, int group, int block_begin, int block_end,
                       const float* bias) const {
  Int8LinearTask part = task(x);
  part.y = y;
  part.y_block = std::ptrdiff_t{out_group_} * runtime_.kernels.block;
  part.bias = bias;
  part.group_begin = group;
  part.group_end = group + 1;
  part.block_begin = block_begin;
  part.block_end = block_end;
  runtime_.kernels.linear(part);
}

Int8LayerNorm::Int8LayerNorm(const Int8Runtime& runtime, std::span<const float> gamma,
                             std::span<const float> beta, int d)
    : runtime_(runtime),
      gamma_(runtime.weights.copy(gamma, static_cast<std::size_t>(d))),
      beta_(runtime.weights.copy(beta, static_cast<std::size_t>(d))) {}

void Int8LayerNorm::operator()(Int8Activations& y, const float* x, int n_positions, float* scratch,
                               float* sums) const {
  const int block_size = runtime_.kernels.block;
  const auto d = static_cast<std::ptrdiff_t>(gamma_.size());
  runtime_.parallel_for(blocks_of(n_positions, block_size), [&](std::int64_t block, int thread) {
    const int begin = static_cast<int>(block) * block_size;
    runtime_.kernels.quantize({.quads = y.quads(block),
                               .scales = y.scales(block),
                               .x = x + block * d * block_size,
                               .d = static_cast<int>(d),
                               .group = y.group(),
                               .remainders = y.remainders(),
                               .gamma = gamma_.data(),
                               .beta = beta_.data(),
                               .epsilon = 1e-5f,
                               .scratch = scratch + thread * std::ptrdiff_t{y.group()} * block_size,
                               .sums = sums != nullptr ? sums + block * d : nullptr,
                               .n_positions = std::min(block_size, n_positions - begin)});
  });
}

void quantize_blocks(const Int8Runtime& runtime, Int8Activations& y, const float* x, int n_blocks,
                     int d) {
  const std::ptrdiff_t size = std::ptrdiff_t{d} * runtime.kernels.block;
  runtime.parallel_for(n_blocks, [&](std::int64_t block, int) {
    runtime.kernels.quantize({.quads = y.quads(block),
                              .scales = y.scales(block),
                              .x = x + block * size,
                              .d = d,
                              .group = y.group(),
                              .remainders = y.remainders(),
                              .gamma = nullptr,
                              .beta = nullptr,
                              .epsilon = 0,
                              .scratch = nullptr,
                              .sums = nullptr,
                              .n_positions = 0});
  });
}

}  // namespace sotto::cpu
