// The loops of multiply_loops.h for avx512_bf16: those of avx512_vnni and one for bfloat16.
#include "cpu/multiply_loops_tables.h"
// The vectors and their products come before the loops that use them.
#include "cpu/dot_avx512_vnni.h"

#include "cpu/dot_avx512_bf16.h"
#include "cpu/multiply_loops_impl.h"

namespace sotto::cpu {
namespace {

void multiply_bf16(std::int64_t steps) noexcept {
  Vector sums[kChains];
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i] = broadcast(static_cast<float>(i));
  const Integers halves = broadcast_integer(0x3F003F00);  // twice 0.5
  for (std::int64_t step = 0; step < steps; ++step) {
    SOTTO_UNROLL
    for (int i = 0; i < kChains; ++i) sums[i] = dot_bf16(sums[i], halves, halves);
  }
  SOTTO_UNROLL
  for (int i = 0; i < kChains; ++i) touch(sums[i]);
}

}  // namespace

constinit const MultiplyLoops kAvx512Bf16MultiplyLoops = {
    .float32 = kMultiplyLoops.float32,
    .bfloat16 = {kChains * 2 * kLanes, multiply_bf16},
    .int16 = kMultiplyLoops.int16,
    .int8 = kMultiplyLoops.int8,
};

}  // namespace sotto::cpu
