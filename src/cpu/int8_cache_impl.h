// Keys and values in blocks to the decoder's cache, for int8_attention_impl.h; everything here has
// internal linkage, as in kernels_impl.h.
#pragma once

#include "cpu/gemv_int8.h"
#include "cpu/int8_impl.h"

namespace sotto::cpu {
namespace {

static_assert(kKeyBlock % kLanes == 0);

/// The scale of each lane and its inverse, as set_key_value() takes them.
SOTTO_INLINE Scale cache_scale_of(Vector top) {
  const Vector scale = top * broadcast(1.0f / 127.0f);
  const Vector least = broadcast(0x1p-120f);  // keeps the inverse finite
  return {.inverse = broadcast(1.0f) / max(scale, least), .scale = scale};
}

/// Calls body(number, scale, block, lane) for each half of a block that holds positions: number(i)
/// is number i of its positions, `block` is where they go in the cache and `lane` is the first of
/// them there. Sets the scales.
template <typename Body>
SOTTO_INLINE void for_cache_halves(const Int8CacheTask& task, std::size_t block_bytes,
                                   const Body& body) {
  for (int at = 0; at < task.n_positions; at += kLanes) {
    const int position = task.position + at, lane = position % kKeyBlock;
    std::byte* const block =
        task.cache + static_cast<std::size_t>(position / kKeyBlock) * block_bytes;
    const auto number = [&](int i) { return load(task.x + i * kBlock + at); };
    const Scale s = cache_scale_of(largest_magnitude(task.d, number));
    store(reinterpret_cast<float*>(block + block_bytes) - kKeyBlock + lane, s.scale);
    body(number, s, block, lane);
  }
}

void store_keys(const Int8CacheTask& task) noexcept {
  for_cache_halves(task, key_block_bytes(task.d),
                   [&](const auto& number, const Scale& s, std::byte* block, int lane) {
                     store_quads<kKeyBlock>(reinterpret_cast<std::uint8_t*>(block) + 4 * lane,
                                            task.d, s.inverse, kZeroByte, number);
                   });
}

void store_values(const Int8CacheTask& task) noexcept {
  constexpr int kRun = 64;
  const int channels = (task.d + kRun - 1) / kRun * kRun;
  for_cache_halves(task, value_block_bytes(task.d),
                   [&](const auto& number, const Scale& s, std::byte* block, int lane) {
                     for (int begin = 0; begin < task.d; begin += kRun) {
                       const int n = smaller(kRun, task.d - begin);
                       std::int8_t bytes[kRun][kLanes];
                       for (int i = 0; i < n; ++i) {
                         store_bytes(bytes[i], to_integers(number(begin + i) * s.inverse));
                       }
                       std::byte* to = block + (lane / 2 * channels + begin) * 2;
                       for (int at = 0; at < kLanes; at += 2, to += 2 * channels) {
                         for (int i = 0; i < n; ++i) __builtin_memcpy(to + 2 * i, bytes[i] + at, 2);
                       }
                     }
                   });
}

}  // namespace
}  // namespace sotto::cpu
