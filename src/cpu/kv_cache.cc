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

void FloatKeyValues::copy(const FloatKeyValues& from, int n) {
  std::copy_n(from.blocks_.data(), blocks_of(n, lanes_) * stride(), blocks_.data());
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

void Int8KeyValues::set(std::ptrdiff_t position, const float* key_value) {
  for (int head = 0; head < sizes_.n_heads; ++head) {
    const float* const key = key_value + static_cast<std::ptrdiff_t>(head) * sizes_.d;
    gemv_->set_key_value({.keys = keys_of(head),
                          .values = values_of(head),
                          .position = static_cast<int>(position),
                          .key = key,
                          .value = key + sizes_.width(),
                          .d = sizes_.d});
  }
}

void Int8KeyValues::set_keys(const Int8Kernels& kernels, int head, const float* block, int begin,
                             int n) {
  kernels.store_keys(
      {.cache = keys_of(head), .x = block, .d = sizes_.d, .position = begin, .n_positions = n});
}

void Int8KeyValues::set_values(const Int8Kernels& kernels, int head, const float* block, int begin,
                               int n) {
  kernels.store_values(
      {.cache = values_of(head), .x = block, .d = sizes_.d, .position = begin, .n_positions = n});
}

void Int8KeyValues::copy(const Int8KeyValues& from, int n) {
  const auto blocks = static_cast<std::size_t>(blocks_of(n, kKeyBlock));
  for (std::size_t head = 0; head < static_cast<std::size_t>(sizes_.n_heads); ++head) {
    const std::size_t key = head * key_stride(), value = head * value_stride();
    std::copy_n(from.keys_.data() + key, blocks * key_block_bytes(sizes_.d), keys_.data() + key);
    std::copy_n(from.values_.data() + value, blocks * value_block_bytes(sizes_.d),
                values_.data() + value);
  }
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
