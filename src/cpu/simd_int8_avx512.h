// Products of integers for gemv_int8_impl.h: AVX-512 BW.
#pragma once

#include "cpu/dot_avx512.h"
#include "cpu/simd_int8_512.h"

namespace sotto::cpu {
namespace {

constexpr int kGemvRows = 4;  // 4×2 sums and totals, even and odd halves of bytes

}  // namespace
}  // namespace sotto::cpu
