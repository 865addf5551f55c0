// Calls what vectors, accumulators and masks have, each form once.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

void vectors(int16* memory) {
  using Vector = aie::vector<int16, 16>;
  static_assert(Vector::size() == 16 && Vector::type_bits() == 16 && Vector::bits() == 256);
  static_assert(Vector::bytes() == 32 && Vector::is_signed() && Vector::is_integral());
  static_assert(!Vector::is_floating_point());
  Vector v;
  v.load(memory);
  Vector copy = v;
  copy = v;
  const Vector first(int16(1), int16(2));
  const v32int8 bytes(v);
  v.set(first.get(1), 0);
  v[1] = first[0];
  const int16 lane = v[1];
  const int16 read = v.elem_ref(2);
  use(lane, read, first.elem_ref(0), first.elem_const_ref(0), bytes.to_native());
  v.push(7).insert(1, v.extract<8>(0));
  v.upd_all(v.extract<8>(0), first.extract<8>(1));
  use(v.cast_to<int8>(), v.grow<32>(1), v.grow_replicate<32>(), v.grow_extract<8>(1));
  const auto [low, high] = v.split<8>();
  use(low, high, v.unpack(), bytes.unpack<int16>(), v.pack(), v.unpack().pack<int16>());
  use(v.unpack_sign(false), v.pack_sign(true));
  v.store(memory);
  v.load_unaligned(memory + 1);
  v.store_unaligned(memory + 1, 1);
}

void accumulators(int16* memory) {
  using Accum = aie::accum<acc32, 16>;
  static_assert(Accum::size() == 16 && Accum::accum_bits() == 32 && Accum::value_bits() == 32);
  static_assert(Accum::bits() == 512 && !Accum::is_floating_point());
  const auto v = aie::load_v<16>(memory);
  const Accum none;
  Accum acc(v);
  Accum copy = acc;
  copy = acc;
  acc = v;
  const aie::accum<acc48, 8> wide(aie::accum<acc64, 8>(v.extract<8>(0), 3));
  acc.from_vector(v, 1);
  acc.from_vector_sign(v, true, 1);
  use(none, acc.to_native(), acc.to_vector<int16>(1), acc.to_vector_sign<int16>(false, 1), wide);
  use(acc.cast_to<acc64>(), acc.grow<32>(1), acc.grow_replicate<32>(), acc.grow_extract<8>(0));
  const auto [low, high] = acc.split<8>();
  acc.insert(1, acc.extract<8>(0));
  acc.upd_all(low, high);
  const aie::accum<accfloat, 16> sums(aie::broadcast<bfloat16, 16>(1.0f));
  const aie::vector<bfloat16, 16> narrow = sums;
  const aie::vector<float, 16> same = sums;
  use(narrow, same, sums.to_vector());
}

void masks() {
  using Mask = aie::mask<32>;
  static_assert(Mask::size() == 32);
  Mask m;
  Mask copy = m;
  copy = Mask::from_uint32(5);
  m.set(3);
  m.clear(3);
  m.toggle(4);
  m.set();
  m.clear();
  m.insert(1, copy.extract<16>(0));
  use(m.to_uint32(), aie::mask<64>::from_uint64(uint64{5}).to_uint64());
  use(m.test(1), m[1], m.count(), m.empty(), m.full(), m.ctz(), m.clz());
  use(~m, m & copy, m | copy, m ^ copy, m << 1, m >> 1, m == copy);
  use(m.to_uint32(0), m.to_uint64(0), m.get_submask<16>(1));
  use(aie::mask<64>::from_masks(m, copy));
  m <<= 1;
  m >>= 1;
  m &= copy;
  m |= copy;
  m ^= copy;
}

}  // namespace

extern "C" void operations_registers(int16* memory) {
  vectors(memory);
  accumulators(memory);
  masks();
}
