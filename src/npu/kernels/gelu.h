// GELU(x) = x Phi(x), the erf form that Whisper uses, in fixed point.
//
//   GELU(x) = max(x, 0) - t g(t)     t = |x|,  g(t) = Phi(-t) = erfc(t / sqrt(2)) / 2
// The first term is exact and carries all of x for large |x|. The second lies between 0 and 0.17
// and vanishes for large t, so that t may be a bfloat16 and 16-bit fixed point holds the rest:
//   t at most kGeluLargest; v = kGeluScale t - kGeluK in Q12, the low bits of 3072 and that
//   g is the square of a polynomial of degree 4, in which two products are enough:
//       w = v v + a,   p = w (w + v) + b,   g ~ p p
//   t g = (u p) p with u = v + kGeluK, in Q25, subtracted from the bits of 0.48, where float32
//   steps by 2^-25
// and b makes p exactly 0 at the largest t, so that from there on GELU(x) is x or 0. A quartic
// takes two products and five constants (Knuth, The Art of Computer Programming 2, 4.6.4); here the
// scale of t takes the place of two, because it also is that of the result. t is rounded towards
// zero to a bfloat16; the constants know of that. They minimise the sum of the squared relative
// errors of nine normal distributions of x, mean and deviation (0, 1), (-0.7, 0.5), (-1, 1),
// (-0.3, 0.3), (-1.5, 0.7), (-1.3, 0.5), (0, 0.1), (0, 0.25) and (-0.1, 0.1), stored as bfloat16:
// found from a minimax fit among neighbours, and gelu_fit_test.cc sees that no neighbour is better.
// Small x have their share because the first convolution's outputs lie there while nobody speaks:
// errors that all those frames share move Whisper's features most. The error is 1.04e-3 at most, of
// 2e-3 allowed. gelu_forms_test.cc compares, with instructions for 32 lanes (gelu_forms_testing.h
// counts them):
//   form                                          largest error  vector store move load port  sum
//   this one                                            1.04e-3    10     4    9    0    8   23
//   degree 6 about t = 2, fixed point                   4.1e-4     14     8   13    0   12   35
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
// Every other one takes more instructions, and more cycles in its fullest slot.
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

inline constexpr bfloat16 kGeluLargest = 3.796875f, kGeluScale = 1.2734375f;
inline constexpr int16 kGeluK = 18690;
inline constexpr int32 kGeluA = 30532192, kGeluB = -2021480;
/// Bits to shift by after each product: w, p, u p.
inline constexpr int kGeluShifts[] = {15, 14, 13};
inline constexpr float kGeluFolded = 0.484375f;

/// kGeluFolded - t g(t) of 32 lanes x. Needs ties to even and no saturation (round_and_wrap).
inline SumPair less_folded_tail(const Operand& x) {
  using Words = aie::vector<int16, 32>;
  using Integers = aie::accum<acc32, 32>;
  constexpr int16 kMagnitude = 0x7FFF;
  const Operand largest = aie::broadcast<bfloat16, kOperand>(kGeluLargest);
  const Words magnitude = aie::bit_and(x.cast_to<int16>(), kMagnitude);
  const Operand t = aie::min(magnitude, largest.cast_to<int16>()).cast_to<bfloat16>();
  const Sum start(aie::broadcast<float, kSum>(3072.0f - kGeluK / 4096.0f));
  const Words v =
      plus_scaled(join(start, start), t, kGeluScale).cast_to<acc32>().to_vector<int16>();

  const Integers a(aie::broadcast<int32, 32>(kGeluA)), b(aie::broadcast<int32, 32>(kGeluB));
  const Words w = aie::mac(a, v, v).to_vector<int16>(kGeluShifts[0]);
  const Words p = aie::mac(b, w, aie::add(w, v)).to_vector<int16>(kGeluShifts[1]);
  const Words up = aie::mul<acc32>(aie::add(v, kGeluK), p).to_vector<int16>(kGeluShifts[2]);

  constexpr int32 kBits = 0x3EF80000;  // of kGeluFolded
  return aie::msc(Integers(aie::broadcast<int32, 32>(kBits)), up, p).template cast_to<accfloat>();
}

/// max(x, 0) and the rest. The constant goes first, from what does not wait for the products.
inline SumPair unfolded(const SumPair& positive, const SumPair& rest) {
  const Sum back(aie::broadcast<float, kSum>(kGeluFolded));
  return aie::add(rest, aie::sub(positive, join(back, back)));
}

/// GELU of 32 lanes, which are loaded twice, so that they need not stay in registers all the while.
inline SumPair gelu(const aie::vector<float, 32>& x, const aie::vector<float, 32>& again) {
  const SumPair rest = less_folded_tail(aie::filter_odd(x.cast_to<bfloat16>()));
  return unfolded(SumPair(aie::max(again.cast_to<int32>(), int32(0)).cast_to<float>()), rest);
}
inline SumPair gelu(const Operand& x, const Operand& again) {
  const SumPair rest = less_folded_tail(x);
  // Not plus_scaled: NaN times zero would reach a lane of the other half.
  return unfolded(SumPair(aie::max(again.cast_to<int16>(), int16(0)).cast_to<bfloat16>()), rest);
}

}  // namespace sotto::npu::kernels
