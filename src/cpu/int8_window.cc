#include "cpu/int8_window.h"

#include <algorithm>

namespace sotto::cpu {
namespace {

int head_width(const model::Dims& dims) {
  return dims.n_text_state / dims.n_text_head;
}

std::size_t area(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a * b);
}

/// weight − its bytes times their scales; nothing of weights that were packed before.
std::vector<float> remainders_of(const QuantizedMatrix& matrix, std::span<const float> weight) {
  std::vector<float> remainders(weight.begin(), weight.end());
  const auto width = static_cast<std::size_t>(matrix.n_in);
  const auto group = static_cast<std::size_t>(matrix.group);
  const auto n_groups = static_cast<std::size_t>(groups_of(matrix.n_in, matrix.group));
  for (std::size_t i = 0; i < remainders.size(); ++i) {
    const float scale = matrix.scales[i / width * n_groups + i % width / group];
    remainders[i] -= static_cast<float>(matrix.bytes[i]) * scale;
  }
  return remainders;
}

}  // namespace

Int8Projection::Int8Projection(const Place& place, const LinearParameters& linear,
                               const model::Dims& dims)
    : Int8Projection(place, linear, dims,
                     quantize(linear.weight, 2 * dims.n_text_state, dims.n_audio_state)) {}

Int8Projection::Int8Projection(const Place& place, const LinearParameters& parameters,
                               const model::Dims& dims, const QuantizedMatrix& matrix)
    : linear(place.int8, matrix, parameters.bias, head_width(dims)),
      remainders(place, remainders_of(matrix, parameters.weight), {}, matrix.n_out, matrix.n_in) {}

Int8Projection Int8Window::read(const Place& place, const Parameters& p, const model::Dims& dims) {
  return {place, read_projection_parameters(p, {"key", "value"}, dims.n_text_state), dims};
}

Int8Window::Int8Window(const Place& place, const model::Dims& dims)
    : place_(place),
      dims_(dims),
      n_blocks_(blocks_of(dims.n_audio_ctx, block())),
      features_(place.int8.kernels, n_blocks_, dims.n_audio_state),
      sums_(area(n_blocks_, dims.n_audio_state)),
      mean_(area(1, dims.n_audio_state)),
      mean_scratch_(1, dims.n_audio_state),
      bias_(area(blocks_of(2 * dims.n_text_state, kPanel), kPanel)),
      scratch_(area(place.pool.size(), std::int64_t{head_width(dims)} * block())),
      scratch_size_(std::ptrdiff_t{head_width(dims)} * block()) {}

void Int8Window::set(const float* features) {
  const std::ptrdiff_t width = dims_.n_audio_state;
  place_.parallel_for(n_blocks_, [&](std::int64_t b, int) {
    const int begin = static_cast<int>(b) * block();
    const int n_rows = std::min(block(), dims_.n_audio_ctx - begin);
    const float* const x = features + begin * width;
    float* const sums = sums_.data() + b * width;
    std::copy_n(x, width, sums);
    for (int row = 1; row < n_rows; ++row) {
      for (std::ptrdiff_t i = 0; i < width; ++i) sums[i] += x[row * width + i];
    }
    place_.int8.kernels.quantize_rows({.quads = features_.quads(b),
                                       .scales = features_.scales(b),
                                       .x = x,
                                       .n_rows = n_rows,
                                       .d = dims_.n_audio_state,
                                       .group = features_.group()});
  });
  std::ranges::fill(mean_, 0.0f);
  for (std::ptrdiff_t b = 0; b < n_blocks_; ++b) {
    for (std::ptrdiff_t i = 0; i < width; ++i) mean_.data()[i] += sums_.data()[b * width + i];
  }
  for (float& m : mean_) m /= static_cast<float>(dims_.n_audio_ctx);
  mean_row_ = mean_scratch_.quantise(place_, mean_.data(), 1, dims_.n_audio_state);
}

/// The bias with what the rounding of weights took away from the mean of the features.
void Int8Window::correct_bias(const Projection& projection) {
  projection.remainders(bias_.data(), mean_row_, 1);
  const float* const bias = projection.linear.bias();
  for (std::ptrdiff_t i = 0; i < 2 * dims_.n_text_state; ++i) bias_.data()[i] += bias[i];
}

void Int8Window::project(Int8KeyValues& to, const Projection& projection) {
  correct_bias(projection);
  // Neighbouring tasks share a head, whose weights then stay in the cache.
  place_.parallel_for(
      std::int64_t{2} * dims_.n_text_head * n_blocks_, [&](std::int64_t i, int thread) {
        const int group = static_cast<int>(i / n_blocks_), b = static_cast<int>(i % n_blocks_);
        const int begin = b * block(), n_positions = std::min(block(), dims_.n_audio_ctx - begin);
        float* const rows = scratch_.data() + thread * scratch_size_;
        projection.linear.group(rows, features_, group, b, b + 1, bias_.data());
        const int head = group % dims_.n_text_head;
        if (group < dims_.n_text_head) {
          to.set_keys(place_.int8.kernels, head, rows, begin, n_positions);
        } else {
          to.set_values(place_.int8.kernels, head, rows, begin, n_positions);
        }
      });
}

void Int8Window::project(FloatKeyValues& to, const Projection& projection) {
  correct_bias(projection);
  projection.linear(to.data(), features_, n_blocks_, nullptr, bias_.data());
}

}  // namespace sotto::cpu
