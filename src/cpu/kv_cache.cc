#include "cpu/kv_cache.h"

#include <algorithm>

namespace sotto::cpu {

void FloatKeyValues::set(std::ptrdiff_t position, const float* key_value) {
  float* const to = blocks_.data() + position / lanes_ * stride() + position % lanes_;
  const std::ptrdiff_t n = std::ptrdiff_t{2} * sizes_.width();
  for (std::ptrdiff_t i = 0; i < n; ++i) to[i * lanes_] = key_value[i];
}

void FloatKeyValues::set_all(const float* key_values, int n) {
  const int width = 2 * sizes_.width();
  to_blocks(*runtime_, blocks_.data(), key_values, width, n, width);
}

void FloatKeyValues::attend(float* out, const float* q, int n_keys, std::ptrdiff_t head,
                            float* scratch) const {
  const std::ptrdiff_t offset = head * sizes_.d;
  runtime_->kernels.attention_row({.out = out + offset,
                                   .q = q + offset,
                                   .k = keys() + offset * lanes_,
                                   .v = values() + offset * lanes_,
                                   .kv_block = stride(),
                                   .n_keys = n_keys,
                                   .d = sizes_.d,
                                   .scale = sizes_.scale(),
                                   .scratch = scratch});
}

void Int8KeyValues::set_head(int position, const float* key_value, int head) {
  const auto h = static_cast<std::size_t>(head);
  const float* const key = key_value + static_cast<std::ptrdiff_t>(head) * sizes_.d;
  gemv_->set_key_value({.keys = keys_.data() + h * key_stride(),
                        .values = values_.data() + h * value_stride(),
                        .position = position,
                        .key = key,
                        .value = key + sizes_.width(),
                        .d = sizes_.d});
}

void Int8KeyValues::set(std::ptrdiff_t position, const float* key_value) {
  for (int head = 0; head < sizes_.n_heads; ++head) {
    set_head(static_cast<int>(position), key_value, head);
  }
}

void Int8KeyValues::set_all(const float* key_values, int n) {
  const std::ptrdiff_t row = std::ptrdiff_t{2} * sizes_.width();
  const int blocks = blocks_of(n, kKeyBlock);
  runtime_->parallel_for(std::int64_t{sizes_.n_heads} * blocks, [&](std::int64_t i, int) {
    const int begin = static_cast<int>(i % blocks) * kKeyBlock;
    for (int position = begin; position < std::min(n, begin + kKeyBlock); ++position) {
      set_head(position, key_values + position * row, static_cast<int>(i / blocks));
    }
  });
}

void Int8KeyValues::attend(float* out, const float* q, int n_keys, std::ptrdiff_t head,
                           float* scratch) const {
  const auto h = static_cast<std::size_t>(head);
  gemv_->attention({.out = out + head * sizes_.d,
                    .q = q + head * sizes_.d,
                    .keys = keys_.data() + h * key_stride(),
                    .values = values_.data() + h * value_stride(),
                    .n_keys = n_keys,
                    .d = sizes_.d,
                    .scale = sizes_.scale(),
                    .scratch = scratch});
}

}  // namespace sotto::cpu
