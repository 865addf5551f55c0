// Calls what works lane by lane, compares, reorders and reduces, each form once.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

using Vector = aie::vector<int16, 16>;
using Accum = aie::accum<acc32, 16>;

void conversions(const Vector& v) {
  use(aie::zeros<int16>(), aie::zeros<acc32, 16>(), aie::broadcast<int16, 16>(3));
  const Accum acc = aie::from_vector<acc32>(v, 2);
  use(aie::concat(v, v), aie::concat(acc, acc), aie::to_vector<int16>(acc, 2));
  use(aie::vector_cast<int8>(v), aie::vector_cast<int32>(acc), aie::vector_cast<acc32>(v));
  use(aie::unpack<int32>(v), aie::pack<int8>(v));
}

#define BINARY(name) use(aie::name(a, b), aie::name(a, int16(3)), aie::name(int16(3), a))

void arithmetic(const Vector& a, const Vector& b) {
  BINARY(add);
  BINARY(sub);
  BINARY(saturating_add);
  BINARY(saturating_sub);
  BINARY(maxdiff);
  BINARY(bit_and);
  BINARY(bit_or);
  BINARY(bit_xor);
  const Accum acc(a);
  use(aie::add(acc, acc), aie::add(acc, a), aie::add(acc, int16(3)));
  use(aie::sub(acc, acc), aie::sub(acc, a), aie::sub(acc, int16(3)));
  use(aie::neg(acc), aie::neg(a), aie::abs(a), aie::bit_not(a));
  use(aie::upshift(a, 1), aie::downshift(a, 1), aie::logical_downshift(a, 1));
}

void comparisons(const Vector& a, const Vector& b) {
  BINARY(eq);
  BINARY(neq);
  BINARY(lt);
  BINARY(le);
  BINARY(gt);
  BINARY(ge);
  BINARY(max);
  BINARY(min);
  use(aie::equal(a, b), aie::not_equal(a, b), aie::contains(int16(1), a));
  const auto [larger, from_b] = aie::max_cmp(a, b);
  const auto [smaller, not_a] = aie::min_cmp(a, b);
  use(larger, smaller, not_a, aie::clamp(a, b, b), aie::clamp(a, int16(0), int16(9)));
  use(aie::select(a, b, from_b), aie::select(a, int16(0), from_b));
  use(aie::select(int16(0), b, from_b), aie::select(int16(0), int16(1), from_b));
}

void orders(const Vector& a, const Vector& b) {
  use(aie::reverse(a), aie::transpose(a, 4, 4));
  use(aie::shuffle_down(a, 1), aie::shuffle_down_rotate(a, 1), aie::shuffle_down_replicate(a, 1));
  use(aie::shuffle_up(a, 1), aie::shuffle_up_rotate(a, 1), aie::shuffle_up_replicate(a, 1));
  use(aie::shuffle_down_fill(a, b, 1), aie::shuffle_up_fill(a, b, 1));
  use(aie::filter_even(a), aie::filter_odd(a, 2));
  const auto [low, high] = aie::interleave_zip(a, b, 1);
  const auto [even, odd] = aie::interleave_unzip(low, high, 2);
  use(even, odd, aie::reduce_add(a), aie::reduce_max(a), aie::reduce_min(a));
  use(aie::reduce_add_v(a, b), aie::reduce_mul(a));
}

}  // namespace

extern "C" void operations_lanes(const int16* memory) {
  const auto v = aie::load_v<16>(memory);
  conversions(v);
  arithmetic(v, v);
  comparisons(v, v);
  orders(v, v);
}
