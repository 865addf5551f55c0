// The kernels of bf16_mac.h in vectors of kLanes numbers; included after the vectors of one
// instruction set (bf16_mac_avx2.cc, bf16_mac_avx512.cc) and compiled for it alone.
//
// The exact model in float32 and int32. A place is counted as the sum of two exponent fields, E +
// 254.
//  1. A product of two bfloat16 has 16 bits: exact as float32. Its place comes from the operands'
//     fields, the accumulator's is its field + 127; E is their maximum.
//  2. Scaling by 2^(23−E) is exact, and converting to int32, to nearest even, rounds a term to the
//     grid. A product is below 2^25, the accumulator below 2^24, nine terms together below 2^28.1:
//     their sum is exact.
//  3. Converting the sum back rounds to 24 bits, ties to even; scaling by 2^(E−23) is exact or
//     overflows to infinity, as it must.
// This holds where all fields of a and b are at most kLargestField (below 2^34) and the maximum
// lies in kLowestPlace … kHighestPlace:
//  - A zero has the field 0, and so has a subnormal, which counts as field 1. The place of such a
//    product is at most kLargestField + 1, below kLowestPlace: it is not the maximum.
//  - A product that is not a normal float32 lies below 2^-126. The grid is 2^-115 or coarser: such
//    a term counts as 0, however it was rounded or flushed. So does a subnormal accumulator.
//  - Both scales are normal numbers, and the result is 0 or at least 2^-115.
// Other lanes (infinities, NaN, very large or small numbers) are computed by the reference.
// Assumes MXCSR as a process starts: round to nearest, subnormal operands are not taken for zeros.
#pragma once

#include "npu/kernels/host/bf16_mac_tables.h"

