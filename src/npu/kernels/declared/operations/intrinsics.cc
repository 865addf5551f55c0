// Calls the intrinsics of vectors, each form once.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

#define UNDEFINED(name) static_cast<void>(name(undef_##name()))
#define VECTORS(type, n256, n512, n1024) \
  UNDEFINED(v##n256##type);              \
  UNDEFINED(v##n512##type);              \
  UNDEFINED(v##n1024##type)

void undefined() {
  VECTORS(int4, 64, 128, 256);
  VECTORS(uint4, 64, 128, 256);
  VECTORS(int8, 32, 64, 128);
  VECTORS(uint8, 32, 64, 128);
  VECTORS(int16, 16, 32, 64);
  VECTORS(uint16, 16, 32, 64);
  VECTORS(int32, 8, 16, 32);
  VECTORS(uint32, 8, 16, 32);
  VECTORS(bfloat16, 16, 32, 64);
  VECTORS(float, 8, 16, 32);
  UNDEFINED(v32int4);
  UNDEFINED(v32uint4);
  UNDEFINED(v16int8);
  UNDEFINED(v16uint8);
  UNDEFINED(v8int16);
  UNDEFINED(v8uint16);
  UNDEFINED(v8bfloat16);
  UNDEFINED(v4int32);
  UNDEFINED(v4uint32);
  UNDEFINED(v4float);
  UNDEFINED(v8acc32);
  UNDEFINED(v16acc32);
  UNDEFINED(v32acc32);
  UNDEFINED(v4acc64);
  UNDEFINED(v8acc64);
  UNDEFINED(v16acc64);
  UNDEFINED(v8accfloat);
  UNDEFINED(v16accfloat);
  UNDEFINED(v32accfloat);
}

#define BROADCAST(name, value) \
  use(broadcast_to_##name(value), broadcast_zero_to_##name(), broadcast_one_to_##name())

void broadcasts() {
  BROADCAST(v64int8, 3);
  BROADCAST(v64uint8, 3);
  BROADCAST(v32int16, 3);
  BROADCAST(v32uint16, 3);
  BROADCAST(v16int32, 3);
  BROADCAST(v16uint32, 3);
  BROADCAST(v16float, 3.0f);
  BROADCAST(v32bfloat16, 3.0f);
  BROADCAST(v16bfloat16, 3.0f);
  use(broadcast_zero_bfloat16(), broadcast_one_bfloat16());
}

#define PARTS(name) use(set_##name(0, extract_##name(name(), 0)))

void parts() {
  PARTS(v64int4);
  PARTS(v64uint4);
  PARTS(v128int4);
  PARTS(v128uint4);
  PARTS(v32int8);
  PARTS(v32uint8);
  PARTS(v64int8);
  PARTS(v64uint8);
  PARTS(v16int16);
  PARTS(v16uint16);
  PARTS(v32int16);
  PARTS(v32uint16);
  PARTS(v8int32);
  PARTS(v16int32);
  PARTS(v32int32);
  PARTS(v8bfloat16);
  PARTS(v16bfloat16);
  PARTS(v32bfloat16);
  PARTS(v8float);
  PARTS(v16float);
  PARTS(v32float);
  PARTS(v16acc32);
  PARTS(v32acc32);
  PARTS(v8acc64);
  PARTS(v16acc64);
  PARTS(v8accfloat);
  PARTS(v16accfloat);
  PARTS(v32accfloat);
}

void lanes() {
  const v32int16 v = broadcast_zero_to_v32int16();
  const v32acc32 acc(v);
  use(ext_elem(v, 1), extract_elem(v, 1), upd_elem(v, 1, int16(2)));
  use(insert(v, 1, int16(2)), insert(v, 1, extract_v16int16(v, 0)));
  use(insert(acc, 1, extract_v16acc32(acc, 0)));
  use(band(v, v), bor(v, v), bxor(v, v), shift_bytes(v, v, 2));
  use(shuffle(v, v, T16_32x2_lo), shuffle(v, T16_8x4));
}

#define SRS(name, accum) use(srs_to_##name(accum(), 2), srs_to_##name(accum(), 2, 1))

void conversions() {
  SRS(v32int8, v32acc32);
  SRS(v32uint8, v32acc32);
  SRS(v16int16, v16acc32);
  SRS(v16uint16, v16acc32);
  SRS(v32int16, v32acc32);
  SRS(v32uint16, v32acc32);
  SRS(v8int32, v8acc64);
  SRS(v16int32, v16acc64);
  use(ups_to_v16acc32(v16int16(), 1), ups_to_v32acc32(v32int8(), 1));
  use(ups_to_v8acc64(v8int32(), 1), ups_to_v16acc64(v16int16(), 1));
  const v16accfloat acc = ups_to_v16accfloat(broadcast_one_to_v16bfloat16());
  use(to_v16bfloat16(acc), to_v16bfloat16(v16float()));
  use(bfloat16_to_int(broadcast_one_to_v16bfloat16(), 2));
}

void products() {
  const v32bfloat16 a = broadcast_one_bfloat16();
  const v16accfloat acc = mul_elem_16_2(a, a);
  use(negmul_elem_16_2(a, a), mac_elem_16_2(a, a, acc), msc_elem_16_2(a, a, acc));
  use(mul_4x8_8x4(a, a), mac_4x8_8x4(a, a, acc));
}

}  // namespace

extern "C" void operations_intrinsics() {
  undefined();
  broadcasts();
  parts();
  lanes();
  conversions();
  products();
}
