#include "cpu/rows.h"

#include <algorithm>

#include "base/error.h"

namespace sotto::cpu {
namespace {

/// The blocks of one task: four, which a single row takes at once, as long as that leaves every
/// thread some work; more when there are many.
int blocks_per_task(int n_blocks, int threads) {
  const int share = n_blocks / (4 * threads);
  if (share >= 4) return share / 4 * 4;
  return std::clamp(n_blocks / threads, 1, 4);
}

}  // namespace

RowsLinear::RowsLinear(const Runtime& runtime, std::span<const float> weight,
                       std::span<const float> bias, int n_out, int n_in)
    : runtime_(runtime),
      n_out_(n_out),
      n_in_(n_in),
      blocks_(pack(runtime.weights, weight, n_out, n_in, runtime.kernels.block)),
      bias_(runtime.weights.copy_if_any(
          bias, static_cast<std::size_t>(n_out),
          static_cast<std::size_t>(blocks_of(n_out, runtime.kernels.block) *
                                   runtime.kernels.block))) {}

LinearRowsTask RowsLinear::task(float* y, const float* x, int n_rows) const {
  return {.y = y,
          .y_row = n_out_,
          .residual = nullptr,
          .residual_row = n_out_,
          .x = x,
          .x_row = n_in_,
          .n_rows = n_rows,
          .blocks = blocks_.data(),
          .bias = bias_.data(),
          .n_out = n_out_,
          .n_in = n_in_,
          .activation = Activation::none,
          .block_begin = 0,
          .block_end = 0};
}

void RowsLinear::operator()(float* y, const float* x, int n_rows, Activation activation,
                            const float* residual) const {
  LinearRowsTask all = task(y, x, n_rows);
  all.activation = activation;
  all.residual = residual;
  const int n_blocks = blocks_of(n_out_, runtime_.kernels.block);
  const int run = blocks_per_task(n_blocks, runtime_.pool.size());
  runtime_.parallel_for(blocks_of(n_blocks, run), [&](std::int64_t i, int) {
    LinearRowsTask part = all;
    part.block_begin = static_cast<int>(i) * run;
    part.block_end = std::min(n_blocks, part.block_begin + run);
    runtime_.kernels.linear_rows(part);
  });
}

void RowsLinear::outputs(float* y, const float* x, int n_rows, int begin, int end) const {
  const int block = runtime_.kernels.block;
  SOTTO_CHECK(begin % block == 0 && (end % block == 0 || end == n_out_));
  LinearRowsTask part = task(y, x, n_rows);
  part.block_begin = begin / block;
  part.block_end = blocks_of(end, block);
  runtime_.kernels.linear_rows(part);
}

void RowsLinear::weight_row(float* row, int n) const {
  const std::ptrdiff_t block = runtime_.kernels.block;
  const float* const from = blocks_.data() + n / block * n_in_ * block + n % block;
  for (int i = 0; i < n_in_; ++i) row[i] = from[i * block];
}

}  // namespace sotto::cpu
