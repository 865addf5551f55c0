// Products of bfloat16: VDPBF16PS in 512 bits: two products in each lane.
#pragma once

#include "cpu/simd_avx512.h"

namespace sotto::cpu {
namespace {

/// sum + a·b over the two bfloat16 of each lane. Not the intrinsic, around which GCC 12 copies each
/// sum before it is added to.
inline Vector dot_bf16(Vector sum, Integers a, Integers b) noexcept {
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

}  // namespace
}  // namespace sotto::cpu
