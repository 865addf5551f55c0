// The bfloat16 multiply-accumulate of the AIE2 core (vmac.f, vmul.f, vadd.f), bit for bit.
//
// A lane adds n exact products to its float32 accumulator "in one go" (AMD AM020, chapter 4): with
// 2^e(x) the place of the leading bit of x,
//     E   = max(e(c), e(a₁) + e(b₁), …, e(aₙ) + e(bₙ))    zero terms left out
//     c'  = round₂₄(Σ round(term to a multiple of 2^(E−23)))
// A product sits at e(a) + e(b) and is not renormalised: its significand lies in [1, 4). Each term
// is rounded alone, ties to even; their sum is exact; round₂₄ gives a float32, ties to even. The
// order of the terms does not matter, and crRnd and crSat have no say.
// Source: probes of two Phoenix NPUs. ignite-xdna (docs/SILICON.md): 132 constructed cases, and 55
// million values of a network, none off. xdna-emu (tests/vector-verify/vec_mac_bf16*): 864 lanes of
// random bits with infinities and NaN captured, 384 finite ones compared; this code gives them all.
//
// At the ends of the range:
//  - A subnormal operand is not flushed: it enters without leading bit, with e of the smallest
//    normal number (xdna-emu: observed for vadd.f and by its fuzzing of vmac.f).
//  - An exact zero sum is +0 (xdna-emu), also −0 + 0. A result below the normal range becomes zero
//    with the sum's sign (observed for vadd.f; taken over for vmac.f).
//  - A result of 2^128 or more is infinite. Infinities win over finite terms; +∞ − ∞, 0·∞ and NaN
//    operands give NaN, whose bit 0 is set and whose other bits are those of the sum of the
//    significands where it is in range, else zero. (The silicon's NaN bits depend on hidden state.)
#pragma once

#include <cstddef>

#include "npu/kernels/host/bf16.h"
#include "npu/kernels/host/core_state.h"

namespace sotto {
enum class Isa;  // base/isa.h
}

namespace sotto::npu::host {

/// One way to compute the instructions. `c` is read and written; msc forms flip the products' sign,
/// sub flips x. A mul is a mac on zeros. All pointers may be unaligned; c must not overlap.
struct MacKernels {
  /// `count` times c[4×4] ± a[4×8] b[8×4], row-major, on one accumulator. Strides in elements lead
  /// to the operands of the next instruction.
  void (*mac_4x8x4)(float* c, const bfloat16* a, const bfloat16* b, std::ptrdiff_t count,
                    std::ptrdiff_t a_stride, std::ptrdiff_t b_stride, bool subtract) noexcept;
  /// c[16] ± a[16] b[16].
  void (*mac_elementwise_16)(float* c, const bfloat16* a, const bfloat16* b,
                             bool subtract) noexcept;
  /// c[i] ± (a[i] b[i] + a[i + 16] b[i + 16]): what the element-wise instruction does with all of
  /// its 32 operands (xdna-emu, tests/bf16_elemwise_characterizer.s); in the form above the upper
  /// half is zero. Their rounding has not been probed: the rule is taken to be the same.
  void (*mac_elementwise_16x2)(float* c, const bfloat16* a, const bfloat16* b,
                               bool subtract) noexcept;
  /// c[16] ± x[16]: vadd.f and vsub.f, the same rule on two accumulators. It is not IEEE addition:
  /// the smaller term first loses what lies below the larger one's last place.
  void (*add_16)(float* c, const float* x, bool subtract) noexcept;
};

/// The kernels of an instruction set; those of Isa::portable are the reference, one lane after
/// another in integers. Aborts if this machine lacks the instruction set.
const MacKernels& mac_kernels(Isa isa, MacModel model);
/// Those of active_isa(); throws what that throws.
const MacKernels& active_mac_kernels(MacModel model);

/// The kernels that the current core computes with.
inline const MacKernels& mac_kernels() {
  static const MacKernels* const tables[] = {&active_mac_kernels(MacModel::exact),
                                             &active_mac_kernels(MacModel::plain_f32)};
  return *tables[static_cast<int>(core().mac_model)];
}

/// c[4×4] += a[4×8] b[8×4]: one vmac.f.
inline void mac_4x8x4(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_4x8x4(c, a, b, 1, 0, 0, false);
}
/// c[4×4] −= a[4×8] b[8×4]
inline void msc_4x8x4(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_4x8x4(c, a, b, 1, 0, 0, true);
}
/// `count` instructions, one after the other, on the same accumulator.
inline void mac_4x8x4_chain(float* c, const bfloat16* a, const bfloat16* b, std::ptrdiff_t count,
                            std::ptrdiff_t a_stride, std::ptrdiff_t b_stride) {
  mac_kernels().mac_4x8x4(c, a, b, count, a_stride, b_stride, false);
}
inline void mac_elementwise_16(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_elementwise_16(c, a, b, false);
}
inline void msc_elementwise_16(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_elementwise_16(c, a, b, true);
}
inline void mac_elementwise_16x2(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_elementwise_16x2(c, a, b, false);
}
inline void msc_elementwise_16x2(float* c, const bfloat16* a, const bfloat16* b) {
  mac_kernels().mac_elementwise_16x2(c, a, b, true);
}
/// c1 + c2 + Σ a[i·a_stride] b[i·b_stride] over i < n ≤ 8: a lane of vaddmac.f, whose second
/// accumulator is one more term on the grid (xdna-emu, bf16_pipeline.rs; not probed by itself).
float addmac_lane(float c1, float c2, const bfloat16* a, std::ptrdiff_t a_stride, const bfloat16* b,
                  std::ptrdiff_t b_stride, int n);
inline void add_16(float* c, const float* x) {
  mac_kernels().add_16(c, x, false);
}
inline void sub_16(float* c, const float* x) {
  mac_kernels().add_16(c, x, true);
}

}  // namespace sotto::npu::host
