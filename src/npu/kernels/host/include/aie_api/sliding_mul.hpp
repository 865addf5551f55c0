// aie::sliding_mul: filters. Each output lane is a dot product of the same coefficients with data
// that begins further on for every lane:
//   out[lane] (+)= Σ_p coeff[coeff_start + p CoeffStep] · data[data_start + p DataStepX + lane
//   DataStepY]
// Indices wrap round within their registers. AIE2 has the steps 1, 1, 1 only; bfloat16 takes two
// points an instruction.
#pragma once

#include "accumulate.hpp"

namespace aie {

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY,
          typename CoeffType, typename DataType,
          typename Tag = sotto::npu::host::accum_tag_t<accauto, CoeffType, DataType>>
  requires(CoeffStep == 1 && DataStepX == 1 && DataStepY == 1)
struct sliding_mul_ops {
  static constexpr unsigned lanes = Lanes;
  static constexpr unsigned points = Points;
  using accum_tag = sotto::npu::host::accum_tag_t<Tag, CoeffType, DataType>;
  using accum_type = accum<accum_tag, Lanes>;

  template <unsigned NC, unsigned ND>
  static accum_type mac(const accum_type& acc, const vector<CoeffType, NC>& coeff,
                        unsigned coeff_start, const vector<DataType, ND>& data,
                        unsigned data_start) {
    const auto weight = [&](unsigned p) { return coeff.data()[(coeff_start + p) % NC]; };
    const auto window = [&](unsigned p) {
      vector<DataType, Lanes> lanes;
      for (unsigned i = 0; i < Lanes; ++i) lanes.data()[i] = data.data()[(data_start + p + i) % ND];
      return lanes;
    };
    accum_type result = acc;
    sotto::npu::host::accumulate<Points>(result, weight, window);
    return result;
  }
  template <unsigned NC, unsigned ND>
  static accum_type mul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                        const vector<DataType, ND>& data, unsigned data_start) {
    return mac(zeros<accum_tag, Lanes>(), coeff, coeff_start, data, data_start);
  }
  template <unsigned NC, unsigned ND>
  static accum_type negmul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                           const vector<DataType, ND>& data, unsigned data_start) {
    return neg(mul(coeff, coeff_start, data, data_start));
  }
};

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

template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = 1,
          typename Tag = accauto, typename C, unsigned NC, typename D, unsigned ND>
auto sliding_mul(const vector<C, NC>& coeff, unsigned coeff_start, const vector<D, ND>& data,
                 unsigned data_start) {
  return sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>::mul(
      coeff, coeff_start, data, data_start);
}
template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = 1,
          typename Tag, typename C, unsigned NC, typename D, unsigned ND>
auto sliding_mac(const accum<Tag, Lanes>& acc, const vector<C, NC>& coeff, unsigned coeff_start,
                 const vector<D, ND>& data, unsigned data_start) {
  return sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, C, D, Tag>::mac(
      acc, coeff, coeff_start, data, data_start);
}

}  // namespace aie
