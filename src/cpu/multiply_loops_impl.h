// The loops of multiply_loops.h, written once on the vectors and products of an instruction set
// (dot_<isa>.h, which comes before this file); everything here has internal linkage.
#pragma once

#include "cpu/elementwise_impl.h"
#include "cpu/multiply_loops.h"

namespace sotto::cpu {
namespace {

/// The compiler takes `x` for changed: it can neither leave a product out nor use it twice.
template <typename T>
SOTTO_INLINE void touch(T& x) {
#if defined(__x86_64__)
  __asm__ volatile("" : "+v"(x));
#else
  __asm__ volatile("" : "+m"(x));
#endif
}

/// So many independent sums hide the latency of one: 12 of at most 6 cycles, two added to in a
/// cycle.
constexpr int kChains = 12;

void multiply_floats(std::int64_t steps) noexcept {
  Vector sums[kChains];
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i] = broadcast(static_cast<float>(i));
  const Vector factor = broadcast(0.5f);
  for (std::int64_t step = 0; step < steps; ++step) {
    SOTTO_UNROLL
    for (int i = 0; i < kChains; ++i) sums[i] = fma(sums[i], factor, factor);
  }
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) touch(sums[i]);
}

/// Operands in two registers leave fewer for sums, which then wait for an addition only.
constexpr int kByteChains = sizeof(Operand) == sizeof(Integers) ? kChains : 8;

template <typename T>
SOTTO_INLINE void touch_operand(T& a) {
  if constexpr (sizeof(T) == sizeof(Integers)) {
    touch(a);
  } else {
    touch(a.even);
    touch(a.odd);
  }
}

void multiply_bytes(std::int64_t steps) noexcept {
  Integers sums[kByteChains];
  SOTTO_UNROLL
  for (int i = 0; i < kByteChains; ++i) sums[i] = broadcast_integer(i);
  Operand a = prepare(broadcast_integer(0x01020304));
  const Weight b = prepare_weight(broadcast_integer(0x04030201));
  for (std::int64_t step = 0; step < steps; ++step) {
    SOTTO_UNROLL
    for (int i = 0; i < kByteChains; ++i) {
      touch_operand(a);
      sums[i] = dot(sums[i], a, b);
    }
  }
  SOTTO_UNROLL
  for (int i = 0; i < kByteChains; ++i) touch(sums[i]);
}

void multiply_words(std::int64_t steps) noexcept {
  Integers sums[kChains];
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i] = broadcast_integer(i);
  Integers a = broadcast_integer(0x00010002);
  const Integers b = broadcast_integer(0x00020001);
  for (std::int64_t step = 0; step < steps; ++step) {
    SOTTO_UNROLL
    for (int i = 0; i < kChains; ++i) {
      touch(a);
      sums[i] = dot_words(sums[i], a, b);
    }
  }
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) touch(sums[i]);
}

constexpr MultiplyLoops kMultiplyLoops = {
    .float32 = {kChains * kLanes, multiply_floats},
    .bfloat16 = {},
    .int16 = {kChains * 2 * kLanes, multiply_words},
    .int8 = {kByteChains * 4 * kLanes, multiply_bytes},
};

}  // namespace
}  // namespace sotto::cpu
