#include "cpu/gemv_bf16_linear.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/half.h"

namespace sotto::cpu {
namespace {

/// To nearest, ties to even.
std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace

GemvBf16Linear::GemvBf16Linear(const GemvRuntime& runtime, std::span<const float> weight,
                               std::span<const float> bias, int n_out, int n_in)
    : runtime_(runtime), n_out_(n_out), n_in_(n_in) {
  const int n_panels = blocks_of(n_out, kPanel);
  const std::size_t size =
      static_cast<std::size_t>(n_panels) * static_cast<std::size_t>(n_in) * kPanel;
  panels_ = runtime.weights.make<std::uint16_t>(size, [&](std::span<std::uint16_t> panels) {
    SOTTO_CHECK(weight.size() == static_cast<std::size_t>(n_out) * static_cast<std::size_t>(n_in));
    runtime.parallel_for(n_panels, [&](std::int64_t panel, int) {
      const std::int64_t n_rows = std::min<std::int64_t>(kPanel, n_out - panel * kPanel);
      for (std::int64_t lane = 0; lane < n_rows; ++lane) {
        const float* const from = weight.data() + (panel * kPanel + lane) * n_in;
        std::uint16_t* const to = panels.data() + panel * n_in * kPanel + lane;
        for (std::ptrdiff_t k = 0; k < n_in; ++k) to[k * kPanel] = to_bf16(from[k]);
      }
    });
  });
  bias_ = pad_bias(runtime.weights, bias, n_out);
}

GemvBf16Task GemvBf16Linear::task(float* y, const float* x, int n_rows) const {
  return {.y = y,
          .y_row = n_out_,
          .residual = nullptr,
          .x = x,
          .n_rows = n_rows,
          .panels = panels_.data(),
          .bias = bias_.data(),
          .n_out = n_out_,
          .n_in = n_in_,
          .activation = Activation::none,
          .panel_begin = 0,
          .panel_end = 0};
}

void GemvBf16Linear::operator()(float* y, const float* x, int n_rows, Activation activation,
                                const float* residual) const {
  GemvBf16Task all = task(y, x, n_rows);
  all.activation = activation;
  all.residual = residual;
  compute_all(runtime_, runtime_.gemv.linear_bf16, all);
}

void GemvBf16Linear::outputs(float* y, const float* x, int n_rows, int begin, int end) const {
  compute_outputs(runtime_.gemv.linear_bf16, task(y, x, n_rows), begin, end);
}

void GemvBf16Linear::weight_row(float* out, int n) const {
  SOTTO_CHECK(n >= 0 && n < n_out_);
  const std::uint16_t* const from =
      panels_.data() + static_cast<std::ptrdiff_t>(n / kPanel) * n_in_ * kPanel + n % kPanel;
  for (std::ptrdiff_t k = 0; k < n_in_; ++k) out[k] = bf16_to_f32(from[k * kPanel]);
}

}  // namespace sotto::cpu
