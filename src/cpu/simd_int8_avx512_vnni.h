// Products of integers for gemv_int8_impl.h: AVX-512 VNNI.
#pragma once

#include "cpu/simd_int8_512.h"

namespace sotto::cpu {
namespace {

constexpr int kGemvRows = 8;  // 8×2 sums; totals come from memory once in a group

/// sum + w·x over the four bytes of each lane, w unsigned and x signed. The intrinsic, unlike in
/// dot_avx512_vnni.h: it can take x from memory as it broadcasts it.
inline Integers dot_bytes(Integers sum, Integers w, Integers x) noexcept {
  return _mm512_dpbusd_epi32(sum, w, x);
}
/// sum + v·p over the two words of each lane.
inline Integers dot_words(Integers sum, Words v, Words p) noexcept {
  return _mm512_dpwssd_epi32(sum, v, p);
}

}  // namespace
}  // namespace sotto::cpu
