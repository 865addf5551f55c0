// C += A B in integers on a 64 x 64 tile: int8 operands, int32 sums.
//
// A 4 x 8 block of sums takes 1024 bits, so the core holds nine. A MAC may follow the one before on
// the same sums after two cycles, so four sums (an 8 x 16 block) keep the unit busy: per step of
// k = 8 four MACs and six 256-bit loads. Sums take four loads each through their one port; as in
// gemm_bf16.cc they come and go under the MACs of the other block.
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

using Integers = aie::mmul<4, 8, 8, int8, int8, acc32>;
constexpr int kSumInt8 = 32;                   // elements of a 4 x 8 block of sums
constexpr int kOperandA = 32, kOperandB = 64;  // elements of the operands
constexpr int kRow = 8 * kSumInt8;             // int32 from a block of C to the one below
constexpr int kBStep = 8 * kOperandB;          // bytes of b from k8 to k8 + 1
constexpr int kSums = 4;
constexpr int sum_at(int i) {
  return i / 2 * kRow + i % 2 * kSumInt8;
}

struct QuarterBlock {
  Integers sums[kSums];  // 2 x 2
};

inline Integers load_sums(const int32* from) {
  return Integers(aie::accum<acc32, kSumInt8>(aie::load_v<kSumInt8>(from)));
}
inline void store_sums(int32* to, const Integers& sums) {
  aie::store_v(to, sums.to_accum().to_vector<int32>());
}

inline void step(QuarterBlock& block, const int8* a, int a_row, const int8* b) {
  const auto upper = aie::load_v<kOperandA>(a);
  const auto lower = aie::load_v<kOperandA>(a + a_row);
  SOTTO_UNROLL
  for (int j = 0; j < 2; ++j) {
    const auto right = aie::load_v<kOperandB>(b + j * kOperandB);
    block.sums[j].mac(upper, right);
    block.sums[2 + j].mac(lower, right);
  }
}

/// Where block `index` of 8 x 16, counted along the rows of c, and its operands begin.
inline int c_at(int index) {
  return index / 4 * 2 * kRow + index % 4 * 2 * kSumInt8;
}
inline int b_at(int index) {
  return index % 4 * 2 * kOperandB;
}

/// kb steps on `now`, of which the last four exchange the sums of `other`.
inline void steps(QuarterBlock& now, QuarterBlock& other, const int8* a, int kb, const int8* b,
                  int32* c_out, const int32* c_in) {
  const int a_row = kb * kOperandA;
  SOTTO_LOOP_IF_ANY(int k = 0; k < kb - kSums; ++k) {
    step(now, a + k * kOperandA, a_row, b + k * kBStep);
  }
  SOTTO_UNROLL
  for (int i = 0; i < kSums; ++i) {
    const int k = kb - kSums + i;
    step(now, a + k * kOperandA, a_row, b + k * kBStep);
    store_sums(c_out + sum_at(i), other.sums[i]);
    other.sums[i] = load_sums(c_in + sum_at(i));
  }
}

inline void load(QuarterBlock& block, const int32* c) {
  SOTTO_UNROLL
  for (int i = 0; i < kSums; ++i) block.sums[i] = load_sums(c + sum_at(i));
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void gemm_int8(int32* c, const int8* a, const int8* b, int kb) {
  constexpr int kBlocks = 32;
  const int a_pair = 2 * kb * kOperandA;  // elements of a from eight rows to the next eight
  QuarterBlock even, odd;
  load(even, c);
  load(odd, c + c_at(1));
  int32* odd_done = c + c_at(1);
  SOTTO_LOOP(kBlocks / 2, int block = 0; block < kBlocks; block += 2) {
    const int8* a_here = a + block / 4 * a_pair;
    int32* next = c + c_at((block + 2) & (kBlocks - 1));  // after the last a load nobody uses
    steps(even, odd, a_here, kb, b + b_at(block), odd_done, c + c_at(block + 1));
    steps(odd, even, a_here, kb, b + b_at(block + 1), c + c_at(block), next);
    odd_done = c + c_at(block + 1);
  }
  SOTTO_UNROLL
  for (int i = 0; i < kSums; ++i) store_sums(odd_done + sum_at(i), odd.sums[i]);
}
