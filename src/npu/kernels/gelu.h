// GELU(x) = x Phi(x), the erf form that Whisper uses, on float32 lanes in fixed point.
//
//   GELU(x) = max(x, 0) + t g(t)     t = |x|,  g(t) = -Phi(-t) = -erfc(t / sqrt(2)) / 2
// The first term is exact in float32 and carries all of x for large |x|. The second lies between
// -0.17 and 0 and vanishes for large t, so 16-bit fixed point holds it well:
//   z = t / 2 - 1 in Q15, clamped to below 1 (t < 4): the low bits of t + 766 in float32 are 2^14 t
//   g(z) by Horner's rule with a polynomial of degree 6, 15 bits after each step
// and beyond t = 4 the constant of the last step makes g exactly 0, so that there GELU(x) is x or
// 0.
//
// The coefficients minimise max |t (g - polynomial)| over 0 <= t <= 4 with g = 0 at the last z,
// 1 - 2^-15: iteratively reweighted least squares (Lawson) on 401 Chebyshev nodes of z, weights
// multiplied by the error 80 times, for g / (z - (1 - 2^-15)) of degree 5. That leaves 2.0e-4;
// with the rounding of all steps the error is 4.1e-4. The forms compared by gelu_forms_test.cc, all
// within the core's operations, with instructions for 32 lanes (gelu_forms_testing.h counts them):
//   form                                          largest error  vector store move load  sum
//   this one: degree 6 about t = 2, fixed point         4.1e-4     15     8    18    0    41
//   degree 5                                            1.7e-3     14     7    17    0    38
//   degree 4                                            3.3e-3     13     6    16    0    35
//   two pieces about 1 and 3, degree 4, fixed point     3.4e-4     13     6    24    0    43
//   degree 3                                            1.4e-3     12     5    22    0    39
//   degree 2                                            5.9e-3     11     4    20    0    35
//   degree 6 about t = 2, Horner in bfloat16            2.3e-3     16    16    24    0    56
//   t 2^(cubic of t), fixed point, exp2.h               1.4e-3     10     8    19    0    37
//   table, 32 straight pieces of t g(t), bfloat16 t     9.9e-4      4     4    18    8    34
//   64 pieces                                           6.6e-4      4     4    18    8    34
//   128 pieces                                          6.5e-4      4     4    18    8    34
//   table, 128 straight pieces, fixed point             1.4e-4     14     5    21    8    48
//   table, nearest of 1024 points of t g(t)             9.7e-4      8     3    19    8    38
// No form with as few instructions in all, or in its fullest slot, is as accurate, and what is more
// accurate needs more of both. But this is not the cheapest form within the 2e-3 allowed: others
// save up to seven instructions, with 1.6 to 4.2 times the error; of those only degree 5 relieves
// the fullest slot, by one. Tables also take memory, four copies of each: 1 KB for 32 straight
// pieces.
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

/// GELU of 32 lanes. Needs ties to even and saturation (round_and_saturate).
inline SumPair gelu(const SumPair& x) {
  using Words = aie::vector<int16, 32>;
  using Integers = aie::accum<acc32, 32>;
  const aie::vector<int32, 32> bits = x.cast_to<acc32>().to_vector<int32>();
  const SumPair positive(aie::max(bits, int32(0)).cast_to<float>());
  const SumPair magnitude(aie::bit_and(bits, int32(0x7FFFFFFF)).cast_to<float>());

  // 766 + t = 768 + 2 z, and the bits of 768 end in sixteen zeros.
  constexpr int32 kBitsOf768 = 0x44400000;
  const SumPair shifted = aie::add(magnitude, SumPair(aie::broadcast<float, 32>(766.0f)));
  const Words z =
      aie::sub(shifted.cast_to<acc32>(), Integers(aie::broadcast<int32, 32>(kBitsOf768)))
          .to_vector<int16>();

  constexpr int16 kLeading = 1337;  // Q15; the others are Q30
  constexpr int32 kCoefficients[] = {-75626866,  -52524346, 227927347,
                                     -235720085, 116476906, -24345881};
  Words g = aie::broadcast<int16, 32>(kLeading);
  SOTTO_UNROLL
  for (const int32 coefficient : kCoefficients) {
    g = aie::mac(Integers(aie::broadcast<int32, 32>(coefficient)), g, z).to_vector<int16>(15);
  }

  // t = 2 (z + 1) in Q14 takes all of an unsigned word; t g goes from Q29 to Q17 and, through the
  // last bits of 96 = 1.5 * 2^6, to float32.
  constexpr int32 kBitsOf96 = 0x42C00000;
  const aie::vector<uint16, 32> t = aie::add(z.cast_to<uint16>(), uint16(0x8000));
  const Words small = aie::mul<acc32>(t, g).to_vector<int16>(12);
  const SumPair above_96 = aie::add(Integers(small), Integers(aie::broadcast<int32, 32>(kBitsOf96)))
                               .template cast_to<accfloat>();
  return aie::add(positive, aie::sub(above_96, SumPair(aie::broadcast<float, 32>(96.0f))));
}

}  // namespace sotto::npu::kernels
