#include "cpu/gemv_linear.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/half.h"

namespace sotto::cpu {
namespace {

constexpr int kLargest = 127, kOffset = 128;

/// The upper half of the f32 bits of x ≥ 0, rounded up, so that no weight leaves its range.
std::uint16_t upper_half_rounded_up(float x) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(x) + 0xFFFFu) >> 16);
}

/// Output `lane` of a panel: the n ≤ kGemvGroup weights of one group.
void pack_run(PanelGroup& group, int lane, const float* weights, int n) {
  float top = 0;
  for (int k = 0; k < n; ++k) top = std::max(top, std::abs(weights[k]));
  group.scales[lane] = upper_half_rounded_up(top / kLargest);
  const float scale = bf16_to_f32(group.scales[lane]);
  for (int k = 0; k < kGemvGroup; ++k) {
    const bool zero = k >= n || !(scale > 0x1p-120f);
    const int weight = zero ? 0 : static_cast<int>(std::nearbyint(weights[k] / scale));
    group.weights[k / 4][lane][k % 4] = static_cast<std::uint8_t>(weight + kOffset);
  }
}

/// Weight k of output `lane`.
float unpack(const PanelGroup& group, int lane, int k) {
  const int weight = group.weights[k / 4][lane][k % 4] - kOffset;
  return static_cast<float>(weight) * bf16_to_f32(group.scales[lane]);
}

}  // namespace

std::span<const float> pad_bias(PackedWeights& weights, std::span<const float> bias, int n_out) {
  return weights.copy_if_any(bias, static_cast<std::size_t>(n_out),
                             static_cast<std::size_t>(blocks_of(n_out, kPanel) * kPanel));
}

GemvScratch::GemvScratch(int n_rows, int n_in) {
  const auto groups =
      static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(blocks_of(n_in, kGemvGroup));
  numbers_ = Buffer<std::int8_t>(groups * kGemvGroup);
  scales_ = Buffer<float>(groups);
  sums_ = Buffer<std::int32_t>(groups);
}

QuantisedRow GemvScratch::row(std::ptrdiff_t row, std::ptrdiff_t groups) {
  return {.numbers = numbers_.data() + row * groups * kGemvGroup,
          .scales = scales_.data() + row * groups,
          .sums = sums_.data() + row * groups};
}

GemvRows GemvScratch::rows(std::ptrdiff_t first, std::ptrdiff_t groups) {
  const QuantisedRow begin = row(first, groups);
  return {.numbers = begin.numbers,
          .scales = begin.scales,
          .sums = begin.sums,
          .groups = static_cast<int>(groups)};
}

GemvRows GemvScratch::quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n) {
  const std::ptrdiff_t groups = blocks_of(n, kGemvGroup);
  SOTTO_CHECK(static_cast<std::size_t>(groups * n_rows) <= scales_.size());
  runtime.for_rows(n_rows, n, [&](std::int64_t i, int) {
    runtime.gemv.quantise({.row = row(i, groups), .remainders = {}, .x = x + i * n, .n = n});
  });
  return rows(0, groups);
}

PreciseGemvRows GemvScratch::quantise_with_remainders(const GemvRuntime& runtime, const float* x,
                                                      int n_rows, int n) {
  const std::ptrdiff_t groups = blocks_of(n, kGemvGroup);
  SOTTO_CHECK(static_cast<std::size_t>(2 * groups * n_rows) <= scales_.size());
  runtime.for_rows(n_rows, n, [&](std::int64_t i, int) {
    runtime.gemv.quantise(
        {.row = row(i, groups), .remainders = row(n_rows + i, groups), .x = x + i * n, .n = n});
  });
  return {.rows = rows(0, groups), .remainders = rows(n_rows, groups)};
}

std::vector<float> gemv_remainders(std::span<const float> weight, int n_out, int n_in) {
  if (weight.empty()) return {};
  SOTTO_CHECK(weight.size() == static_cast<std::size_t>(n_out) * static_cast<std::size_t>(n_in));
  std::vector<float> remainders(weight.begin(), weight.end());
  PanelGroup group;
  for (std::ptrdiff_t row = 0; row < n_out; ++row) {
    for (int begin = 0; begin < n_in; begin += kGemvGroup) {
      float* const w = remainders.data() + row * n_in + begin;
      const int n = std::min(kGemvGroup, n_in - begin);
      pack_run(group, 0, w, n);
      for (int k = 0; k < n; ++k) w[k] -= unpack(group, 0, k);
    }
  }
  return remainders;
}

