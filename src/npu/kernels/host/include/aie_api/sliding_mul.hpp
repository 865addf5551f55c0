// aie::sliding_mul: filters. Each output lane is a dot product of the same coefficients with data
// that begins further on for every lane:
//   out[lane] (+)= Σ_p coeff[coeff_start + p CoeffStep] · data[data_start + p DataStepX + lane
//   DataStepY]
// and sliding_mul_ch the same for each of several channels whose elements alternate. Indices wrap
// round within their registers. AIE2 has steps of 1 and 2 (DataStepX and DataStepY equal; aie_api
// filters the even elements out first) and, for 16 x 16 bits in acc64, a DataStepX of 16. Floats
// take one point an instruction.
#pragma once

#include "accumulate.hpp"

namespace sotto::npu::host {

constexpr bool has_sliding_steps(int coeff, int data_x, int data_y) {
  const bool data = data_x == data_y && (data_x == 1 || data_x == 2);
  return (data && (coeff == 1 || coeff == 2)) || (coeff == 1 && data_x == 16 && data_y == 1);
}

/// acc ± Σ_p weight(p) data(p), one point after another, as integers and floats do it alike.
template <bool kSubtract, unsigned Points, typename Tag, unsigned Lanes, typename Weight,
          typename Data>
aie::accum<Tag, Lanes> add_points(aie::accum<Tag, Lanes> acc, const Weight& weight,
                                  const Data& data) {
  for (unsigned p = 0; p < Points; ++p) multiply_add<kSubtract>(acc, weight(p), data(p));
  return acc;
}

}  // namespace sotto::npu::host

namespace aie {

/// Outputs · Channels lanes; an element of a channel is every Channels-th of its register.
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStepX,
          int DataStepY, typename CoeffType, typename DataType, typename Tag = accauto>
  requires(sotto::npu::host::has_sliding_steps(CoeffStep, DataStepX, DataStepY))
struct sliding_mul_ch_ops {
  static constexpr unsigned lanes = Outputs * Channels;
  static constexpr unsigned points = Points;
  using accum_tag = sotto::npu::host::accum_tag_t<Tag, CoeffType, DataType>;
  using accum_type = accum<accum_tag, lanes>;

  template <unsigned NC, unsigned ND>
  static accum_type mac(const accum_type& acc, const vector<CoeffType, NC>& coeff,
                        unsigned coeff_start, const vector<DataType, ND>& data,
                        unsigned data_start) {
    return run<false>(acc, coeff, coeff_start, data, data_start);
  }
  template <unsigned NC, unsigned ND>
  static accum_type mul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                        const vector<DataType, ND>& data, unsigned data_start) {
    return run<false>(zeros<accum_tag, lanes>(), coeff, coeff_start, data, data_start);
  }
  template <unsigned NC, unsigned ND>
  static accum_type negmul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                           const vector<DataType, ND>& data, unsigned data_start) {
    return run<true>(zeros<accum_tag, lanes>(), coeff, coeff_start, data, data_start);
  }

 private:
  template <bool kSubtract, unsigned NC, unsigned ND>
  static accum_type run(const accum_type& acc, const vector<CoeffType, NC>& coeff,
                        unsigned coeff_start, const vector<DataType, ND>& data,
                        unsigned data_start) {
    const auto weight = [&](unsigned p) {
      vector<CoeffType, lanes> weights;
      for (unsigned i = 0; i < lanes; ++i) {
        const unsigned at = (coeff_start + p * CoeffStep) * Channels + i % Channels;
        weights.data()[i] = coeff.data()[at % NC];
      }
      return weights;
    };
    const auto window = [&](unsigned p) {
      vector<DataType, lanes> elements;
      for (unsigned i = 0; i < lanes; ++i) {
        const unsigned sample = data_start + p * DataStepX + i / Channels * DataStepY;
        elements.data()[i] = data.data()[(sample * Channels + i % Channels) % ND];
      }
      return elements;
    };
    return sotto::npu::host::add_points<kSubtract, Points>(acc, weight, window);
  }
};

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY,
          typename CoeffType, typename DataType, typename Tag = accauto>
struct sliding_mul_ops : sliding_mul_ch_ops<Lanes, 1, Points, CoeffStep, DataStepX, DataStepY,
                                            CoeffType, DataType, Tag> {};

// One step for x, for y, or for both.
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
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStep,
          typename CoeffType, typename DataType, typename Tag = accauto>
using sliding_mul_ch_xy_ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStep,
                                                 DataStep, CoeffType, DataType, Tag>;

template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1,
          int DataStepY = DataStepX, typename Tag = accauto, typename C, unsigned NC, typename D,
          unsigned ND>
auto sliding_mul(const vector<C, NC>& coeff, unsigned coeff_start, const vector<D, ND>& data,
                 unsigned data_start) {
  return sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>::mul(
      coeff, coeff_start, data, data_start);
}
template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1,
          int DataStepY = DataStepX, typename Tag, typename C, unsigned NC, typename D, unsigned ND>
auto sliding_mac(const accum<Tag, Lanes>& acc, const vector<C, NC>& coeff, unsigned coeff_start,
                 const vector<D, ND>& data, unsigned data_start) {
  return sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>::mac(
      acc, coeff, coeff_start, data, data_start);
}
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1,
          int DataStepX = 1, int DataStepY = DataStepX, typename Tag = accauto, typename C,
          unsigned NC, typename D, unsigned ND>
auto sliding_mul_ch(const vector<C, NC>& coeff, unsigned coeff_start, const vector<D, ND>& data,
                    unsigned data_start) {
  using Ops =
      sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>;
  return Ops::mul(coeff, coeff_start, data, data_start);
}
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1,
          int DataStepX = 1, int DataStepY = DataStepX, typename Tag, typename C, unsigned NC,
          typename D, unsigned ND>
auto sliding_mac_ch(const accum<Tag, Outputs * Channels>& acc, const vector<C, NC>& coeff,
                    unsigned coeff_start, const vector<D, ND>& data, unsigned data_start) {
  using Ops =
      sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>;
  return Ops::mac(acc, coeff, coeff_start, data, data_start);
}

}  // namespace aie
