// Elementwise functions and tiles of rows on the vectors of an instruction set (simd_<isa>.h, which
// comes before this file); everything here has internal linkage, as in kernels_impl.h.
#pragma once

#include "base/sanitizers.h"
#include "cpu/kernels.h"

// Loops over a tile must become straight code, or its sums do not stay in registers. Nobody waits
// for a sanitized program, but for its compiler: minutes for all checks of straight code.
#if defined(SOTTO_ASAN) || defined(SOTTO_TSAN)
#define SOTTO_UNROLL
#else
#define SOTTO_UNROLL _Pragma("GCC unroll 16")
#endif
#define SOTTO_INLINE inline __attribute__((always_inline))
#define SOTTO_INLINE_LAMBDA __attribute__((always_inline))

namespace sotto::cpu {
namespace {

constexpr int kBlock = 2 * kLanes;

template <int R>
struct Rows {};

/// Calls f(Rows<rows>{}) for 1 ≤ rows ≤ Max.
template <int Max, typename F>
SOTTO_INLINE void with_rows(int rows, const F& f) {
  if (rows == Max) {
    f(Rows<Max>{});
  } else if constexpr (Max > 1) {
    with_rows<Max - 1>(rows, f);
  }
}

/// Whether row r of a tile of integers leaves its numbers in memory, where the instruction set has
/// products that take an operand from there and broadcast it (dot_at, dot_words_at). That is one
/// instruction less to decode, which counts where the core's other thread takes half of the
/// decoder, and one load more, of which a cycle has as many as it has products: so one row of four
/// is loaded once for both vectors of lanes.
constexpr bool stays_in_memory(int r) {
  return r % 4 != 0;
}

template <typename T>
SOTTO_INLINE T smaller(T a, T b) {
  return a < b ? a : b;
}

/// 2^(n + f) for a whole number n in [−126, 127] and |f| ≤ ½: a minimax polynomial of degree 6
/// (relative error 2e-9 before rounding).
SOTTO_INLINE Vector exp2_split(Vector n, Vector f) {
  Vector p = broadcast(1.5345811e-4f);
  p = fma(p, f, broadcast(1.3399931e-3f));
  p = fma(p, f, broadcast(9.6184891e-3f));
  p = fma(p, f, broadcast(5.5503286e-2f));
  p = fma(p, f, broadcast(2.4022646e-1f));
  p = fma(p, f, broadcast(6.9314718e-1f));
  p = fma(p, f, broadcast(1.0f));
  return scale(p, n);
}

/// 2^x for x ≤ 0; 2⁻¹²⁶ where it would be smaller, so that no result is subnormal (those are slow).
SOTTO_INLINE Vector exp2_nonpositive(Vector x) {
  const Vector t = max(broadcast(-126.0f), x);
  const Vector n = round(t);
  return exp2_split(n, t - n);
}

/// exp(x) for x ≤ 0, as exp2_nonpositive().
SOTTO_INLINE Vector exp_nonpositive(Vector x) {
  return exp2_nonpositive(x * broadcast(1.44269504f));  // exp(x) = 2^(x·log2 e)
}

/// x·Φ(x), to 1e-6 of the result for all x where Φ(x) is a normal number.
/// Φ(−a) = exp(−a²/2)·g(a) with g(a) = ½·erfcx(a/√2), a minimax polynomial of degree 8 in
/// t = 1/(1 + 0.225·a) on 0 ≤ a ≤ 13.3 (relative error 6e-8); Φ(a) = 1 − Φ(−a).
SOTTO_INLINE Vector gelu(Vector x) {
  const Vector a = abs(x);  // beyond 16, Φ(−a) is as good as zero, and a² may overflow
  const Vector near = broadcast(0.0f) - max(broadcast(0.0f) - a, broadcast(-16.0f));
  const Vector t = broadcast(1.0f) / fma(a, broadcast(0.225f), broadcast(1.0f));
  Vector g = broadcast(-9.247899055480957e-2f);
  g = fma(g, t, broadcast(3.7886789441108704e-1f));
  g = fma(g, t, broadcast(-4.3627673387527466e-1f));
  g = fma(g, t, broadcast(4.567525386810303e-1f));
  g = fma(g, t, broadcast(-1.2615396082401276e-1f));
  g = fma(g, t, broadcast(1.5197184681892395e-1f));
  g = fma(g, t, broadcast(7.603556662797928e-2f));
  g = fma(g, t, broadcast(9.136267006397247e-2f));
  g = fma(g, t, broadcast(-8.078098471742123e-5f));
  // exp(−a²/2) = 2^(−a²·c) with c = log2(e)/2 in two parts, and a² in two parts: near −126 the
  // exponent itself needs more than 24 bits.
  const Vector c_high = broadcast(-0x1.715476p-1f), c_low = broadcast(-0x1.4ae0cp-27f);
  const Vector square = near * near;
  const Vector square_low = fma(near, near, -square);
  const Vector n = round(max(broadcast(-126.0f), square * c_high));
  Vector f = fma(square, c_high, -n);
  f = fma(square, c_low, fma(square_low, c_high, f));
  f = max(broadcast(-0.5f), f);  // only where n is −126 already
  const Vector lower = x * (exp2_split(n, f) * g);
  return select_nonnegative(x, x - lower, lower);
}

/// x·Φ(x) = x⁺ − a·Φ(−a) for a = min(|x|, end), with Φ(a) − ½ = a·P(a²): P from its highest
/// coefficient on.
template <int N>
SOTTO_INLINE Vector polynomial_gelu(const float (&p)[N], float end, Vector x) {
  const Vector a = smaller_magnitude(x, broadcast(end));
  const Vector u = a * a;
  Vector sum = broadcast(p[0]);
  SOTTO_UNROLL
  for (int i = 1; i < N; ++i) sum = fma(sum, u, broadcast(p[i]));
  return fma(sum, u, fma(a, broadcast(-0.5f), max(broadcast(0.0f), x)));
}

/// gelu(x) within 4e-5, which is half a step of bfloat16 at 0.02.
SOTTO_INLINE Vector fine_gelu(Vector x) {
  constexpr float kP[] = {3.572532201e-11f, -3.756551958e-9f, 1.741682496e-7f,
                          -4.726357474e-6f, 8.430831076e-5f,  -1.055083238e-3f,
                          9.643322788e-3f,  -6.607688963e-2f, 3.987618387e-1f};
  return polynomial_gelu(kP, 4.4f, x);
}

SOTTO_INLINE Vector apply(Activation activation, Vector x) {
  return activation == Activation::gelu ? gelu(x) : x;
}

}  // namespace
}  // namespace sotto::cpu