namespace sotto::npu::host {
namespace {

constexpr int kLargestField = 160, kLowestPlace = kLargestField + 2, kHighestPlace = 380;
// Places are kept where a bfloat16 has its exponent, 7 bits up.
constexpr int kPlaceShift = 7, kField = 0x7F80, kFields = 0x7F807F80, kMagnitudes = 0x7FFF7FFF;
constexpr int kSigns = static_cast<int>(0x80008000u);

/// The place of a float32.
inline Ints place_of(Floats x) {
  return add(both(shift_right<16>(bits_of(x)), set(kField)), set(127 << kPlaceShift));
}

/// The places of the products of pairs.
inline Ints places_of(Ints a, Ints b) {
  return add_words(both(a, set(kFields)), both(b, set(kFields)));
}

/// The products of pairs.
inline void multiply_pairs(Floats* products, Ints a, Ints b) {
  products[0] = multiply(low_halves(a), low_halves(b));
  products[1] = multiply(high_halves(a), high_halves(b));
}

/// Not zero in lanes in which both numbers of either pair are other than zero.
inline Ints nonzero_products(Ints a, Ints b) {
  return smaller_words(both(a, set(kMagnitudes)), both(b, set(kMagnitudes)));
}

/// c plus the n terms x, whose largest place is `place`. `outside` gets a bit for each lane in
/// which the maximum of all places is out of range: the sum is worthless there.
template <int n>
inline Floats add_terms(Floats c, const Floats* x, Ints place, unsigned& outside) {
  place = larger(place, place_of(c));
  outside = lanes_outside(place, kLowestPlace << kPlaceShift, kHighestPlace << kPlaceShift);
  // 2^(23−E) and 2^(E−23): the fields 127 ± (E − 23), E = place − 254.
  const Ints field = shift_left<23 - kPlaceShift>(place);
  const Floats scale = floats_of(subtract(set(static_cast<int>(404u << 23)), field));
  const Floats unscale = floats_of(subtract(field, set(150 << 23)));
  Ints sum = to_ints(multiply(c, scale));
  for (int i = 0; i < n; ++i) sum = add(sum, to_ints(multiply(x[i], scale)));
  return multiply(to_floats(sum), unscale);
}

/// `sum` with the lanes of `outside` computed again: lane(i, c of that lane).
template <typename Lane>
[[gnu::noinline]] Floats repair(Floats sum, Floats c, unsigned outside, Lane lane) noexcept {
  alignas(64) float before[kLanes], after[kLanes];
  store(before, c);
  store(after, sum);
  for (; outside != 0; outside &= outside - 1) {
    const int i = __builtin_ctz(outside);
    after[i] = lane(i, before[i]);
  }
  return load(after);
}

/// One instruction on kLanes / 4 rows of c; a is at the first of them.
inline Floats mac_rows(Floats c, const bfloat16* a, const bfloat16* b, bool subtract, Ints sign) {
  const Ints rows = flip(load_ints(a), sign);
  const Ints a0 = spread_pair<0>(rows), a1 = spread_pair<1>(rows);
  const Ints a2 = spread_pair<2>(rows), a3 = spread_pair<3>(rows);
  const Ints b0 = load_pairs(b), b1 = load_pairs(b + 8);
  const Ints b2 = load_pairs(b + 16), b3 = load_pairs(b + 24);
  Floats products[8];
  multiply_pairs(products, a0, b0);
  multiply_pairs(products + 2, a1, b1);
  multiply_pairs(products + 4, a2, b2);
  multiply_pairs(products + 6, a3, b3);
  const Ints places = larger_words(larger_words(places_of(a0, b0), places_of(a1, b1)),
                                   larger_words(places_of(a2, b2), places_of(a3, b3)));
  unsigned outside;
  const Floats sum = add_terms<8>(c, products, larger_half(places), outside);
  const bool ordinary = fields_at_most<kLargestField>(rows, b);
  if (__builtin_expect(outside == 0 && ordinary, 1)) return sum;

  // Zeros on zeros are common, where matrices are padded: not one for the reference.
  const Ints nonzero = either(either(nonzero_products(a0, b0), nonzero_products(a1, b1)),
                              either(nonzero_products(a2, b2), nonzero_products(a3, b3)));
  const unsigned empty = ordinary ? zero_lanes(nonzero) : 0;
  return repair(sum, c, ordinary ? outside : kAllLanes, [=](int i, float before) {
    if (before == 0 && (empty >> i & 1) != 0) return 0.0f;
    return exact_mac_lane(before, a + i / 4 * 8, 1, b + i % 4, 4, 8, subtract);
  });
}

void mac_4x8x4(float* c, const bfloat16* a, const bfloat16* b, std::ptrdiff_t count,
               std::ptrdiff_t a_stride, std::ptrdiff_t b_stride, bool subtract) noexcept {
  const Ints sign = set(subtract ? kSigns : 0);
  for (int row = 0; row < 4; row += kLanes / 4) {
    Floats sum = load(c + 4 * row);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      sum = mac_rows(sum, a + i * a_stride + 8 * row, b + i * b_stride, subtract, sign);
    }
    store(c + 4 * row, sum);
  }
}

/// n ∈ {1, 2} products a lane; the missing second one is 0 · 0.
template <int n>
void mac_elementwise(float* c, const bfloat16* a, const bfloat16* b, bool subtract) noexcept {
  for (int i = 0; i < 16; i += kLanes, a += kLanes, b += kLanes, c += kLanes) {
    Ints x = load_halves(a), y = load_halves(b);
    if constexpr (n == 2) {
      x = either(x, shift_left<16>(load_halves(a + 16)));
      y = either(y, shift_left<16>(load_halves(b + 16)));
    }
    const Ints signed_x = flip(x, set(subtract ? kSigns : 0));
    Floats products[2];
    multiply_pairs(products, signed_x, y);
    unsigned outside;
    const Floats before = load(c);
    Floats sum = add_terms<n>(before, products, larger_half(places_of(x, y)), outside);
    outside |= lanes_above<kLargestField>(x, y);
    if (outside != 0) {
      sum = repair(sum, before, outside, [=](int lane, float c_lane) {
        return exact_mac_lane(c_lane, a + lane, 16, b + lane, 16, n, subtract);
      });
    }
    store(c, sum);
  }
}

void add_16(float* c, const float* x, bool subtract) noexcept {
  for (int i = 0; i < 16; i += kLanes) {
    const Floats before = load(c + i), plain = load(x + i);
    const Floats term =
        floats_of(flip(bits_of(plain), set(subtract ? static_cast<int>(0x80000000u) : 0)));
    unsigned outside;
    Floats sum = add_terms<1>(before, &term, place_of(plain), outside);
    if (outside != 0) {
      sum = repair(sum, before, outside, [=](int lane, float c_lane) {
        return exact_add_lane(c_lane, x[i + lane], subtract);
      });
    }
    store(c + i, sum);
  }
}

void plain_mac_4x8x4(float* c, const bfloat16* a, const bfloat16* b, std::ptrdiff_t count,
                     std::ptrdiff_t a_stride, std::ptrdiff_t b_stride, bool subtract) noexcept {
  const Ints sign = set(subtract ? kSigns : 0);
  for (int row = 0; row < 4; row += kLanes / 4) {
    Floats sum = load(c + 4 * row);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const bfloat16* const b_i = b + i * b_stride;
      const Ints rows = flip(load_ints(a + i * a_stride + 8 * row), sign);
      Floats products[8];
      multiply_pairs(products, spread_pair<0>(rows), load_pairs(b_i));
      multiply_pairs(products + 2, spread_pair<1>(rows), load_pairs(b_i + 8));
      multiply_pairs(products + 4, spread_pair<2>(rows), load_pairs(b_i + 16));
      multiply_pairs(products + 6, spread_pair<3>(rows), load_pairs(b_i + 24));
      for (const Floats& product : products) sum = add(sum, product);
    }
    store(c + 4 * row, sum);
  }
}

template <int n>
void plain_mac_elementwise(float* c, const bfloat16* a, const bfloat16* b, bool subtract) noexcept {
  const Ints sign = set(subtract ? kSigns : 0);
  for (int i = 0; i < 16; i += kLanes) {
    Floats sum = load(c + i);
    for (int k = i; k < 16 * n; k += 16) {
      const Ints x = flip(load_halves(a + k), sign);
      sum = add(sum, multiply(low_halves(x), low_halves(load_halves(b + k))));
    }
    store(c + i, sum);
  }
}

void plain_add_16(float* c, const float* x, bool subtract) noexcept {
  for (int i = 0; i < 16; ++i) c[i] = subtract ? c[i] - x[i] : c[i] + x[i];
}

constexpr MacTables kTables = {
    .exact = {.mac_4x8x4 = mac_4x8x4,
              .mac_elementwise_16 = mac_elementwise<1>,
              .mac_elementwise_16x2 = mac_elementwise<2>,
              .add_16 = add_16},
    .plain_f32 = {.mac_4x8x4 = plain_mac_4x8x4,
                  .mac_elementwise_16 = plain_mac_elementwise<1>,
                  .mac_elementwise_16x2 = plain_mac_elementwise<2>,
                  .add_16 = plain_add_16},
};

}  // namespace
}  // namespace sotto::npu::host
