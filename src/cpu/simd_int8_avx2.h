// Products of integers for gemv_int8_impl.h: AVX2.
#pragma once

#include "cpu/dot_avx2.h"
#include "cpu/simd_int8_256.h"

namespace sotto::cpu {
namespace {

constexpr int kGemvRows = 2;  // 2×4 sums, and as many totals in memory

}  // namespace
}  // namespace sotto::cpu
