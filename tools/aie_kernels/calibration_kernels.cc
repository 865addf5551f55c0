// Kernels whose published cycles are those of code that AMD's clone does not hold: the algorithm of
// Hello XDNA's hand-written assembly, and what the generated code of mlir-aie's TOSA tests does.
#include "calibration_kernels.h"

#include <aie_api/aie.hpp>

#include "npu/kernels/blocks.h"

namespace sotto::aie_kernels {
namespace {

using namespace npu::recorded_kernels;

constexpr int kSide = 32, kRowOfA = kSide / 8 * kOperand, kRowOfB = kSide / 4 * kOperand,
              kRowOfC = kSide / 4 * kSum;

/// 2 x 4 sums.
struct Block {
  Mmul sums[8];
};
constexpr int sum_at(int i) {
  return i / 4 * kRowOfC + i % 4 * kSum;
}

/// All of a block's products, while another block goes to memory and a third comes from it.
void multiply(Block& now, Block& other, const bfloat16* a, const bfloat16* b, float* out,
              const float* in) {
  SOTTO_UNROLL
  for (int k = 0; k < 4; ++k) {
    const auto upper = aie::load_v<kOperand>(a + k * kOperand);
    const auto lower = aie::load_v<kOperand>(a + kRowOfA + k * kOperand);
    SOTTO_UNROLL
    for (int j = 0; j < 4; ++j) {
      const auto right = aie::load_v<kOperand>(b + k * kRowOfB + j * kOperand);
      now.sums[j].mac(upper, right);
      now.sums[4 + j].mac(lower, right);
    }
    SOTTO_UNROLL
    for (int i = 2 * k; i < 2 * k + 2; ++i) {
      store_sum(out + sum_at(i), other.sums[i].to_accum());
      other.sums[i] = Mmul(load_sum(in + sum_at(i)));
    }
  }
}

}  // namespace

void product_32(float* __restrict c, const bfloat16* __restrict a, const bfloat16* __restrict b) {
  Block upper, lower;
  SOTTO_UNROLL
  for (int i = 0; i < 8; ++i) {
    upper.sums[i] = Mmul(load_sum(c + sum_at(i)));
    lower.sums[i] = Mmul(load_sum(c + 2 * kRowOfC + sum_at(i)));
  }
  float* lower_done = c + 2 * kRowOfC;
  SOTTO_LOOP(4, int block = 0; block < 4; ++block) {
    const int next = (block + 1) & 3;
    float* here = c + block % 2 * 4 * kRowOfC + block / 2 * 4 * kSum;
    float* there = c + next % 2 * 4 * kRowOfC + next / 2 * 4 * kSum;
    const bfloat16* a_here = a + block % 2 * 4 * kRowOfA;
    const bfloat16* b_here = b + block / 2 * 4 * kOperand;
    multiply(upper, lower, a_here, b_here, lower_done, here + 2 * kRowOfC);
    multiply(lower, upper, a_here + 2 * kRowOfA, b_here, here, there);
    lower_done = here + 2 * kRowOfC;
  }
  SOTTO_UNROLL
  for (int i = 0; i < 8; ++i) store_sum(lower_done + sum_at(i), lower.sums[i].to_accum());
}

void narrow_1024(bfloat16* __restrict out, const float* __restrict in) {
  SOTTO_LOOP(64, int i = 0; i < 64; ++i) {
    aie::store_v(out + 16 * i,
                 aie::accum<accfloat, 16>(aie::load_v<16>(in + 16 * i)).to_vector<bfloat16>());
  }
}

void widen_1024(float* __restrict out, const bfloat16* __restrict in) {
  SOTTO_LOOP(64, int i = 0; i < 64; ++i) {
    aie::store_v(out + 16 * i,
                 aie::accum<accfloat, 16>(aie::load_v<16>(in + 16 * i)).to_vector<float>());
  }
}

void and_1024(int16* __restrict out, const int16* __restrict a, const int16* __restrict b) {
  SOTTO_LOOP(32, int i = 0; i < 32; ++i) {
    aie::store_v(out + 32 * i,
                 aie::bit_and(aie::load_v<32>(a + 32 * i), aie::load_v<32>(b + 32 * i)));
  }
}

void shift_1024(int16* __restrict out, const int16* __restrict in) {
  SOTTO_LOOP(32, int i = 0; i < 32; ++i) {
    const aie::accum<acc32, 32> wide(aie::load_v<32>(in + 32 * i));
    aie::store_v(out + 32 * i, wide.to_vector<int16>(3));
  }
}

}  // namespace sotto::aie_kernels
