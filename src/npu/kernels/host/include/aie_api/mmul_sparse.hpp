// Products with a sparse B: the shapes of AIE2 and their sums, for aie::mmul.
//
// B's elements lie column by column, so that a group is four neighbours in k. A row of A meets the
// two stored values of each group only: what it has at the places of the zeros has no effect, not
// even an infinity. bfloat16 takes the eight products of 16 k in one step, by the rule of the dense
// 4x8x4 (xdna-emu, vmac_hw.rs: sparse_vmac_bf16, whose instruction tests agree with the silicon).
//
// Sums of 16-bit A are 64 bits wide (aie_api, detail/aie2/mmul_16_8.hpp, mmul_16_16.hpp). Not here:
// 2x8x16 with a 32-bit tag, which aie_api sums in 64 bits and then cuts, and that shape from a
// vector, whose columns aie_api mixes. For 8 x 4 bits aie_api has dense shapes only.
#pragma once

#include <type_traits>

#include "npu/kernels/host/bf16_mac.h"
#include "sparse.hpp"

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

inline constexpr MmulShape kSparseMmul8x8[] = {{4, 16, 8}, {8, 16, 8}, {4, 16, 16}};
inline constexpr MmulShape kSparseMmul16x8[] = {{2, 16, 8}, {4, 16, 8}};
inline constexpr MmulShape kSparseMmul16x16[] = {{2, 8, 8}, {4, 8, 8}, {2, 8, 16}};
inline constexpr MmulShape kSparseMmulBf16[] = {{4, 16, 4}, {4, 16, 8}};

template <typename A, typename B>
constexpr bool has_sparse_mmul(MmulShape shape) {
  constexpr unsigned kA = element_bits_v<A>;
  constexpr unsigned kB = element_bits_v<B>;
  if constexpr (std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>) {
    return contains(kSparseMmulBf16, shape);
  } else if constexpr (is_floating_v<A> || is_floating_v<B>) {
    return false;
  } else {
    return kB == 8 ? (kA == 8 && contains(kSparseMmul8x8, shape)) ||
                         (kA == 16 && contains(kSparseMmul16x8, shape))
           : kB == 16 ? kA == 16 && contains(kSparseMmul16x16, shape)
                      : false;
  }
}

/// Whether this is 2x8x16, of which aie_api keeps the left and the right half apart.
template <typename A>
constexpr bool is_split(unsigned n) {
  return std::is_integral_v<A> && sizeof(A) == 2 && n == 16;
}

/// The accumulator of a shape that is for a sparse B only.
template <typename Tag, typename A, typename B>
using sparse_mmul_tag_t =
    std::conditional_t<!is_floating_v<A> && sizeof(A) == 2, acc64, accum_tag_t<Tag, A, B>>;

/// The eight k, of a group's first or second value in turn, that column n of B has; -1 for none.
template <unsigned K, typename T, unsigned Elems>
std::array<int, K / 2> sparse_rows(const aie::sparse_vector<T, Elems>& b, unsigned n) {
  std::array<int, K / 2> rows;
  for (unsigned group = 0; group < K / 4; ++group) {
    const SparsePair pair = sparse_pair(b.cells(n * (K / 4) + group));
    const int k = static_cast<int>(4 * group);
    rows[2 * group] = pair.first < 0 ? -1 : k + pair.first;
    rows[2 * group + 1] = pair.second < 0 ? -1 : k + pair.second;
  }
  return rows;
}

/// c += a * b.
template <unsigned M, unsigned K, unsigned N, typename Lane, typename A, typename T, unsigned Elems>
void mmul_sparse(Lane* c, const A* a, const aie::sparse_vector<T, Elems>& b) {
  const auto values = b.extract_data();
  for (unsigned n = 0; n < N; ++n) {
    const std::array<int, K / 2> rows = sparse_rows<K>(b, n);
    const T* column = values.data() + n * (K / 2);
    if constexpr (std::is_same_v<T, bfloat16>) {
      // The instruction's first column; its others stay zero.
      static_assert(M == 4 && K == 16);
      std::array<float, 16> sums{};
      std::array<bfloat16, 32> block_a{};
      std::array<bfloat16, 32> block_b{};
      for (unsigned m = 0; m < M; ++m) sums[4 * m] = c[m * N + n];
      for (unsigned i = 0; i < 8; ++i) {
        if (rows[i] < 0) continue;
        block_b[4 * i] = column[i];
        for (unsigned m = 0; m < M; ++m) {
          block_a[8 * m + i] = a[m * K + static_cast<unsigned>(rows[i])];
        }
      }
      mac_4x8x4(sums.data(), block_a.data(), block_b.data());
      for (unsigned m = 0; m < M; ++m) c[m * N + n] = sums[4 * m];
    } else {
      for (unsigned i = 0; i < K / 2; ++i) {
        if (rows[i] < 0) continue;
        for (unsigned m = 0; m < M; ++m) {
          const Lane x = static_cast<Lane>(a[m * K + static_cast<unsigned>(rows[i])]);
          Lane& sum = c[m * N + n];
          sum = wrapping_add(sum, wrapping_mul(x, static_cast<Lane>(column[i])));
        }
      }
    }
  }
}

}  // namespace sotto::npu::host
