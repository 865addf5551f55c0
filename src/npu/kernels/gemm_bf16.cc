// C += A B on a 64 x 64 tile with float32 sums in the core's memory.
//
// Per step of k = 8 the half of a 16 x 16 block (2 x 4 sums of 4 x 4) takes eight MACs and twelve
// 256-bit loads of A and B. Sums load through one 256-bit port, so bringing a half in takes 16
// cycles and so does storing it: as long as a quarter of its 64 MACs. They hide under the MACs of
// the other half: while one half is summed, step k stores sum k of the other half, which is done,
// and loads sum k of the one that comes next. Sixteen sums are alive, of the eighteen that the core
// holds, and eight independent ones are under way where four are needed to start a MAC every cycle.
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

constexpr int kSteps = 8;                       // of k, and sums of a half
constexpr int kRow = kTileBlocks * kSum;        // floats from a block of C to the one below
constexpr int kBlockRow = 4 * kRow;             // floats of 16 rows of C
constexpr int kBStep = kTileBlocks * kOperand;  // elements of b from k8 to k8 + 1
constexpr int sum_at(int i) {
  return i / 4 * kRow + i % 4 * kSum;
}

struct HalfBlock {
  Mmul sums[kSteps];  // 2 x 4
};

inline void load(HalfBlock& half, const float* c) {
  SOTTO_UNROLL
  for (int i = 0; i < kSteps; ++i) half.sums[i] = Mmul(load_sum(c + sum_at(i)));
}

inline void store(float* c, const HalfBlock& half) {
  SOTTO_UNROLL
  for (int i = 0; i < kSteps; ++i) store_sum(c + sum_at(i), half.sums[i].to_accum());
}

/// One step of k = 8 on a half: `a` leads to its upper operand, a_row elements above the lower one.
inline void step(HalfBlock& half, const bfloat16* a, int a_row, const bfloat16* b) {
  const Operand upper = aie::load_v<kOperand>(a);
  const Operand lower = aie::load_v<kOperand>(a + a_row);
  SOTTO_UNROLL
  for (int j = 0; j < 4; ++j) {
    const Operand right = aie::load_v<kOperand>(b + j * kOperand);
    half.sums[j].mac(upper, right);
    half.sums[4 + j].mac(lower, right);
  }
}

/// Eight steps on `now`, while `other` goes to c_out and comes back from c_in.
inline void eight_steps(HalfBlock& now, HalfBlock& other, const bfloat16* a, int a_row,
                        const bfloat16* b, float* c_out, const float* c_in) {
  SOTTO_UNROLL
  for (int k = 0; k < kSteps; ++k) {
    step(now, a + k * kOperand, a_row, b + k * kBStep);
    store_sum(c_out + sum_at(k), other.sums[k].to_accum());
    other.sums[k] = Mmul(load_sum(c_in + sum_at(k)));
  }
}

/// c += a b over k = 64. Blocks of 16 x 16 go along the rows of c.
void add_product_64(float* __restrict c, const bfloat16* __restrict a, int a_row,
                    const bfloat16* __restrict b) {
  HalfBlock upper, lower;
  load(upper, c);
  load(lower, c + 2 * kRow);
  float* lower_done = c + 2 * kRow;  // the first time, what was just loaded goes back unchanged
  SOTTO_LOOP(16, int block = 0; block < 16; ++block) {
    const int next = (block + 1) & 15;  // after the last block a load that nobody uses
    float* here = c + block / 4 * kBlockRow + block % 4 * 4 * kSum;
    float* there = c + next / 4 * kBlockRow + next % 4 * 4 * kSum;
    const bfloat16* a_here = a + block / 4 * 4 * a_row;
    const bfloat16* b_here = b + block % 4 * 4 * kOperand;
    eight_steps(upper, lower, a_here, a_row, b_here, lower_done, here + 2 * kRow);
    eight_steps(lower, upper, a_here + 2 * a_row, a_row, b_here, here, there);
    lower_done = here + 2 * kRow;
  }
  store(lower_done, lower);
}

/// c += a b over k = 8 kb < 64, half by half: the end of a sequence whose length is no multiple of
/// 64.
void add_product_short(float* __restrict c, const bfloat16* __restrict a, int a_row,
                       const bfloat16* __restrict b, int kb) {
  SOTTO_LOOP(32, int block = 0; block < 32; ++block) {
    float* here = c + block / 4 * 2 * kRow + block % 4 * 4 * kSum;
    const bfloat16* a_here = a + block / 4 * 2 * a_row;
    const bfloat16* b_here = b + block % 4 * 4 * kOperand;
    HalfBlock half;
    load(half, here);
    SOTTO_LOOP(1, int k = 0; k < kb; ++k) {
      step(half, a_here + k * kOperand, a_row, b_here + k * kBStep);
    }
    store(here, half);
  }
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void zero_sums(float* __restrict c) {
  const auto zeros = aie::zeros<float, kSum>();
  SOTTO_LOOP(256, int i = 0; i < kTileBlocks * kTileBlocks; ++i) {
    aie::store_v(c + i * kSum, zeros);
  }
}

void gemm_bf16(float* c, const bfloat16* a, const bfloat16* b, int kb) {
  const int a_row = kb * kOperand;
  int k = 0;
  SOTTO_LOOP_IF_ANY(; k + kSteps <= kb; k += kSteps) {
    add_product_64(c, a + k * kOperand, a_row, b + k * kBStep);
  }
  if (k < kb) add_product_short(c, a + k * kOperand, a_row, b + k * kBStep, kb - k);
}
