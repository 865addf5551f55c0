// aie::accumulate: a weighted sum of vectors, with weights from the lanes of one of them.
#pragma once

#include "multiply.hpp"

namespace sotto::npu::host {

/// acc += c0 x0 + c1 x1, lane by lane; for bfloat16 one instruction of two products.
template <typename Tag, unsigned Lanes, typename C, typename D>
void multiply_add_pair(aie::accum<Tag, Lanes>& acc, C c0, const aie::vector<D, Lanes>& x0, C c1,
                       const aie::vector<D, Lanes>& x1) {
  if constexpr (std::is_same_v<C, bfloat16> && std::is_same_v<D, bfloat16> && Lanes % 16 == 0) {
    const auto coeffs =
        aie::concat(aie::broadcast<bfloat16, 16>(c0), aie::broadcast<bfloat16, 16>(c1));
    for (unsigned i = 0; i < Lanes / 16; ++i) {
      const auto data = aie::concat(x0.template extract<16>(i), x1.template extract<16>(i));
      mac_elementwise_16x2(acc.data() + 16 * i, data.data(), coeffs.data());
    }
  } else {
    multiply_add<false>(acc, aie::broadcast<C, Lanes>(c0), x0);
    multiply_add<false>(acc, aie::broadcast<C, Lanes>(c1), x1);
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
template <unsigned Lanes, typename Tag, typename C, unsigned N, typename D, typename... Data>
  requires(std::is_same_v<Data, vector<D, Lanes>> && ...)
accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc, const vector<C, N>& coeff,
                             unsigned start, const vector<D, Lanes>& first, const Data&... others) {
  accum<Tag, Lanes> result = acc;
  const std::array<vector<D, Lanes>, 1 + sizeof...(Data)> data{first, others...};
  sotto::npu::host::accumulate<1 + sizeof...(Data)>(
      result, [&](unsigned n) { return coeff.get(start + n); },
      [&](unsigned n) { return data[n]; });
  return result;
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

}  // namespace aie
