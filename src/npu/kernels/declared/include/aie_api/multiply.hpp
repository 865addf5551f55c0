// Products lane by lane, weighted sums, and sliding products.
#pragma once

#include "operands.hpp"

namespace aie {

SOTTO_MULTIPLY(mul)
SOTTO_MULTIPLY(negmul)
SOTTO_MULTIPLY_ADD(mac)
SOTTO_MULTIPLY_ADD(msc)
template <typename Tag = accauto, typename T, unsigned Elems>
accum<detail::product_tag<Tag, T, T>, Elems> mul_square(const vector<T, Elems>& v);
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> mac_square(const accum<Tag, Elems>& c, const vector<T, Elems>& v);
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> msc_square(const accum<Tag, Elems>& c, const vector<T, Elems>& v);

template <unsigned Lanes, typename Tag, typename C, unsigned N, typename D, typename... Data>
accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc, const vector<C, N>& coeff,
                             unsigned start, const vector<D, Lanes>& first, const Data&... others);
template <unsigned Lanes, typename Tag = accauto, typename C, unsigned N, typename D,
          typename... Data>
accum<detail::product_tag<Tag, C, D>, Lanes> accumulate(const vector<C, N>& coeff, unsigned start,
                                                        const vector<D, Lanes>& first,
                                                        const Data&... others);

template <unsigned Lanes, typename Tag, typename C, unsigned N, typename D,
          decltype(sizeof(0)) Count>
accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc, const vector<C, N>& coeff,
                             unsigned start, const std::array<vector<D, Lanes>, Count>& data);
template <unsigned Lanes, typename Tag = accauto, typename C, unsigned N, typename D,
          decltype(sizeof(0)) Count>
accum<detail::product_tag<Tag, C, D>, Lanes> accumulate(
    const vector<C, N>& coeff, unsigned start, const std::array<vector<D, Lanes>, Count>& data);

template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStepX,
          int DataStepY, typename CoeffType, typename DataType, typename Tag = accauto>
struct sliding_mul_ch_ops {
  static constexpr unsigned lanes = Outputs * Channels;
  static constexpr unsigned points = Points;
  using accum_tag = detail::product_tag<Tag, CoeffType, DataType>;
  using accum_type = accum<accum_tag, lanes>;

  template <unsigned NC, unsigned ND>
  static accum_type mul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                        const vector<DataType, ND>& data, unsigned data_start);
  template <unsigned NC, unsigned ND>
  static accum_type negmul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                           const vector<DataType, ND>& data, unsigned data_start);
  template <unsigned NC, unsigned ND>
  static accum_type mac(const accum_type& acc, const vector<CoeffType, NC>& coeff,
                        unsigned coeff_start, const vector<DataType, ND>& data,
                        unsigned data_start);
};

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY,
          typename CoeffType, typename DataType, typename Tag = accauto>
struct sliding_mul_ops : sliding_mul_ch_ops<Lanes, 1, Points, CoeffStep, DataStepX, DataStepY,
                                            CoeffType, DataType, Tag> {};

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, typename CoeffType,
          typename DataType, typename Tag = accauto>
using sliding_mul_x_ops =
    sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, 1, CoeffType, DataType, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepY, typename CoeffType,
          typename DataType, typename Tag = accauto>
using sliding_mul_y_ops =
    sliding_mul_ops<Lanes, Points, CoeffStep, 1, DataStepY, CoeffType, DataType, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStep, typename CoeffType,
          typename DataType, typename Tag = accauto>
using sliding_mul_xy_ops =
    sliding_mul_ops<Lanes, Points, CoeffStep, DataStep, DataStep, CoeffType, DataType, Tag>;

template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1,
          int DataStepY = DataStepX, typename Tag = accauto, typename C, unsigned NC, typename D,
          unsigned ND>
accum<detail::product_tag<Tag, C, D>, Lanes> sliding_mul(const vector<C, NC>& coeff,
                                                         unsigned coeff_start,
                                                         const vector<D, ND>& data,
                                                         unsigned data_start);
template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1,
          int DataStepY = DataStepX, typename Tag, typename C, unsigned NC, typename D, unsigned ND>
accum<Tag, Lanes> sliding_mac(const accum<Tag, Lanes>& acc, const vector<C, NC>& coeff,
                              unsigned coeff_start, const vector<D, ND>& data, unsigned data_start);

template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStep,
          typename CoeffType, typename DataType, typename Tag = accauto>
using sliding_mul_ch_xy_ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStep,
                                                 DataStep, CoeffType, DataType, Tag>;
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1,
          int DataStepX = 1, int DataStepY = DataStepX, typename Tag = accauto, typename C,
          unsigned NC, typename D, unsigned ND>
accum<detail::product_tag<Tag, C, D>, Outputs * Channels> sliding_mul_ch(const vector<C, NC>& coeff,
                                                                         unsigned coeff_start,
                                                                         const vector<D, ND>& data,
                                                                         unsigned data_start);
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1,
          int DataStepX = 1, int DataStepY = DataStepX, typename Tag, typename C, unsigned NC,
          typename D, unsigned ND>
accum<Tag, Outputs * Channels> sliding_mac_ch(const accum<Tag, Outputs * Channels>& acc,
                                              const vector<C, NC>& coeff, unsigned coeff_start,
                                              const vector<D, ND>& data, unsigned data_start);

}  // namespace aie
