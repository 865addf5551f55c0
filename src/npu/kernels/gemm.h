// C += A B on a 64 x 64 tile whose sums lie in the core's memory, for every kind of operands.
//
// C is computed in halves of 8 x 16 of its blocks of 16 x 16, along its rows: their sums are
// independent and numerous enough to start a MAC every cycle. Sums load through one 256-bit port,
// and bringing those of a half in takes 16 cycles, as does storing them. They hide under the MACs:
// a pipelined loop over halves loads the sums of the next one and stores those of the one before.
// No register has to change its role for that, because the first MAC of a sum may read another
// register than it writes, so that the loop holds one half, not two.
//
// A Product says what the operands are:
//   Mmul                           a block of sums
//   Element, SumElement            of A and B, of C
//   load_sum(), store_sum()        a block of sums from and to memory
//   kB, kSum                       elements of a block of B and of C
//   kBlocks                        blocks of C in 16 columns
//   kSteps                         of k = 8, under whose MACs the sums of a half come and go
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

template <typename Product>
class Gemm {
 public:
  using Element = typename Product::Element;
  using SumElement = typename Product::SumElement;

  /// c += a b with c 64 x 64, a 64 x 8 kb and b 8 kb x 64.
  static inline void add(SumElement* c, const Element* a, const Element* b, int kb) {
    const int a_row = kb * kA;
    int k = 0;
    SOTTO_LOOP_IF_ANY(; k + kSteps <= kb; k += kSteps) {
      add_long(c, a + k * kA, a_row, b + k * kBStep);
    }
    if (k < kb) add_short(c, a + k * kA, a_row, b + k * kBStep, kb - k);
  }
  /// The same with k = 8 kSteps.
  static inline void add_tile(SumElement* c, const Element* a, const Element* b) {
    add_long(c, a, kSteps * kA, b);
  }

 private:
  using Mmul = typename Product::Mmul;
  static constexpr int kB = Product::kB, kBlocks = Product::kBlocks, kSteps = Product::kSteps;
  static constexpr int kA = kOperand;        // elements of a block of A
  static constexpr int kSums = 2 * kBlocks;  // of a half
  static constexpr int kRow = 4 * kTile;     // of C: from a block to the one below
  static constexpr int kBStep = 8 * kTile;   // of B: from k8 to k8 + 1

  static constexpr int sum_at(int i) { return i / kBlocks * kRow + i % kBlocks * Product::kSum; }

  struct HalfBlock {
    Mmul sums[kSums];  // 2 x kBlocks
  };

  static inline void load(HalfBlock& half, const SumElement* c) {
    SOTTO_UNROLL
    for (int i = 0; i < kSums; ++i) half.sums[i] = Product::load_sum(c + sum_at(i));
  }
  static inline void store(SumElement* c, const HalfBlock& half) {
    SOTTO_UNROLL
    for (int i = 0; i < kSums; ++i) Product::store_sum(c + sum_at(i), half.sums[i]);
  }

  /// One step on a half: `a` leads to its upper operand, a_row elements above the lower one.
  static inline void step(HalfBlock& half, const Element* a, int a_row, const Element* b) {
    const auto upper = aie::load_v<kA>(a);
    const auto lower = aie::load_v<kA>(a + a_row);
    SOTTO_UNROLL
    for (int j = 0; j < kBlocks; ++j) {
      const auto right = aie::load_v<kB>(b + j * kB);
      half.sums[j].mac(upper, right);
      half.sums[kBlocks + j].mac(lower, right);
    }
  }

  /// c += a b over k = 8 kSteps.
  static void add_long(SumElement* __restrict c, const Element* __restrict a, int a_row,
                       const Element* __restrict b) {
    SOTTO_LOOP(32, int block = 0; block < 32; ++block) {
      SumElement* here = c + block / 4 * 2 * kRow + block % 4 * kBlocks * Product::kSum;
      const Element* a_here = a + block / 4 * 2 * a_row;
      const Element* b_here = b + block % 4 * kBlocks * kB;
      HalfBlock half;
      load(half, here);
      SOTTO_UNROLL
      for (int k = 0; k < kSteps; ++k) step(half, a_here + k * kA, a_row, b_here + k * kBStep);
      store(here, half);
    }
  }

  /// c += a b over k = 8 kb for fewer steps, half by half: the end of a sequence whose length is no
  /// multiple of 8 kSteps.
  static void add_short(SumElement* __restrict c, const Element* __restrict a, int a_row,
                        const Element* __restrict b, int kb) {
    SOTTO_LOOP(32, int block = 0; block < 32; ++block) {
      SumElement* here = c + block / 4 * 2 * kRow + block % 4 * kBlocks * Product::kSum;
      const Element* a_here = a + block / 4 * 2 * a_row;
      const Element* b_here = b + block % 4 * kBlocks * kB;
      HalfBlock half;
      load(half, here);
      SOTTO_LOOP(1, int k = 0; k < kb; ++k) {
        step(half, a_here + k * kA, a_row, b_here + k * kBStep);
      }
      store(here, half);
    }
  }
};

}  // namespace sotto::npu::kernels
