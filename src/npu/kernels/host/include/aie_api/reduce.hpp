// The sum, the product, the largest or the smallest of a vector's lanes.
// The core joins the registers of a large vector first, then folds the one that is left onto
// itself: halves, quarters, … down to lane 0. That order is kept here, because it decides how float
// sums round and, where two floats count as equal, which is the larger (aie_api, detail/aie2/
// add_reduce.hpp, max_min_reduce.hpp and mul_reduce.hpp).
#pragma once

#include <algorithm>

#include "elementwise.hpp"
#include "multiply.hpp"

namespace sotto::npu::host {

/// The `Rest` lanes that remain after folding v with `combine` by Elems / 2, Elems / 4, … lanes.
template <unsigned Rest, typename T, unsigned Elems, typename Combine>
aie::vector<T, Rest> fold(const aie::vector<T, Elems>& v, Combine combine) {
  if constexpr (Elems == Rest) {
    return v;
  } else {
    const auto [low, high] = v.template split<Elems / 2>();
    return fold<Rest>(combine(low, high), combine);
  }
}

/// The registers `first`, first + 1, … of v, `count` of them, combined one after another.
template <typename T, unsigned Elems, typename Combine>
aie::vector<T, aie::native_vector_length_v<T>> chain(const aie::vector<T, Elems>& v, unsigned first,
                                                     unsigned count, Combine combine) {
  constexpr unsigned kNative = aie::native_vector_length_v<T>;
  auto result = v.template extract<kNative>(first);
  for (unsigned i = 1; i < count; ++i) {
    result = combine(result, v.template extract<kNative>(first + i));
  }
  return result;
}

/// The lane that is left of v.
template <typename T, unsigned Elems, typename Combine>
T reduce_extreme(const aie::vector<T, Elems>& v, Combine combine) {
  constexpr unsigned kNative = aie::native_vector_length_v<T>;
  if constexpr (Elems > kNative) {
    return fold<1>(chain(v, 0, Elems / kNative, combine), combine)[0];
  } else {
    return fold<1>(v, combine)[0];
  }
}

/// Eight lanes at a time through the 4x8x4 MAC with ones, then float additions, then one store.
template <unsigned Elems>
bfloat16 reduce_add_bf16(const aie::vector<bfloat16, Elems>& v) {
  std::array<float, 16> sums{};  // 4x4; the columns are equal
  std::array<bfloat16, 32> ones;
  ones.fill(bfloat16::from_bits(0x3F80));
  for (unsigned i = 0; i < Elems; i += 32) {
    std::array<bfloat16, 32> lanes{};
    std::copy_n(v.data() + i, std::min(Elems - i, 32u), lanes.begin());
    mac_4x8x4(sums.data(), lanes.data(), ones.data());
  }
  if constexpr (Elems > 16) add_lanes<false>(sums.data(), sums.data() + 8, 8);
  if constexpr (Elems > 8) add_lanes<false>(sums.data(), sums.data() + 4, 4);
  return bfloat16(sums[0]);
}

}  // namespace sotto::npu::host

namespace aie {

/// As the core's instruction sequences do it: 32-bit integers wrap; of narrower ones only the first
/// folds wrap, the last 16 (int8) or 8 (int16) lanes are added exactly and stored by an SRS, which
/// saturates if the register says so; bfloat16 lanes are added eight at a time in the MAC, then in
/// float, and stored once.
template <typename T, unsigned Elems>
T reduce_add(const vector<T, Elems>& v) {
  const auto sum = [](const auto& low, const auto& high) { return add(low, high); };
  if constexpr (std::is_same_v<T, bfloat16>) {
    return sotto::npu::host::reduce_add_bf16(v);
  } else if constexpr (sizeof(T) == 4) {
    constexpr unsigned kNative = native_vector_length_v<T>;
    if constexpr (Elems > kNative) {  // the registers of each half, then the halves
      constexpr unsigned kHalf = Elems / kNative / 2;
      const auto low = sotto::npu::host::chain(v, 0, kHalf, sum);
      const auto high = sotto::npu::host::chain(v, kHalf, kHalf, sum);
      return sotto::npu::host::fold<1>(sum(low, high), sum)[0];
    } else {
      return sotto::npu::host::fold<1>(v, sum)[0];
    }
  } else {
    constexpr unsigned kExact = std::min(Elems, 16 / static_cast<unsigned>(sizeof(T)));
    const vector<T, kExact> rest = sotto::npu::host::fold<kExact>(v, sum);
    accum<acc32, 1> total = zeros<acc32, 1>();
    for (unsigned i = 0; i < kExact; ++i) total.data()[0] += rest.data()[i];
    return total.template to_vector<T>()[0];
  }
}
template <typename T, unsigned Elems>
T reduce_max(const vector<T, Elems>& v) {
  return sotto::npu::host::reduce_extreme(
      v, [](const auto& low, const auto& high) { return max(low, high); });
}
template <typename T, unsigned Elems>
T reduce_min(const vector<T, Elems>& v) {
  return sotto::npu::host::reduce_extreme(
      v, [](const auto& low, const auto& high) { return min(low, high); });
}

/// The product of lanes of 8 or 16 bits. Every fold ends in a store, which rounds and saturates as
/// the registers say; the two halves of a vector of 1024 bits are multiplied as scalars.
template <typename Tag = accauto, typename T, unsigned Elems>
  requires(sizeof(T) <= 2)
T reduce_mul(const vector<T, Elems>& v) {
  constexpr unsigned kNative = native_vector_length_v<T>;
  if constexpr (Elems == 2 * kNative) {
    return static_cast<T>(reduce_mul<Tag>(v.template extract<kNative>(0)) *
                          reduce_mul<Tag>(v.template extract<kNative>(1)));
  } else {
    return sotto::npu::host::fold<1>(v, [](const auto& low, const auto& high) {
      return mul<Tag>(low, high).template to_vector<T>();
    })[0];
  }
}

/// The sums of several vectors, that of the n-th in lane n.
template <typename T, unsigned Elems, typename... Vectors>
  requires(std::is_same_v<Vectors, vector<T, Elems>> && ...)
vector<T, Elems> reduce_add_v(const vector<T, Elems>& first, const Vectors&... others) {
  vector<T, Elems> result;
  unsigned lane = 0;
  result[lane++] = reduce_add(first);
  ((result[lane++] = reduce_add(others)), ...);
  return result;
}

}  // namespace aie
