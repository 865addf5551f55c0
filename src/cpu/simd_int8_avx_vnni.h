// Products of integers for gemv_int8_impl.h: AVX-VNNI.
#pragma once

#include "cpu/simd_int8_256.h"

namespace sotto::cpu {
namespace {

constexpr int kInt8Rows = 2;  // 2×4 sums, and as many totals in memory

/// sum + w·x over the four bytes of each lane: w from 0 to 255, x from −127 to 127.
inline Ints dot4(Ints sum, Bytes w, Bytes x) noexcept {
  return _mm256_dpbusd_avx_epi32(sum, w, x);
}
/// sum + v·p over the two words of each lane.
inline Ints dot2(Ints sum, Words v, Words p) noexcept {
  return _mm256_dpwssd_avx_epi32(sum, v, p);
}

}  // namespace
}  // namespace sotto::cpu
