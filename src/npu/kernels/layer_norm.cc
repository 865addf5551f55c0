// LayerNorm of rows of any width that is a multiple of 16. The mean is taken off before squares are
// summed: rows whose mean is large beside their deviation lose nothing.
#include "npu/kernels/float_math.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

/// The sum of all lanes, in all lanes.
inline Sum total(const Sum& sums) {
  return constant(aie::reduce_add(sums.to_vector<float>()));
}

inline Sum mean_of(const bfloat16* in, int width, const Sum& inverse_width) {
  Sum sums = aie::zeros<accfloat, kSum>();
  SOTTO_LOOP(1, int i = 0; i < width; i += kSum) {
    sums = aie::add(sums, Sum(aie::load_v<kSum>(in + i)));
  }
  return multiply_full(total(sums), inverse_width);
}

inline Sum variance_of(const bfloat16* in, int width, const Sum& inverse_width, const Sum& mean) {
  Sum squares = aie::zeros<accfloat, kSum>();
  SOTTO_LOOP(1, int i = 0; i < width; i += kSum) {
    const Split d = split(aie::sub(Sum(aie::load_v<kSum>(in + i)), mean));
    squares = aie::mac(squares, d.high(), d.low());
    squares = aie::mac(squares, d.low(), d.high());
    squares = aie::mac(squares, d.high(), d.high());
  }
  return multiply_full(total(squares), inverse_width);
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void layer_norm_bf16(bfloat16* __restrict out, const bfloat16* __restrict in,
                     const bfloat16* __restrict gamma, const bfloat16* __restrict beta, int rows,
                     int width) {
  round_to_nearest();
  const Sum inverse_width = reciprocal(count_to_float(width));
  SOTTO_LOOP(1, int row = 0; row < rows; ++row, in += width, out += width) {
    const Sum mean = mean_of(in, width, inverse_width);
    const Sum variance = variance_of(in, width, inverse_width, mean);
    const Split inverse_sigma =
        split(reciprocal_root(aie::add(variance, constant(kLayerNormEpsilon))));
    SOTTO_LOOP(1, int i = 0; i < width; i += kSum) {
      const Sum d = aie::sub(Sum(aie::load_v<kSum>(in + i)), mean);
      const Split normal = split(multiply(split(d), inverse_sigma));
      const Half g = aie::load_v<kSum>(gamma + i);
      Sum y(aie::load_v<kSum>(beta + i));
      y = aie::mac(y, normal.low(), g);
      y = aie::mac(y, normal.high(), g);
      aie::store_v(out + i, y.to_vector<bfloat16>());
    }
  }
}
