// The attention of int8_blocks.h.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "cpu/int8_blocks.h"

namespace sotto::cpu {
namespace {

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
      scratch_(size_of(runtime.pool.size(), static_cast<std::int64_t>(int8_attention_scratch(
                                                runtime.kernels.block, d)))) {
  SOTTO_CHECK(d % 4 == 0);
}

/// The mean key and the mean value of each head. A constant added to all keys does not change the
/// softmax, and one added to all values is added to the result: without them the scales are finer.
void Int8Attention::find_centres(const float* qkv) {
  const int block = runtime_.kernels.block, width = n_heads_ * d_;
  runtime_.parallel_for(2 * n_heads_, [&](std::int64_t i, int) {
    const std::ptrdiff_t row = i * d_;
    runtime_.kernels.mean_of_positions(centres_.data() + row, qkv + (width + row) * block,
                                       std::ptrdiff_t{3} * width * block, d_, n_positions_);
  });
}

void Int8Attention::quantize_inputs(const float* qkv) {
  const Int8Kernels& kernels = runtime_.kernels;
  const std::ptrdiff_t block = kernels.block, width = std::ptrdiff_t{n_heads_} * d_;
  runtime_.parallel_for(n_blocks_, [&](std::int64_t b, int) {
    const float* const rows = qkv + b * 3 * width * block;
    kernels.quantize({.quads = q_.quads(b),
                      .scales = q_.scales(b),
                      .x = rows,
                      .d = static_cast<int>(width),
                      .group = d_,
                      .gamma = nullptr,
                      .beta = nullptr,
                      .epsilon = 0,
                      .scratch = nullptr});
    for (std::ptrdiff_t head = 0; head < n_heads_; ++head) {
      const std::ptrdiff_t at = head * n_blocks_ + b;
      kernels.quantize_keys({.quads = k_.data() + at * d_ * block,
                             .scales = k_scales_.data() + at * block,
                             .offsets = k_offsets_.data() + at * block,
                             .x = rows + (width + head * d_) * block,
                             .centre = centres_.data() + head * d_,
                             .d = d_});
    }
  });
  runtime_.parallel_for(std::int64_t{n_heads_} * n_strips_, [&](std::int64_t i, int) {
    const std::int64_t head = i / n_strips_, strip = i % n_strips_;
    const std::ptrdiff_t first = strip * (kValueStrip / block);
    kernels.quantize_values({.bytes = v_.data() + i * kValueStrip * d_,
                             .scales = v_scales_.data() + i * d_,
                             .x = qkv + (first * 3 * width + 2 * width + head * d_) * block,
                             .x_block = 3 * width * block,
                             .centre = centres_.data() + width + head * d_,
                             .d = d_,
                             .n_positions = static_cast<int>(std::min<std::int64_t>(
                                 kValueStrip, n_positions_ - strip * kValueStrip))});
  });
}

void Int8Attention::operator()(Int8Activations& out, const float* qkv) {
  find_centres(qkv);
  quantize_inputs(qkv);
  const std::ptrdiff_t block = runtime_.kernels.block;
  const auto scratch_size =
      static_cast<std::ptrdiff_t>(int8_attention_scratch(runtime_.kernels.block, d_));
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
                                .scratch = scratch_.data() + thread * scratch_size});
  });
}

}  // namespace sotto::cpu
