#include "cpu/two_byte_linear.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace sotto::cpu {
namespace {

constexpr int kParts = 3;

/// n inputs filled up to whole groups.
int padded(int n) {
  return blocks_of(n, kGemvGroup) * kGemvGroup;
}

/// Rows of W, W and what rounding takes away from W, each filled up with zeros. Nothing of nothing.
std::vector<float> in_parts(std::span<const float> weight, int n_out, int n_in) {
  if (weight.empty()) return {};
  const std::vector<float> remainders = gemv_remainders(weight, n_out, n_in);
  const std::ptrdiff_t part = padded(n_in);
  std::vector<float> parts(static_cast<std::size_t>(kParts * part * n_out));
  for (std::ptrdiff_t row = 0; row < n_out; ++row) {
    float* const to = parts.data() + row * kParts * part;
    std::copy_n(weight.data() + row * n_in, n_in, to);
    std::copy_n(weight.data() + row * n_in, n_in, to + part);
    std::copy_n(remainders.data() + row * n_in, n_in, to + 2 * part);
  }
  return parts;
}

}  // namespace

TwoByteRows::TwoByteRows(int n_rows, int n_in)
    : scratch_(2 * n_rows, n_in),
      numbers_(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(kParts * padded(n_in))),
      scales_(numbers_.size() / kGemvGroup),
      sums_(scales_.size()) {}

GemvRows TwoByteRows::quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n) {
  const PreciseGemvRows parts = scratch_.quantise_with_remainders(runtime, x, n_rows, n);
  const std::ptrdiff_t groups = parts.rows.groups;
  SOTTO_CHECK(static_cast<std::size_t>(kParts * groups * n_rows) <= scales_.size());
  for (std::ptrdiff_t row = 0; row < n_rows; ++row) {
    const GemvRows* const order[kParts] = {&parts.rows, &parts.remainders, &parts.rows};
    for (std::ptrdiff_t part = 0; part < kParts; ++part) {
      const std::ptrdiff_t from = row * groups, to = (row * kParts + part) * groups;
      std::copy_n(order[part]->numbers + from * kGemvGroup, groups * kGemvGroup,
                  numbers_.data() + to * kGemvGroup);
      std::copy_n(order[part]->scales + from, groups, scales_.data() + to);
      std::copy_n(order[part]->sums + from, groups, sums_.data() + to);
    }
  }
  return {.numbers = numbers_.data(),
          .scales = scales_.data(),
          .sums = sums_.data(),
          .groups = static_cast<int>(kParts * groups)};
}

TwoByteLinear::TwoByteLinear(const GemvRuntime& runtime, std::span<const float> weight,
                             std::span<const float> bias, int n_out, int n_in)
    : n_in_(n_in),
      linear_(runtime, in_parts(weight, n_out, n_in), bias, n_out, kParts * padded(n_in)) {}

void TwoByteLinear::weight_row(float* out, int n) const {
  const std::ptrdiff_t part = padded(n_in_);
  std::vector<float> parts(static_cast<std::size_t>(kParts * part));
  linear_.weight_row(parts.data(), n);
  for (int k = 0; k < n_in_; ++k) out[k] = parts.data()[k] + parts.data()[2 * part + k];
}

TwoByteScratch::TwoByteScratch(int n_rows, int n)
    : rows(n_rows, n),
      x(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n)),
      y(x.size()) {}

void TwoByteBlocksLinear::operator()(float* y, const float* x, int n_blocks, Activation activation,
                                     const float* residual) const {
  TwoByteScratch& scratch = runtime_.scratch;
  const int n_rows = n_blocks * runtime_.kernels.block;
  SOTTO_CHECK(static_cast<std::size_t>(n_rows) *
                  static_cast<std::size_t>(std::max(n_in_, n_out_)) <=
              scratch.x.size());
  from_blocks(runtime_, scratch.x.data(), n_in_, x, n_rows, n_in_);
  if (residual != nullptr)
    from_blocks(runtime_, scratch.y.data(), n_out_, residual, n_rows, n_out_);
  linear_(scratch.y.data(), scratch.rows.quantise(runtime_, scratch.x.data(), n_rows, n_in_),
          n_rows, activation, residual != nullptr ? scratch.y.data() : nullptr);
  to_blocks(runtime_, y, scratch.y.data(), n_out_, n_rows, n_out_);
}

}  // namespace sotto::cpu
