// GELU(x) = x Phi(x), the erf form that Whisper uses, on float32 lanes in fixed point.
//
//   GELU(x) = max(x, 0) + t g(t)     t = |x|,  g(t) = -Phi(-t) = -erfc(t / sqrt(2)) / 2
// The first term is exact in float32 and carries all of x for large |x|. The second lies between
// -0.17 and 0 and vanishes for large t, so 16-bit fixed point holds it well:
//   t in Q14, clamped to below 4: the low bits of 768 + t in float32 count 2^-14
//   z = t / 2 - 1 in Q15
//   g(z) by Horner's rule with a polynomial of degree 6, 16 bits after each step, 15 at last
//   t g in Q17: what the low bits of 96 + t g in float32 count
// and from t = 4 on the constant of the last step makes g exactly 0, so that there GELU(x) is x or
// 0. What is added to an accumulator is a product with a constant: unlike a sum of two accumulators
// it does not read the second one through the port that stores need.
//
// The coefficients minimise max |t / (1 + t) (g - polynomial)| over 0 <= t <= 4 with g = 0 at the
// last z, 1 - 2^-15: iteratively reweighted least squares (Lawson) on 401 Chebyshev nodes of z,
// weights multiplied by the error 200 times, for g / (z - (1 - 2^-15)) of degree 5. With the
// rounding of all steps the error is 4.1e-4 at most, and 7e-5 below t = 1/4, where the outputs of
// the first convolution lie while nobody speaks: errors that all those frames share move Whisper's
// features most. The forms compared by gelu_forms_test.cc, all within the core's operations, with
// instructions for 32 lanes (gelu_forms_testing.h counts them):
//   form                                          largest error  vector store move load port  sum
//   this one: degree 6 about t = 2, fixed point         4.1e-4     14     8   13    0   12   35
//   degree 5                                            1.7e-3     13     7   13    0   11   33
//   two pieces about 1 and 3, degree 4, fixed point     3.4e-4     12     6   25    0   10   43
//   degree 3                                            1.4e-3     11     5   23    0    9   39
//   degree 2                                            5.9e-3     10     4   21    0    8   35
//   degree 6 about t = 2, Horner in bfloat16            2.3e-3     16    16   12    0   18   44
//   t 2^(cubic of t), fixed point, exp2.h               1.4e-3      9     8   17    0   10   34
//   table, 32 straight pieces of t g(t), bfloat16 t     9.9e-4      4     4   20    8    6   36
//   64 pieces                                           6.6e-4      4     4   20    8    6   36
//   128 pieces                                          6.5e-4      4     4   20    8    6   36
//   table, 128 straight pieces, fixed point             1.4e-4     13     5   23    8   11   49
//   table, nearest of 1024 points of t g(t)             9.7e-4      7     3   19    8    7   37
// Of the forms within the 2e-3 allowed two take fewer instructions, degree 5 and the exponential,
// with 4 and 3 times the error; only degree 5 relieves the fullest slot, by one. What is more
// accurate takes more of both. Tables also take memory, four copies of each: 1 KB for 32 straight
// pieces.
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

/// GELU of 32 lanes. Needs ties to even and no saturation (round_and_wrap).
inline SumPair gelu(const SumPair& x) {
  using Words = aie::vector<int16, 32>;
  using Integers = aie::accum<acc32, 32>;
  constexpr int32 kMagnitude = 0x7FFFFFFF;
  constexpr int32 kLargest = 0x407FFF00;  // 4 - 2^-14
  const aie::vector<int32, 32> bits = x.cast_to<acc32>().to_vector<int32>();
  const SumPair positive(aie::max(bits, int32(0)).cast_to<float>());
  const SumPair magnitude(aie::min(aie::bit_and(bits, kMagnitude), kLargest).cast_to<float>());

  constexpr bfloat16 k768 = 768.0f;
  const Words t = plus(magnitude, k768).cast_to<acc32>().to_vector<int16>();  // without a sign
  const Words z = aie::sub(t, int16(-32768));

  constexpr int16 kLeading = 2845;  // Q16; the others are Q31
  constexpr int32 kCoefficients[] = {-157580085, -108669704, 460544769,
                                     -471196694, 232344683,  -48669895};
  Words g = aie::broadcast<int16, 32>(kLeading);
  SOTTO_UNROLL
  for (int step = 0; step < 6; ++step) {
    g = aie::mac(Integers(aie::broadcast<int32, 32>(kCoefficients[step])), g, z)
            .to_vector<int16>(step < 5 ? 15 : 16);
  }

  constexpr int32 kBitsOf96 = 0x42C00000;
  constexpr bfloat16 kMinus96 = -96.0f;
  // t again: in a register all the while it would cost more than this subtraction.
  const Words again = aie::sub(z, int16(-32768));
  const Words small = aie::mul<acc32>(again.cast_to<uint16>(), g).to_vector<int16>(12);
  const SumPair above_96 =
      aie::mac(Integers(aie::broadcast<int32, 32>(kBitsOf96)), small, aie::broadcast<int16, 32>(1))
          .template cast_to<accfloat>();
  return aie::add(positive, plus(above_96, kMinus96));
}

}  // namespace sotto::npu::kernels