GemvLinear::GemvLinear(const GemvRuntime& runtime, std::span<const float> weight,
                       std::span<const float> bias, int n_out, int n_in)
    : runtime_(runtime), n_out_(n_out), n_in_(n_in), n_groups_(blocks_of(n_in, kGemvGroup)) {
  const int n_panels = blocks_of(n_out, kPanel);
  const std::size_t size = static_cast<std::size_t>(n_groups_) * static_cast<std::size_t>(n_panels);
  panels_ = runtime.weights.make<PanelGroup>(size, [&](std::span<PanelGroup> panels) {
    SOTTO_CHECK(weight.size() == static_cast<std::size_t>(n_out) * static_cast<std::size_t>(n_in));
    runtime.parallel_for(n_panels, [&](std::int64_t panel, int) {
      pack_panel(weight, static_cast<int>(panel), panels.data() + panel * n_groups_);
    });
  });
  bias_ = pad_bias(runtime.weights, bias, n_out);
}

void GemvLinear::pack_panel(std::span<const float> weight, int panel, PanelGroup* groups) const {
  for (int lane = 0; lane < kPanel; ++lane) {
    const std::ptrdiff_t row = std::ptrdiff_t{panel} * kPanel + lane;
    for (int g = 0; g < n_groups_; ++g) {
      const int n = row < n_out_ ? std::min(kGemvGroup, n_in_ - g * kGemvGroup) : 0;
      const float* const from = n > 0 ? weight.data() + row * n_in_ + g * kGemvGroup : nullptr;
      pack_run(groups[g], lane, from, n);
    }
  }
}

GemvLinearTask GemvLinear::task(float* y, const GemvRows& x, int n_rows) const {
  SOTTO_CHECK(x.groups == n_groups_);
  return {.y = y,
          .y_row = n_out_,
          .residual = nullptr,
          .x = x,
          .n_rows = n_rows,
          .panels = panels_.data(),
          .bias = bias_.data(),
          .n_out = n_out_,
          .activation = Activation::none,
          .panel_begin = 0,
          .panel_end = 0};
}

void GemvLinear::operator()(float* y, const GemvRows& x, int n_rows, Activation activation,
                            const float* residual) const {
  GemvLinearTask all = task(y, x, n_rows);
  all.activation = activation;
  all.residual = residual;
  compute_all(runtime_, runtime_.gemv.linear, all);
}

/// Panel by panel, whose weights are in the cache when the remainders come.
void GemvLinear::operator()(float* y, const PreciseGemvRows& x, int n_rows,
                            const float* residual) const {
  GemvLinearTask all = task(y, x.rows, n_rows);
  all.residual = residual;
  const auto panels = [&](GemvLinearTask part) {
    for (const int end = part.panel_end; part.panel_begin < end; ++part.panel_begin) {
      part.panel_end = part.panel_begin + 1;
      runtime_.gemv.linear(part);
      GemvLinearTask rest = part;
      rest.x = x.remainders;
      rest.bias = nullptr;
      rest.residual = y;
      runtime_.gemv.linear(rest);
    }
  };
  compute_all(runtime_, panels, all);
}

void GemvLinear::outputs(float* y, const GemvRows& x, int n_rows, int begin, int end) const {
  compute_outputs(runtime_.gemv.linear, task(y, x, n_rows), begin, end);
}

void GemvLinear::weight_row(float* out, int n) const {
  SOTTO_CHECK(n >= 0 && n < n_out_);
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(n / kPanel) * n_groups_;
  const int lane = n % kPanel;
  for (int k = 0; k < n_in_; ++k) {
    out[k] =
        unpack(panels_[static_cast<std::size_t>(first + k / kGemvGroup)], lane, k % kGemvGroup);
  }
}

}  // namespace sotto::cpu
