// aie::mmul<M, K, N, A, B, Tag>: C (M x N) += A (M x K) * B (K x N), all row-major in registers.
// The shapes are those that aie_api implements for dense operands on AIE2 (detail/aie2/mmul_*.hpp);
// others do not compile. A shape larger than the native one (bfloat16 4x8x4, int8 4x8x8, int16xint8
// 4x4x8, int16 4x4x4) is several instructions; neither for integers nor for bfloat16 does that
// change a bit.
#pragma once

#include "multiply.hpp"

namespace sotto::npu::host {

struct MmulShape {
  unsigned m, k, n;
  constexpr bool operator==(const MmulShape&) const = default;
};

template <std::size_t Count>
constexpr bool contains(const MmulShape (&shapes)[Count], MmulShape shape) {
  for (const MmulShape& candidate : shapes) {
    if (candidate == shape) return true;
  }
  return false;
}

/// The shapes of each pair of element widths in bits.
inline constexpr MmulShape kMmul8x8[] = {{4, 8, 4}, {4, 16, 4}, {8, 8, 4},  {2, 8, 8}, {4, 8, 8},
                                         {8, 8, 8}, {1, 16, 8}, {2, 16, 8}, {4, 16, 8}};
inline constexpr MmulShape kMmul16x8[] = {{4, 4, 4}, {8, 4, 4}, {4, 8, 4},
                                          {4, 4, 8}, {8, 4, 8}, {2, 8, 8}};
inline constexpr MmulShape kMmul8x16[] = {{4, 4, 8}, {4, 4, 4}};
inline constexpr MmulShape kMmul16x16[] = {{4, 4, 4}, {2, 4, 8}, {4, 4, 8},
                                           {4, 2, 8}, {8, 2, 8}, {8, 1, 8}};
inline constexpr MmulShape kMmul16x32[] = {{2, 4, 8}, {4, 4, 4}};
inline constexpr MmulShape kMmul32x16[] = {{2, 4, 8}, {4, 4, 4}, {4, 1, 8}, {4, 2, 4}, {4, 4, 8}};
inline constexpr MmulShape kMmul32x32[] = {{4, 2, 4}, {4, 4, 4}, {8, 2, 4}, {4, 1, 8}};
inline constexpr MmulShape kMmulBf16[] = {{4, 8, 4}, {8, 8, 4}, {4, 8, 8}, {8, 8, 8}, {8, 1, 8}};
inline constexpr MmulShape kMmulFloat[] = {{4, 8, 4}, {4, 1, 4}, {4, 1, 8}};

template <typename A, typename B>
constexpr bool has_mmul(MmulShape shape) {
  constexpr std::size_t kA = 8 * sizeof(A);
  constexpr std::size_t kB = 8 * sizeof(B);
  if constexpr (std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>) {
    return contains(kMmulBf16, shape);
  } else if constexpr (std::is_same_v<A, float> && std::is_same_v<B, float>) {
    return contains(kMmulFloat, shape);
  } else if constexpr (is_floating_v<A> || is_floating_v<B>) {
    return false;
  } else if constexpr (kA == 8) {
    return kB == 8 ? contains(kMmul8x8, shape) : kB == 16 && contains(kMmul8x16, shape);
  } else if constexpr (kA == 16) {
    return kB == 8    ? contains(kMmul16x8, shape)
           : kB == 16 ? contains(kMmul16x16, shape)
                      : contains(kMmul16x32, shape);
  } else {
    return kB == 16 ? contains(kMmul32x16, shape) : kB == 32 && contains(kMmul32x32, shape);
  }
}

/// Whether the instruction behind a shape of 16 x 16, 16 x 8 or 8 x 16 bits sums in 64 bits. Then
/// so does the mmul, even where acc32 is asked for (aie_api: the accumulator of its C_block).
template <typename A, typename B>
constexpr bool sums_in_64_bits(MmulShape shape) {
  constexpr MmulShape k16x16[] = {{4, 4, 4}, {2, 4, 8}, {4, 4, 8}};
  constexpr MmulShape k16x8[] = {{4, 8, 4}, {2, 8, 8}};
  if constexpr (is_floating_v<A> || sizeof(A) + sizeof(B) > 4) return false;
  if constexpr (sizeof(A) == 2 && sizeof(B) == 2) return contains(k16x16, shape);
  if constexpr (sizeof(A) == 2) return contains(k16x8, shape);
  return sizeof(B) == 2;
}

/// The accumulator of an mmul.
template <MmulShape shape, typename Tag, typename A, typename B>
using mmul_tag_t = std::conditional_t<sums_in_64_bits<A, B>(shape), acc64, accum_tag_t<Tag, A, B>>;

/// c += a * b for bfloat16, in 4x8x4 instructions; what a smaller k leaves empty is zero.
template <unsigned M, unsigned K, unsigned N>
void mmul_bf16(float* c, const bfloat16* a, const bfloat16* b) {
  if constexpr (M == 4 && K == 8 && N == 4) {
    mac_4x8x4(c, a, b);
  } else {
    for (unsigned row = 0; row < M; row += 4) {
      for (unsigned column = 0; column < N; column += 4) {
        float block_c[16];
        for (unsigned i = 0; i < 16; ++i) block_c[i] = c[(row + i / 4) * N + column + i % 4];
        for (unsigned k0 = 0; k0 < K; k0 += 8) {
          bfloat16 block_a[32];
          bfloat16 block_b[32];
          for (unsigned i = 0; i < 32; ++i) {
            const unsigned k_a = k0 + i % 8;
            const unsigned k_b = k0 + i / 4;
            block_a[i] = k_a < K ? a[(row + i / 8) * K + k_a] : bfloat16(0.0f);
            block_b[i] = k_b < K ? b[k_b * N + column + i % 4] : bfloat16(0.0f);
          }
          mac_4x8x4(block_c, block_a, block_b);
        }
        for (unsigned i = 0; i < 16; ++i) c[(row + i / 4) * N + column + i % 4] = block_c[i];
      }
    }
  }
}

/// c += a * b in wrapping integers.
template <unsigned M, unsigned K, unsigned N, typename Lane, typename A, typename B>
void mmul_integer(Lane* c, const A* a, const B* b) {
  using Wrapping = std::make_unsigned_t<Lane>;
  for (unsigned row = 0; row < M; ++row) {
    Wrapping sums[N];
    for (unsigned column = 0; column < N; ++column) {
      sums[column] = static_cast<Wrapping>(c[row * N + column]);
    }
    for (unsigned k = 0; k < K; ++k) {
      const Wrapping x = static_cast<Wrapping>(static_cast<Lane>(a[row * K + k]));
      for (unsigned column = 0; column < N; ++column) {
        sums[column] += x * static_cast<Wrapping>(static_cast<Lane>(b[k * N + column]));
      }
    }
    for (unsigned column = 0; column < N; ++column) {
      c[row * N + column] = static_cast<Lane>(sums[column]);
    }
  }
}

/// c += a * b in floats that the core emulates (float_emulation.h).
template <unsigned M, unsigned K, unsigned N>
void mmul_float(float* c, const float* a, const float* b) {
  if constexpr (K == 8) {
    emulated_mac_4x8x4(c, a, b);
  } else {
    static_assert(K == 1);
    std::array<float, M * N> column;
    std::array<float, M * N> row;
    for (unsigned i = 0; i < M * N; ++i) {
      column[i] = a[i / N];
      row[i] = b[i % N];
    }
    for (unsigned i = 0; i < M * N; i += 16) {
      emulated_mac_16(c + i, column.data() + i, row.data() + i, false);
    }
  }
}

}  // namespace sotto::npu::host

