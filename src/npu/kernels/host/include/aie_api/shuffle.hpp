// The raw permutations of 512-bit registers: shift_bytes and the modes of shuffle.
#pragma once

#include <array>
#include <cstring>

#include "vector.hpp"

/// The 64 bytes from byte `bytes` on of a followed by b (512-bit registers).
template <typename T, unsigned Elems>
aie::vector<T, Elems> shift_bytes(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b,
                                  unsigned bytes) {
  static_assert(sizeof(a) == 64);
  sotto::npu::host::check_index(bytes, 65);
  std::array<char, 128> both;
  std::memcpy(both.data(), a.data(), 64);
  std::memcpy(both.data() + 64, b.data(), 64);
  aie::vector<T, Elems> result;
  std::memcpy(static_cast<void*>(result.data()), both.data() + bytes, 64);
  return result;
}

// Modes of shuffle: T<bits>_<rows>x<columns> reads its operands as a matrix of such elements and
// transposes it; of 1024 bits, _lo and _hi are the halves. A smaller matrix is one of several side
// by side in the first operand (xdna-emu, src/interpreter/execute/vector_permute.rs).
// clang-format off
enum : unsigned {
  T8_64x2_lo, T8_64x2_hi, T16_32x2_lo, T16_32x2_hi, T32_16x2_lo, T32_16x2_hi, T64_8x2_lo,
  T64_8x2_hi, T128_4x2_lo, T128_4x2_hi, T256_2x2_lo, T256_2x2_hi, T128_2x4_lo, T128_2x4_hi,
  T64_2x8_lo, T64_2x8_hi, T32_2x16_lo, T32_2x16_hi, T16_2x32_lo, T16_2x32_hi, T8_2x64_lo,
  T8_2x64_hi, T512_1x2_lo, T512_1x2_hi, T16_16x4_lo, T16_16x4_hi, T16_4x16_lo, T16_4x16_hi,
  T16_8x4, T16_4x8, T32_8x4_lo, T32_8x4_hi, T32_4x8_lo, T32_4x8_hi, T32_4x4, T8_8x8, T8_16x4,
  T8_4x16, T16_1x2_flip, T16_4x4, T16_4x2, T16_2x4, T16_8x2, T16_2x8, T16_16x2, T16_2x16, T8_8x4,
  T8_4x8,
};
// clang-format on

// The same modes by what they do: INTLV_lo_16o32 interleaves elements of 16 bits to pairs of 32,
// DINTLV takes the pairs apart.
inline constexpr unsigned INTLV_lo_8o16 = T8_2x64_lo, INTLV_hi_8o16 = T8_2x64_hi,
                          INTLV_lo_16o32 = T16_2x32_lo, INTLV_hi_16o32 = T16_2x32_hi,
                          INTLV_lo_32o64 = T32_2x16_lo, INTLV_hi_32o64 = T32_2x16_hi,
                          INTLV_lo_64o128 = T64_2x8_lo, INTLV_hi_64o128 = T64_2x8_hi,
                          INTLV_lo_128o256 = T128_2x4_lo, INTLV_hi_128o256 = T128_2x4_hi,
                          INTLV_lo_256o512 = T256_2x2_lo, INTLV_hi_256o512 = T256_2x2_hi,
                          INTLV_lo_512o1024 = T512_1x2_lo, INTLV_hi_512o1024 = T512_1x2_hi,
                          DINTLV_lo_8o16 = T8_64x2_lo, DINTLV_hi_8o16 = T8_64x2_hi,
                          DINTLV_lo_16o32 = T16_32x2_lo, DINTLV_hi_16o32 = T16_32x2_hi,
                          DINTLV_lo_32o64 = T32_16x2_lo, DINTLV_hi_32o64 = T32_16x2_hi,
                          DINTLV_lo_64o128 = T64_8x2_lo, DINTLV_hi_64o128 = T64_8x2_hi,
                          DINTLV_lo_128o256 = T128_4x2_lo, DINTLV_hi_128o256 = T128_4x2_hi,
                          DINTLV_lo_256o512 = T256_2x2_lo, DINTLV_hi_256o512 = T256_2x2_hi,
                          DINTLV_lo_512o1024 = T512_1x2_lo, DINTLV_hi_512o1024 = T512_1x2_hi;

namespace sotto::npu::host {

struct ShuffleMode {
  unsigned bytes, rows, columns;  ///< the matrix
  bool pair;                      ///< made of both operands
};

/// By the mode's number; _lo, which is even, and _hi are equal here.
inline ShuffleMode shuffle_mode(unsigned mode) {
  static constexpr ShuffleMode kModes[] = {
      {1, 64, 2, true},  {1, 64, 2, true},  {2, 32, 2, true},  {2, 32, 2, true}, {4, 16, 2, true},
      {4, 16, 2, true},  {8, 8, 2, true},   {8, 8, 2, true},   {16, 4, 2, true}, {16, 4, 2, true},
      {32, 2, 2, true},  {32, 2, 2, true},  {16, 2, 4, true},  {16, 2, 4, true}, {8, 2, 8, true},
      {8, 2, 8, true},   {4, 2, 16, true},  {4, 2, 16, true},  {2, 2, 32, true}, {2, 2, 32, true},
      {1, 2, 64, true},  {1, 2, 64, true},  {64, 1, 2, true},  {64, 1, 2, true}, {2, 16, 4, true},
      {2, 16, 4, true},  {2, 4, 16, true},  {2, 4, 16, true},  {2, 8, 4, false}, {2, 4, 8, false},
      {4, 8, 4, true},   {4, 8, 4, true},   {4, 4, 8, true},   {4, 4, 8, true},  {4, 4, 4, false},
      {1, 8, 8, false},  {1, 16, 4, false}, {1, 4, 16, false}, {2, 1, 2, false}, {2, 4, 4, false},
      {2, 4, 2, false},  {2, 2, 4, false},  {2, 8, 2, false},  {2, 2, 8, false}, {2, 16, 2, false},
      {2, 2, 16, false}, {1, 8, 4, false},  {1, 4, 8, false}};
  return kModes[check_index(mode, std::size(kModes))];
}

/// `out` (64 bytes) from `in` (128 bytes: both operands).
inline void shuffle_bytes(char* out, const char* in, unsigned mode) {
  if (mode == T16_1x2_flip) {
    for (unsigned i = 0; i < 64; ++i) out[i] = in[i ^ 2];
    return;
  }
  const ShuffleMode m = shuffle_mode(mode);
  const unsigned matrix = m.bytes * m.rows * m.columns;
  const unsigned start = m.pair && mode % 2 == 1 ? 64 : 0;
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned at = start + i;
    const unsigned element = at % matrix / m.bytes;
    const unsigned from = element % m.rows * m.columns + element / m.rows;
    out[i] = in[at / matrix * matrix + from * m.bytes + at % m.bytes];
  }
}

}  // namespace sotto::npu::host

template <typename T, unsigned Elems>
aie::vector<T, Elems> shuffle(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b,
                              unsigned mode) {
  static_assert(sizeof(a) == 64);
  std::array<char, 128> in;
  std::memcpy(in.data(), a.data(), 64);
  std::memcpy(in.data() + 64, b.data(), 64);
  aie::vector<T, Elems> result;
  std::array<char, 64> out;
  sotto::npu::host::shuffle_bytes(out.data(), in.data(), mode);
  std::memcpy(static_cast<void*>(result.data()), out.data(), 64);
  return result;
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> shuffle(const aie::vector<T, Elems>& a, unsigned mode) {
  return shuffle(a, a, mode);
}
