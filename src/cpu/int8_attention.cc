// The attention of int8_blocks.h.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "cpu/int8_blocks.h"

namespace sotto::cpu {
namespace {

enum Kind { kQueries, kKeys, kValues };

std::size_t size_of(std::int64_t a, std::int64_t b, std::int64_t c = 1) {
  return static_cast<std::size_t>(a * b * c);
}

}  // namespace

Int8Attention::Int8Attention(const Int8Runtime& runtime, int n_positions, int n_heads, int d)
    : runtime_(runtime),
      n_positions_(n_positions),
      n_heads_(n_heads),
      d_(d),
      n_blocks_(blocks_of(n_positions, runtime.kernels.block)),
      n_strips_(blocks_of(n_positions, kValueStrip)),
      q_(runtime.kernels, n_blocks_, n_heads * d, d),
      k_(size_of(std::int64_t{n_heads} * n_blocks_, d, runtime.kernels.block)),
      k_scales_(size_of(n_heads, n_blocks_, runtime.kernels.block)),
      k_offsets_(k_scales_.size()),
      v_(size_of(std::int64_t{n_heads} * n_strips_, d, kValueStrip)),
      v_scales_(size_of(n_heads, n_strips_, d)),
      centres_(size_of(2, n_heads, d)),
      bias_(size_of(3, n_heads, d)),
      mean_row_(size_of(n_heads, d, runtime.kernels.block)),
      scratch_size_(
          std::max(static_cast<std::ptrdiff_t>(int8_attention_scratch(runtime.kernels.block, d)),
                   std::ptrdiff_t{d} * kValueStrip)),
      scratch_(size_of(runtime.pool.size(), scratch_size_)) {
  SOTTO_CHECK(d % 4 == 0 && d <= kLargestGroup);
}

void Int8Attention::find_centres(const Int8Linear& qkv, bool remainders, const float* sums) {
  const std::ptrdiff_t block = runtime_.kernels.block, width = std::ptrdiff_t{n_heads_} * d_;
  for (std::ptrdiff_t i = 0; i < width; ++i) {
    float sum = 0;
    for (std::ptrdiff_t b = 0; b < n_blocks_; ++b) sum += sums[b * width + i];
    mean_row_[static_cast<std::size_t>(i * block)] = sum / static_cast<float>(n_positions_);
  }
  Int8Activations mean(runtime_.kernels, 1, static_cast<int>(width), kGroup, remainders);
  quantize_blocks(runtime_, mean, mean_row_.data(), 1, static_cast<int>(width));
  std::copy_n(qkv.bias(), 3 * width, bias_.begin());
  runtime_.parallel_for(2 * n_heads_, [&](std::int64_t head, int thread) {
    float* const rows = scratch_.data() + thread * scratch_size_;
    qkv.group(rows, mean, n_heads_ + static_cast<int>(head), 0, 1, qkv.bias());
    for (std::ptrdiff_t i = 0; i < d_; ++i) {
      centres_.data()[head * d_ + i] = rows[i * block];
      bias_.data()[width + head * d_ + i] -= rows[i * block];
    }
  });
}

/// The blocks of a strip of one head, d × B numbers each.
void Int8Attention::quantize_strip(const float* rows, int kind, std::int64_t head,
                                   std::int64_t strip) {
  const Int8Kernels& kernels = runtime_.kernels;
  const std::ptrdiff_t block = kernels.block, strip_blocks = kValueStrip / block;
  if (kind == kValues) {
    const std::int64_t at = head * n_strips_ + strip, rest = n_positions_ - strip * kValueStrip;
    kernels.quantize_values(
        {.bytes = v_.data() + at * kValueStrip * d_,
         .scales = v_scales_.data() + at * d_,
         .x = rows,
         .d = d_,
         .n_positions = static_cast<int>(std::min<std::int64_t>(kValueStrip, rest))});
    return;
  }
  const std::int64_t end = std::min<std::int64_t>(n_blocks_, (strip + 1) * strip_blocks);
  for (std::int64_t b = strip * strip_blocks; b < end; ++b, rows += d_ * block) {
    if (kind == kQueries) {
      kernels.quantize({.quads = q_.quads(b) + head * d_ * block,
                        .scales = q_.scales(b) + head * block,
                        .x = rows,
                        .d = d_,
                        .group = d_,
                        .remainders = false,
                        .gamma = nullptr,
                        .beta = nullptr,
                        .epsilon = 0,
                        .scratch = nullptr,
                        .sums = nullptr,
                        .n_positions = 0});
    } else {
      const std::ptrdiff_t at = head * n_blocks_ + b;
      kernels.quantize_keys({.quads = k_.data() + at * d_ * block,
                             .scales = k_scales_.data() + at * block,
                             .offsets = k_offsets_.data() + at * block,
                             .x = rows,
                             .d = d_});
    }
  }
}

void Int8Attention::project(const Int8Linear& qkv, Int8Activations& x, const float* sums) {
  find_centres(qkv, x.remainders(), sums);
  const int strip_blocks = kValueStrip / runtime_.kernels.block;
  // Neighbouring tasks share a head, whose weights then stay in the cache.
  runtime_.parallel_for(std::int64_t{3} * n_heads_ * n_strips_, [&](std::int64_t i, int thread) {
    const std::int64_t head = i / n_strips_ / 3, kind = i / n_strips_ % 3, strip = i % n_strips_;
    const auto group = static_cast<int>(kind * n_heads_ + head);
    const int begin = static_cast<int>(strip) * strip_blocks;
    float* const rows = scratch_.data() + thread * scratch_size_;
    qkv.group(rows, x, group, begin, std::min(n_blocks_, begin + strip_blocks), bias_.data());
    quantize_strip(rows, static_cast<int>(kind), head, strip);
  });
}

void Int8Attention::operator()(Int8Activations& out) {
  const std::ptrdiff_t block = runtime_.kernels.block;
  // Neighbouring tasks share a head, whose keys and values then stay in the cache.
  runtime_.parallel_for(std::int64_t{n_heads_} * n_blocks_, [&](std::int64_t i, int thread) {
    const std::ptrdiff_t head = i / n_blocks_, b = i % n_blocks_;
    runtime_.kernels.attention({.quads = out.quads(b) + head * d_ * block,
                                .quad_scales = out.scales(b) + head * block,
                                .q = q_.quads(b) + head * d_ * block,
                                .q_scales = q_.scales(b) + head * block,
                                .k = k_.data() + head * n_blocks_ * d_ * block,
                                .k_scales = k_scales_.data() + head * n_blocks_ * block,
                                .k_offsets = k_offsets_.data() + head * n_blocks_ * block,
                                .v = v_.data() + head * n_strips_ * kValueStrip * d_,
                                .v_scales = v_scales_.data() + head * n_strips_ * d_,
                                .n_keys = n_positions_,
                                .d = d_,
                                .scale = 1.0f / std::sqrt(static_cast<float>(d_)),
                                .scratch = scratch_.data() + thread * scratch_size_});
  });
}

}  // namespace sotto::cpu