namespace aie {

template <unsigned M_, unsigned K_, unsigned N_, typename TypeA, typename TypeB = TypeA,
          typename Tag = accauto>
  requires(sotto::npu::host::has_mmul<TypeA, TypeB>({M_, K_, N_}))
class mmul {
 public:
  static constexpr unsigned M = M_;
  static constexpr unsigned K = K_;
  static constexpr unsigned N = N_;
  static constexpr unsigned size_A = M * K;
  static constexpr unsigned size_B = K * N;
  static constexpr unsigned size_C = M * N;

  using accum_tag =
      sotto::npu::host::mmul_tag_t<sotto::npu::host::MmulShape{M, K, N}, Tag, TypeA, TypeB>;
  using accum_type = accum<accum_tag, size_C>;
  using vector_A_type = vector<TypeA, size_A>;
  using vector_B_type = vector<TypeB, size_B>;

  static constexpr unsigned size() { return size_C; }

  /// C is zero: the first mac of a new object is a mul (aie_api, detail/mmul.hpp: C_block::zero).
  mmul() : c_(zeros<accum_tag, size_C>()) {}
  mmul(const accum_type& c) : c_(c) {}
  template <typename T>
  mmul(const vector<T, size_C>& c, int shift = 0) : c_(c, shift) {}

  /// C += A * B.
  void mac(const vector_A_type& a, const vector_B_type& b) {
    if constexpr (std::is_same_v<TypeA, bfloat16>) {
      sotto::npu::host::mmul_bf16<M, K, N>(c_.data(), a.data(), b.data());
    } else if constexpr (std::is_same_v<TypeA, float>) {
      sotto::npu::host::mmul_float<M, K, N>(c_.data(), a.data(), b.data());
    } else {
      sotto::npu::host::mmul_integer<M, K, N>(c_.data(), a.data(), b.data());
    }
  }
  /// C = A * B.
  void mul(const vector_A_type& a, const vector_B_type& b) {
    c_ = zeros<accum_tag, size_C>();
    mac(a, b);
  }

  accum_type to_accum() const { return c_; }
  operator accum_type() const { return c_; }
  template <typename T>
  vector<T, size_C> to_vector(int shift = 0) const {
    return c_.template to_vector<T>(shift);
  }
  template <typename T>
  vector<T, size_C> to_vector_sign(bool is_signed, int shift = 0) const {
    return c_.template to_vector_sign<T>(is_signed, shift);
  }
  accum_type data() const { return c_; }

 private:
  accum_type c_;
};

}  // namespace aie
