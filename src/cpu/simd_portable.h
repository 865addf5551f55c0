// Vectors of 4 floats for kernels_impl.h, in the vector extension that GCC and clang share: the
// compiler makes of them what every machine of the target has (SSE2, NEON).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sotto::cpu {
namespace {

typedef float Vector __attribute__((vector_size(16)));
typedef std::int32_t Integers __attribute__((vector_size(16)));
constexpr int kLanes = 4;
constexpr int kTileRows = 6;   // 6×2 sums, 2 vectors of lanes, 1 broadcast: 15 of 16 registers
constexpr int kScoreRows = 4;  // 8 keys are 4 + 4
constexpr Isa kIsa = Isa::portable;
constexpr bool kFmaRoundsOnce = false;

/// The first n < kLanes numbers; zeros after them.
inline Vector load_first(const float* p, int n) noexcept {
  Vector a = {};
  std::memcpy(&a, p, static_cast<std::size_t>(n) * sizeof(float));
  return a;
}
inline void store_first(float* p, int n, Vector a) noexcept {
  std::memcpy(p, &a, static_cast<std::size_t>(n) * sizeof(float));
}
inline Vector load(const float* p) noexcept {
  Vector a;
  std::memcpy(&a, p, sizeof a);
  return a;
}
inline void store(float* p, Vector a) noexcept {
  std::memcpy(p, &a, sizeof a);
}
inline Vector broadcast(float a) noexcept {
  return Vector{a, a, a, a};
}
/// a·b + c; no machine of every kind rounds this once.
inline Vector fma(Vector a, Vector b, Vector c) noexcept {
  return a * b + c;
}
/// mask ? a : b, for masks of all ones or all zeros in a lane.
inline Vector select(Integers mask, Vector a, Vector b) noexcept {
  return reinterpret_cast<Vector>((mask & reinterpret_cast<Integers>(a)) |
                                  (~mask & reinterpret_cast<Integers>(b)));
}
/// The larger; b when either is NaN.
inline Vector max(Vector a, Vector b) noexcept {
  return select(a > b, a, b);
}
/// The smaller; b when either is NaN.
inline Vector min(Vector a, Vector b) noexcept {
  return select(a < b, a, b);
}
inline Vector abs(Vector a) noexcept {
  return reinterpret_cast<Vector>(reinterpret_cast<Integers>(a) & 0x7FFFFFFF);
}
/// max(|a|, |b|) and min(|a|, |b|).
inline Vector larger_magnitude(Vector a, Vector b) noexcept {
  return max(abs(a), abs(b));
}
inline Vector smaller_magnitude(Vector a, Vector b) noexcept {
  return min(abs(a), abs(b));
}
inline Vector sqrt(Vector a) noexcept {
  return Vector{std::sqrt(a[0]), std::sqrt(a[1]), std::sqrt(a[2]), std::sqrt(a[3])};
}
/// To the nearest integer, ties to even, for |a| < 2²².
inline Vector round(Vector a) noexcept {
  const Vector magic = broadcast(0x1.8p23f);
  return a + magic - magic;
}
/// a·2ⁿ for a whole number n in [−126, 127].
inline Vector scale(Vector a, Vector n) noexcept {
  return a * reinterpret_cast<Vector>((__builtin_convertvector(n, Integers) + 127) << 23);
}
/// x ≥ 0 ? a : b
inline Vector select_nonnegative(Vector x, Vector a, Vector b) noexcept {
  return select(reinterpret_cast<Integers>(x) >= 0, a, b);
}
inline float sum(Vector a) noexcept {
  return (a[0] + a[2]) + (a[1] + a[3]);
}
inline float largest(Vector a) noexcept {
  const float even = a[0] > a[2] ? a[0] : a[2];
  const float odd = a[1] > a[3] ? a[1] : a[3];
  return even > odd ? even : odd;
}

inline Integers load_integers(const void* p) noexcept {
  Integers a;
  std::memcpy(&a, p, sizeof a);
  return a;
}
inline void store_integers(void* p, Integers a) noexcept {
  std::memcpy(p, &a, sizeof a);
}
inline Integers broadcast_integer(int a) noexcept {
  return Integers{a, a, a, a};
}
/// To the nearest integer, ties to even, for |a| < 2²².
inline Integers to_integers(Vector a) noexcept {
  return __builtin_convertvector(round(a), Integers);
}
/// Towards zero.
inline Integers truncate(Vector a) noexcept {
  return __builtin_convertvector(a, Integers);
}
inline Vector to_vector(Integers a) noexcept {
  return __builtin_convertvector(a, Vector);
}
/// The same bits.
inline Vector as_vector(Integers a) noexcept {
  return reinterpret_cast<Vector>(a);
}
inline Integers as_integers(Vector a) noexcept {
  return reinterpret_cast<Integers>(a);
}
/// Bits of a where `mask` has ones, of b elsewhere.
inline Integers select_bits(Integers mask, Integers a, Integers b) noexcept {
  return (mask & a) | (~mask & b);
}
template <int N>
Integers shift_left(Integers a) noexcept {
  return a << N;
}
/// The low bytes of all lanes, side by side.
inline void store_bytes(std::int8_t* p, Integers a) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int8_t>(a[i]);
}

}  // namespace
}  // namespace sotto::cpu
