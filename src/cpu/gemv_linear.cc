#include "cpu/gemv_linear.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/half.h"

namespace sotto::cpu {
namespace {

/// What a panel keeps of a weight of so many bits.
template <typename Group>
struct Format;
template <>
struct Format<PanelGroup8> {
  static constexpr int kLargest = 127, kOffset = 128;
  static void set(PanelGroup8& group, int lane, int k, int weight) {
    group.weights[k / 4][lane][k % 4] = static_cast<std::uint8_t>(weight + kOffset);
  }
  static int get(const PanelGroup8& group, int lane, int k) {
    return group.weights[k / 4][lane][k % 4] - kOffset;
  }
};
template <>
struct Format<PanelGroup4> {
  static constexpr int kLargest = 7, kOffset = 8, kHalf = kGemvGroup / 2;
  static void set(PanelGroup4& group, int lane, int k, int weight) {
    std::uint8_t& byte = group.weights[k % kHalf / 4][lane][k % 4];
    const int shift = k < kHalf ? 0 : 4;
    byte = static_cast<std::uint8_t>((byte & ~(15 << shift)) | (weight + kOffset) << shift);
  }
  static int get(const PanelGroup4& group, int lane, int k) {
    const std::uint8_t byte = group.weights[k % kHalf / 4][lane][k % 4];
    return (byte >> (k < kHalf ? 0 : 4) & 15) - kOffset;
  }
};

/// The upper half of the f32 bits of x ≥ 0, rounded up, so that no weight leaves its range.
std::uint16_t upper_half_rounded_up(float x) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(x) + 0xFFFFu) >> 16);
}

/// Output `lane` of a panel: the n ≤ kGemvGroup weights of one group.
template <typename Group>
void pack_run(Group& group, int lane, const float* weights, int n) {
  using Weight = Format<Group>;
  float top = 0;
  for (int k = 0; k < n; ++k) top = std::max(top, std::abs(weights[k]));
  group.scales[lane] = upper_half_rounded_up(top / Weight::kLargest);
  const float scale = bf16_to_f32(group.scales[lane]);
  for (int k = 0; k < kGemvGroup; ++k) {
    const bool zero = k >= n || !(scale > 0x1p-120f);
    Weight::set(group, lane, k, zero ? 0 : static_cast<int>(std::nearbyint(weights[k] / scale)));
  }
}

template <typename Group>
std::span<const Group> pack_panels(const GemvRuntime& runtime, std::span<const float> weight,
                                   int n_out, int n_in) {
  const int n_groups = blocks_of(n_in, kGemvGroup), n_panels = blocks_of(n_out, kPanel);
  const std::span<Group> panels = runtime.weights.take<Group>(static_cast<std::size_t>(n_groups) *
                                                              static_cast<std::size_t>(n_panels));
  runtime.parallel_for(n_panels, [&](std::int64_t panel, int) {
    for (int lane = 0; lane < kPanel; ++lane) {
      const std::int64_t row = panel * kPanel + lane;
      for (int g = 0; g < n_groups; ++g) {
        const int n = row < n_out ? std::min(kGemvGroup, n_in - g * kGemvGroup) : 0;
        const float* const from = n > 0 ? weight.data() + row * n_in + g * kGemvGroup : nullptr;
        pack_run(panels.data()[panel * n_groups + g], lane, from, n);
      }
    }
  });
  return panels;
}

/// Panels of one task: enough tasks that a thread which is held up does not keep the others
/// waiting, and not so many that taking them costs.
int panels_per_task(int n_panels, int threads) {
  return std::clamp(n_panels / (2 * threads), 1, 16);
}

}  // namespace

GemvScratch::GemvScratch(int n_rows, int n_in) {
  const auto groups =
      static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(blocks_of(n_in, kGemvGroup));
  numbers_ = Buffer<std::int8_t>(groups * kGemvGroup);
  scales_ = Buffer<float>(groups);
  sums_ = Buffer<std::int32_t>(groups);
}

GemvRows GemvScratch::quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n) {
  const std::ptrdiff_t groups = blocks_of(n, kGemvGroup);
  SOTTO_CHECK(static_cast<std::size_t>(groups * n_rows) <= scales_.size());
  runtime.for_rows(n_rows, n, [&](std::int64_t row, int) {
    runtime.gemv.quantise({.numbers = numbers_.data() + row * groups * kGemvGroup,
                           .scales = scales_.data() + row * groups,
                           .sums = sums_.data() + row * groups,
                           .x = x + row * n,
                           .n = n});
  });
  return {.numbers = numbers_.data(),
          .scales = scales_.data(),
          .sums = sums_.data(),
          .groups = static_cast<int>(groups)};
}

GemvLinear::GemvLinear(const GemvRuntime& runtime, std::span<const float> weight,
                       std::span<const float> bias, int n_out, int n_in)
    : runtime_(runtime), n_out_(n_out), n_in_(n_in), n_groups_(blocks_of(n_in, kGemvGroup)) {
  SOTTO_CHECK(weight.size() == static_cast<std::size_t>(n_out) * static_cast<std::size_t>(n_in));
  if (runtime.bits == WeightBits::eight) {
    panels8_ = pack_panels<PanelGroup8>(runtime, weight, n_out, n_in);
  } else {
    panels4_ = pack_panels<PanelGroup4>(runtime, weight, n_out, n_in);
  }
  if (bias.empty()) return;
  SOTTO_CHECK(bias.size() == static_cast<std::size_t>(n_out));
  bias_ = Buffer<float>(static_cast<std::size_t>(blocks_of(n_out, kPanel) * kPanel));
  std::copy(bias.begin(), bias.end(), bias_.begin());
}

GemvLinearTask GemvLinear::task(float* y, const GemvRows& x, int n_rows) const {
  SOTTO_CHECK(x.groups == n_groups_);
  return {.y = y,
          .y_row = n_out_,
          .residual = nullptr,
          .x = x,
          .n_rows = n_rows,
          .panels8 = panels8_.data(),
          .panels4 = panels4_.data(),
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
  const int n_panels = blocks_of(n_out_, kPanel);
  const int run = panels_per_task(n_panels, runtime_.pool.size());
  runtime_.parallel_for(blocks_of(n_panels, run), [&](std::int64_t i, int) {
    GemvLinearTask part = all;
    part.panel_begin = static_cast<int>(i) * run;
    part.panel_end = std::min(n_panels, part.panel_begin + run);
    runtime_.gemv.linear(part);
  });
}

void GemvLinear::outputs(float* y, const GemvRows& x, int n_rows, int begin, int end) const {
  SOTTO_CHECK(begin % kPanel == 0 && (end % kPanel == 0 || end == n_out_));
  GemvLinearTask part = task(y, x, n_rows);
  part.panel_begin = begin / kPanel;
  part.panel_end = blocks_of(end, kPanel);
  runtime_.gemv.linear(part);
}

void GemvLinear::weight_row(float* out, int n) const {
  SOTTO_CHECK(n >= 0 && n < n_out_);
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(n / kPanel) * n_groups_;
  const int lane = n % kPanel;
  const auto unpack = [&](const auto* panels) {
    using Group = std::remove_cvref_t<decltype(*panels)>;
    for (int k = 0; k < n_in_; ++k) {
      const Group& group = panels[first + k / kGemvGroup];
      const auto weight = static_cast<float>(Format<Group>::get(group, lane, k % kGemvGroup));
      out[k] = weight * bf16_to_f32(group.scales[lane]);
    }
  };
  if (!panels8_.empty()) {
    unpack(panels8_.data());
  } else {
    unpack(panels4_.data());
  }
}

}  // namespace sotto::cpu
