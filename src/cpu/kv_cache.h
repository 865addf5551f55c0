// Keys and values of one attention of one sequence, in f32 or in 8-bit integers, in an arena that
// outlives them.
#pragma once

#include <cmath>
#include <cstddef>

#include "base/arena.h"
#include "cpu/blocks.h"
#include "cpu/gemv_int8.h"
#include "cpu/int8.h"

namespace sotto::cpu {

/// What both caches are made of.
struct HeadSizes {
  int n_heads;
  int d;  ///< width of a head
  int width() const { return n_heads * d; }
  float scale() const { return 1.0f / std::sqrt(static_cast<float>(d)); }
};

/// In f32, as blocks of 2D: D of keys, D of values.
class FloatKeyValues {
 public:
  FloatKeyValues(const Runtime& runtime, const GemvInt8&, Arena& arena, int n_positions,
                 HeadSizes sizes)
      : runtime_(&runtime),
        lanes_(runtime.kernels.block),
        sizes_(sizes),
        blocks_(arena.take<float>(static_cast<std::size_t>(blocks_of(n_positions, lanes_)) *
                                  static_cast<std::size_t>(stride()))) {}

  float* data() { return blocks_.data(); }
  const float* keys() const { return blocks_.data(); }
  const float* values() const { return blocks_.data() + stride() / 2; }
  /// Numbers from one block of positions to the next.
  std::ptrdiff_t stride() const { return std::ptrdiff_t{2} * sizes_.width() * lanes_; }

  /// Sets a position from 2D numbers, keys first.
  void set(std::ptrdiff_t position, const float* key_value);
  /// Sets the first n positions from rows of 2D numbers.
  void set_all(const float* key_values, int n);
  /// Takes the first n positions of another cache of these sizes.
  void copy(const FloatKeyValues& from, int n);

  /// One head of one row, which begins at out and at q, attends to the first n_keys positions.
  void attend(float* out, const float* q, int n_keys, std::ptrdiff_t head, float* scratch) const;
  std::size_t attend_scratch(int n_keys) const {
    return static_cast<std::size_t>(blocks_of(n_keys, lanes_) * lanes_);
  }

 private:
  const Runtime* runtime_;
  int lanes_;
  HeadSizes sizes_;
  std::span<float> blocks_;
};

/// In integers with a scale for each head of each position (gemv_int8.h).
class Int8KeyValues {
 public:
  Int8KeyValues(const Runtime&, const GemvInt8& gemv, Arena& arena, int n_positions,
                HeadSizes sizes)
      : gemv_(&gemv),
        sizes_(sizes),
        n_blocks_(static_cast<std::size_t>(blocks_of(n_positions, kKeyBlock))),
        keys_(arena.take<std::byte>(static_cast<std::size_t>(sizes.n_heads) * key_stride())),
        values_(arena.take<std::byte>(static_cast<std::size_t>(sizes.n_heads) * value_stride())) {}

  void set(std::ptrdiff_t position, const float* key_value);
  /// Sets keys or values of a head at n positions from `begin` on, which begins a block, from a
  /// block of numbers.
  void set_keys(const Int8Kernels& kernels, int head, const float* block, int begin, int n);
  void set_values(const Int8Kernels& kernels, int head, const float* block, int begin, int n);
  /// Takes the first n positions of another cache of these sizes.
  void copy(const Int8KeyValues& from, int n);

  void attend(float* out, const float* q, int n_keys, std::ptrdiff_t head, float* scratch) const;
  std::size_t attend_scratch(int n_keys) const { return gemv_attention_scratch(n_keys, sizes_.d); }

 private:
  std::size_t key_stride() const { return n_blocks_ * key_block_bytes(sizes_.d); }
  std::size_t value_stride() const { return n_blocks_ * value_block_bytes(sizes_.d); }
  std::byte* keys_of(int head) {
    return keys_.data() + static_cast<std::size_t>(head) * key_stride();
  }
  std::byte* values_of(int head) {
    return values_.data() + static_cast<std::size_t>(head) * value_stride();
  }

  const GemvInt8* gemv_;
  HeadSizes sizes_;
  std::size_t n_blocks_;
  std::span<std::byte> keys_;    // head by head
  std::span<std::byte> values_;  // likewise
};

}  // namespace sotto::cpu
