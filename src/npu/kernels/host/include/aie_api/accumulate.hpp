// aie::accumulate: a weighted sum of vectors, with weights from the lanes of one of them.
#pragma once

#include "multiply.hpp"

namespace sotto::npu::host {

/// acc += c0 x0 + c1 x1, lane by lane; for bfloat16 one instruction of two products, 16 lanes wide
/// even where fewer count.
template <typename Tag, unsigned Lanes, typename C, typename D>
void multiply_add_pair(aie::accum<Tag, Lanes>& acc, C c0, const aie::vector<D, Lanes>& x0, C c1,
                       const aie::vector<D, Lanes>& x1) {
  if constexpr (!std::is_same_v<C, bfloat16> || !std::is_same_v<D, bfloat16>) {
    multiply_add<false>(acc, aie::broadcast<C, Lanes>(c0), x0);
    multiply_add<false>(acc, aie::broadcast<C, Lanes>(c1), x1);
  } else if constexpr (Lanes < 16) {
    aie::accum<accfloat, 16> wide = acc.template grow<16>();
    multiply_add_pair(wide, c0, x0.template grow<16>(), c1, x1.template grow<16>());
    acc = wide.template extract<Lanes>(0);
  } else {
    const auto coeffs =
        aie::concat(aie::broadcast<bfloat16, 16>(c0), aie::broadcast<bfloat16, 16>(c1));
    for (unsigned i = 0; i < Lanes / 16; ++i) {
      const auto data = aie::concat(x0.template extract<16>(i), x1.template extract<16>(i));
      mac_elementwise_16x2(acc.data() + 16 * i, data.data(), coeffs.data());
    }
  }
}

/// acc += Σ weight(n) data(n) over n < kCount, two terms at a time as the core takes them (aie_api,
/// detail/aie2/accumulate.hpp); for integers the grouping does not show.
template <unsigned kCount, typename Tag, unsigned Lanes, typename Weight, typename Data>
void accumulate(aie::accum<Tag, Lanes>& acc, const Weight& weight, const Data& data) {
  unsigned n = 0;
  for (; n + 1 < kCount; n += 2) {
    multiply_add_pair(acc, weight(n), data(n), weight(n + 1), data(n + 1));
  }
  if (n < kCount) {
    multiply_add<false>(acc, aie::broadcast<decltype(weight(n)), Lanes>(weight(n)), data(n));
  }
}

}  // namespace sotto::npu::host

namespace aie {

/// acc + coeff[start] data₀ + coeff[start + 1] data₁ + …
template <unsigned Lanes, typename Tag, typename C, unsigned N, typename D, std::size_t Count>
accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc, const vector<C, N>& coeff,
                             unsigned start, const std::array<vector<D, Lanes>, Count>& data) {
  accum<Tag, Lanes> result = acc;
  sotto::npu::host::accumulate<Count>(
      result, [&](unsigned n) { return coeff.get(start + n); },
      [&](unsigned n) { return data[n]; });
  return result;
}
/// The same with the vectors one by one.
template <unsigned Lanes, typename Tag, typename C, unsigned N, typename D, typename... Data>
  requires(std::is_same_v<Data, vector<D, Lanes>> && ...)
accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc, const vector<C, N>& coeff,
                             unsigned start, const vector<D, Lanes>& first, const Data&... others) {
  const std::array<vector<D, Lanes>, 1 + sizeof...(Data)> data{first, others...};
  return accumulate<Lanes>(acc, coeff, start, data);
}
/// The same from zero.
template <unsigned Lanes, typename Tag = accauto, typename C, unsigned N, typename D,
          typename... Data>
  requires(std::is_same_v<Data, vector<D, Lanes>> && ...)
auto accumulate(const vector<C, N>& coeff, unsigned start, const vector<D, Lanes>& first,
                const Data&... others) {
  return accumulate<Lanes>(zeros<sotto::npu::host::accum_tag_t<Tag, C, D>, Lanes>(), coeff, start,
                           first, others...);
}

template <unsigned Lanes, typename Tag = accauto, typename C, unsigned N, typename D,
          std::size_t Count>
auto accumulate(const vector<C, N>& coeff, unsigned start,
                const std::array<vector<D, Lanes>, Count>& data) {
  return accumulate<Lanes>(zeros<sotto::npu::host::accum_tag_t<Tag, C, D>, Lanes>(), coeff, start,
                           data);
}

}  // namespace aie
