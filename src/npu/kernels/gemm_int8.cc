// C += A B in integers on a 64 x 64 tile: int8 operands, int32 sums.
//
// A 4 x 8 block of sums takes 1024 bits, so the core holds nine. A MAC may follow the one before on
// the same sums after two cycles, so four sums (8 x 16, half of a 16 x 16 block) keep the unit
// busy: per step of k = 8 four MACs and six 256-bit loads. Sums take four loads each through their
// one port; as in gemm_bf16.cc they come and go under the MACs of the other half, one sum in four
// steps.
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

using Integers = aie::mmul<4, 8, 8, int8, int8, acc32>;
constexpr int kSumInt8 = 32;                   // elements of a 4 x 8 block of sums
constexpr int kOperandA = 32, kOperandB = 64;  // elements of the operands
constexpr int kRow = 8 * kSumInt8;             // int32 from a block of C to the one below
constexpr int kBlockRow = 4 * kRow;            // int32 of 16 rows of C
constexpr int kBStep = 8 * kOperandB;          // bytes of b from k8 to k8 + 1
constexpr int kSums = 4;                       // of a half
constexpr int kSteps = 16;                     // of k, in which the sums of a half come and go
constexpr int kStepsPerSum = kSteps / kSums;
constexpr int sum_at(int i) {
  return i / 2 * kRow + i % 2 * kSumInt8;
}

struct HalfBlock {
  Integers sums[kSums];  // 2 x 2
};

inline Integers load_sums(const int32* from) {
  return Integers(aie::accum<acc32, kSumInt8>(aie::load_v<kSumInt8>(from)));
}
inline void store_sums(int32* to, const Integers& sums) {
  aie::store_v(to, sums.to_accum().to_vector<int32>());
}

inline void load(HalfBlock& half, const int32* c) {
  SOTTO_UNROLL
  for (int i = 0; i < kSums; ++i) half.sums[i] = load_sums(c + sum_at(i));
}

inline void store(int32* c, const HalfBlock& half) {
  SOTTO_UNROLL
  for (int i = 0; i < kSums; ++i) store_sums(c + sum_at(i), half.sums[i]);
}

/// One step of k = 8 on a half: `a` leads to its upper operand, a_row elements above the lower one.
inline void step(HalfBlock& half, const int8* a, int a_row, const int8* b) {
  const auto upper = aie::load_v<kOperandA>(a);
  const auto lower = aie::load_v<kOperandA>(a + a_row);
  SOTTO_UNROLL
  for (int j = 0; j < 2; ++j) {
    const auto right = aie::load_v<kOperandB>(b + j * kOperandB);
    half.sums[j].mac(upper, right);
    half.sums[2 + j].mac(lower, right);
  }
}

/// Sixteen steps on `now`, while `other` goes to c_out and comes back from c_in.
inline void sixteen_steps(HalfBlock& now, HalfBlock& other, const int8* a, int a_row, const int8* b,
                          int32* c_out, const int32* c_in) {
  SOTTO_UNROLL
  for (int k = 0; k < kSteps; ++k) {
    step(now, a + k * kOperandA, a_row, b + k * kBStep);
    if (k % kStepsPerSum != 0) continue;
    const int i = k / kStepsPerSum;
    store_sums(c_out + sum_at(i), other.sums[i]);
    other.sums[i] = load_sums(c_in + sum_at(i));
  }
}

/// c += a b over k = 128. Blocks of 16 x 16 go along the rows of c.
void add_product_128(int32* __restrict c, const int8* __restrict a, int a_row,
                     const int8* __restrict b) {
  HalfBlock upper, lower;
  load(upper, c);
  load(lower, c + 2 * kRow);
  int32* lower_done = c + 2 * kRow;  // the first time, what was just loaded goes back unchanged
  SOTTO_LOOP(16, int block = 0; block < 16; ++block) {
    const int next = (block + 1) & 15;  // after the last block a load that nobody uses
    int32* here = c + block / 4 * kBlockRow + block % 4 * 2 * kSumInt8;
    int32* there = c + next / 4 * kBlockRow + next % 4 * 2 * kSumInt8;
    const int8* a_here = a + block / 4 * 4 * a_row;
    const int8* b_here = b + block % 4 * 2 * kOperandB;
    sixteen_steps(upper, lower, a_here, a_row, b_here, lower_done, here + 2 * kRow);
    sixteen_steps(lower, upper, a_here + 2 * a_row, a_row, b_here, here, there);
    lower_done = here + 2 * kRow;
  }
  store(lower_done, lower);
}

/// c += a b over k = 8 kb < 128, half by half.
void add_product_short(int32* __restrict c, const int8* __restrict a, int a_row,
                       const int8* __restrict b, int kb) {
  SOTTO_LOOP(32, int block = 0; block < 32; ++block) {
    int32* here = c + block / 4 * 2 * kRow + block % 4 * 2 * kSumInt8;
    const int8* a_here = a + block / 4 * 2 * a_row;
    const int8* b_here = b + block % 4 * 2 * kOperandB;
    HalfBlock half;
    load(half, here);
    SOTTO_LOOP(1, int k = 0; k < kb; ++k) {
      step(half, a_here + k * kOperandA, a_row, b_here + k * kBStep);
    }
    store(here, half);
  }
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void gemm_int8(int32* c, const int8* a, const int8* b, int kb) {
  const int a_row = kb * kOperandA;
  int k = 0;
  SOTTO_LOOP_IF_ANY(; k + kSteps <= kb; k += kSteps) {
    add_product_128(c, a + k * kOperandA, a_row, b + k * kBStep);
  }
  if (k < kb) add_product_short(c, a + k * kOperandA, a_row, b + k * kBStep, kb - k);
}
