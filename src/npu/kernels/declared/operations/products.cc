// Calls products, functions of floats and tables, each form once.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

using Vector = aie::vector<int16, 16>;

void products(const Vector& a) {
  const aie::accum<acc32, 16> acc(a);
  const int16 x = 3;
  use(aie::mul(a, a), aie::mul(a, x), aie::mul(x, a), aie::mul<acc64>(a, a));
  use(aie::negmul(a, a), aie::negmul(a, x), aie::negmul(x, a));
  use(aie::mac(acc, a, a), aie::mac(acc, a, x), aie::mac(acc, x, a));
  use(aie::msc(acc, a, a), aie::msc(acc, a, x), aie::msc(acc, x, a));
  use(aie::mul_square(a), aie::mac_square(acc, a), aie::msc_square(acc, a));
  use(aie::accumulate<16>(acc, a, 0, a, a), aie::accumulate<16>(a, 1, a, a, a));
  const std::array<Vector, 2> both{a, a};
  use(aie::accumulate<16>(acc, a, 0, both), aie::accumulate<16>(a, 0, both));

  using Sliding = aie::sliding_mul_ops<16, 4, 1, 1, 1, int16, int16>;
  static_assert(Sliding::lanes == 16 && Sliding::points == 4);
  const auto data = aie::concat(a, a);
  const Sliding::accum_type sum = Sliding::mul(a, 0, data, 0);
  use(Sliding::mac(sum, a, 0, data, 1), Sliding::negmul(a, 0, data, 1));
  use(aie::sliding_mul_x_ops<16, 4, 1, 1, int16, int16>::mul(a, 0, data, 0));
  use(aie::sliding_mul_y_ops<16, 4, 1, 1, int16, int16>::mul(a, 0, data, 0));
  use(aie::sliding_mul_xy_ops<16, 4, 1, 1, int16, int16>::mul(a, 0, data, 0));
  use(aie::sliding_mul<16, 4>(a, 0, data, 0), aie::sliding_mac<16, 4>(sum, a, 0, data, 0));
  use(aie::sliding_mul_ch_xy_ops<8, 2, 4, 1, 1, int16, int16>::mul(a, 0, data, 0));
  use(aie::sliding_mul_ch<8, 2, 4>(a, 0, data, 0));
  use(aie::sliding_mac_ch<8, 2, 4>(sum, a, 0, data, 0));
}

void matrices(const int16* memory) {
  using Mmul = aie::mmul<4, 8, 8, int8>;
  static_assert(Mmul::M == 4 && Mmul::K == 8 && Mmul::N == 8 && Mmul::size() == 32);
  static_assert(Mmul::size_A == 32 && Mmul::size_B == 64 && Mmul::size_C == 32);
  const Mmul::vector_A_type a = aie::zeros<int8, 32>();
  const Mmul::vector_B_type b = aie::zeros<int8, 64>();
  Mmul c;
  c.mul(a, b);
  c.mac(a, b);
  Mmul copy = c;
  copy = c;
  const Mmul::accum_type sums = c;
  use(copy, Mmul(sums), Mmul(aie::load_v<32>(memory), 2));
  use(c.to_accum(), c.to_vector<int16>(), c.to_vector_sign<int16>(true, 1));

  aie::mmul<4, 16, 8, uint8, int4> nibbles;
  nibbles.mac(aie::zeros<uint8, 64>(), aie::zeros<int4, 128>());

  using Sparse = aie::sparse_vector<bfloat16, 128>;
  static_assert(Sparse::size() == 128 && Sparse::type_bits() == 16 && Sparse::bits() == 2048);
  static_assert(Sparse::bytes() == 256 && Sparse::mask_bits() == 256);
  static_assert(Sparse::sparsity_ratio() == 2 && Sparse::memory_bits() == 1280);
  static_assert(Sparse::memory_bytes() == 160 && Sparse::is_floating_point());
  static_assert(!Sparse::is_integral());
  using Stream = aie::sparse_vector_input_buffer_stream<bfloat16, 128>;
  Stream stream(reinterpret_cast<const bfloat16*>(memory));
  Sparse whole;
  stream >> whole;
  Sparse other = whole;
  other = stream.pop();
  other.insert(1, whole.extract<64>(0));
  aie::mmul<4, 16, 8, bfloat16> floats;
  floats.mul(aie::zeros<bfloat16, 64>(), whole);
  floats.mac(aie::zeros<bfloat16, 64>(), other);
  use(other.extract_data());
}

void floats(const Vector& a) {
  const auto x = aie::broadcast<float, 16>(2.0f);
  const auto y = aie::broadcast<bfloat16, 16>(2.0f);
  const aie::accum<accfloat, 16> sums(x);
  use(aie::inv(x), aie::inv(bfloat16(2.0f)), aie::inv(sums));
  use(aie::invsqrt(y), aie::invsqrt(bfloat16(2.0f)), aie::invsqrt(sums));
  use(aie::div(x, x), aie::div(y, bfloat16(2.0f)));
  use(aie::to_fixed(x), aie::to_fixed<int16>(y, 2), aie::to_fixed(2.0f, 1));
  use(aie::to_float(a, 1), aie::to_float<bfloat16>(a), aie::to_float(3, 1));
  use(aie::to_float(aie::accum<acc32, 16>(a), 1));
}

void tables(const int16* memory) {
  const aie::lut<4, int16> values(8, memory, memory);
  const aie::parallel_lookup<int16, aie::lut<4, int16>> lookup(values, 2, 1);
  const auto keys = aie::zeros<int16, 16>();
  use(lookup.fetch(keys), lookup.fetch<8>(keys));
  const aie::parallel_lookup<uint8, aie::lut<4, int16>, aie::lut_oor_policy::truncate> wrapping(
      values);
  use(wrapping.fetch(aie::zeros<uint8, 16>()));
  const aie::linear_approx<int16, aie::lut<4, int16>> lines(values, 2, 1, 0);
  const aie::lut<4, float, bfloat16> segments(4, memory, memory);
  const aie::linear_approx<bfloat16, aie::lut<4, float, bfloat16>> curve(segments, 1);
  const aie::accum<accfloat, 16> result = curve.compute(aie::zeros<bfloat16, 16>());
  use(lines.compute(keys), result);
}

}  // namespace

extern "C" void operations_products(const int16* memory) {
  products(aie::load_v<16>(memory));
  matrices(memory);
  floats(aie::load_v<16>(memory));
  tables(memory);
}
