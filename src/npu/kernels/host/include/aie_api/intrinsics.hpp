// The raw register types and intrinsics of Peano that kernels mix with aie_api, in the global
// namespace as there (llvm-aie: aiev2_*.h). Registers are aie::vector and aie::accum themselves, so
// add, sub, max, mul and the like are found in namespace aie by argument-dependent lookup.
#pragma once

#include "core.hpp"
#include "elementwise.hpp"
#include "multiply.hpp"
#include "shuffle.hpp"

// v16int32 and so on, with undef_v16int32(): 256, 512 and 1024 bits of each element type.
#define SOTTO_AIE_REGISTER(name, ...) \
  using name = __VA_ARGS__;           \
  inline name undef_##name() {        \
    return name();                    \
  }
#define SOTTO_AIE_VECTORS(type, n256, n512, n1024)           \
  SOTTO_AIE_REGISTER(v##n256##type, aie::vector<type, n256>) \
  SOTTO_AIE_REGISTER(v##n512##type, aie::vector<type, n512>) \
  SOTTO_AIE_REGISTER(v##n1024##type, aie::vector<type, n1024>)
SOTTO_AIE_VECTORS(int4, 64, 128, 256)
SOTTO_AIE_VECTORS(uint4, 64, 128, 256)
SOTTO_AIE_VECTORS(int8, 32, 64, 128)
SOTTO_AIE_VECTORS(uint8, 32, 64, 128)
SOTTO_AIE_VECTORS(int16, 16, 32, 64)
SOTTO_AIE_VECTORS(uint16, 16, 32, 64)
SOTTO_AIE_VECTORS(int32, 8, 16, 32)
SOTTO_AIE_VECTORS(uint32, 8, 16, 32)
SOTTO_AIE_VECTORS(bfloat16, 16, 32, 64)
SOTTO_AIE_VECTORS(float, 8, 16, 32)
SOTTO_AIE_REGISTER(v32int4, aie::vector<int4, 32>)
SOTTO_AIE_REGISTER(v32uint4, aie::vector<uint4, 32>)
SOTTO_AIE_REGISTER(v16int8, aie::vector<int8, 16>)
SOTTO_AIE_REGISTER(v16uint8, aie::vector<uint8, 16>)
SOTTO_AIE_REGISTER(v8int16, aie::vector<int16, 8>)
SOTTO_AIE_REGISTER(v8uint16, aie::vector<uint16, 8>)
SOTTO_AIE_REGISTER(v8bfloat16, aie::vector<bfloat16, 8>)
SOTTO_AIE_REGISTER(v4int32, aie::vector<int32, 4>)
SOTTO_AIE_REGISTER(v4uint32, aie::vector<uint32, 4>)
SOTTO_AIE_REGISTER(v4float, aie::vector<float, 4>)
SOTTO_AIE_REGISTER(v8acc32, aie::accum<acc32, 8>)
SOTTO_AIE_REGISTER(v16acc32, aie::accum<acc32, 16>)
SOTTO_AIE_REGISTER(v32acc32, aie::accum<acc32, 32>)
SOTTO_AIE_REGISTER(v4acc64, aie::accum<acc64, 4>)
SOTTO_AIE_REGISTER(v8acc64, aie::accum<acc64, 8>)
SOTTO_AIE_REGISTER(v16acc64, aie::accum<acc64, 16>)
SOTTO_AIE_REGISTER(v8accfloat, aie::accum<accfloat, 8>)
SOTTO_AIE_REGISTER(v16accfloat, aie::accum<accfloat, 16>)
SOTTO_AIE_REGISTER(v32accfloat, aie::accum<accfloat, 32>)
#undef SOTTO_AIE_VECTORS
#undef SOTTO_AIE_REGISTER

// --- broadcast_to_v16int32(x), broadcast_zero_to_v16int32(), broadcast_one_to_v16int32()

#define SOTTO_AIE_BROADCAST(type, elems)                          \
  inline v##elems##type broadcast_to_v##elems##type(type value) { \
    return aie::broadcast<type, elems>(value);                    \
  }                                                               \
  inline v##elems##type broadcast_zero_to_v##elems##type() {      \
    return aie::zeros<type, elems>();                             \
  }                                                               \
  inline v##elems##type broadcast_one_to_v##elems##type() {       \
    return aie::broadcast<type, elems>(type(1));                  \
  }
SOTTO_AIE_BROADCAST(int8, 64)
SOTTO_AIE_BROADCAST(uint8, 64)
SOTTO_AIE_BROADCAST(int16, 32)
SOTTO_AIE_BROADCAST(uint16, 32)
SOTTO_AIE_BROADCAST(int32, 16)
SOTTO_AIE_BROADCAST(uint32, 16)
SOTTO_AIE_BROADCAST(float, 16)
SOTTO_AIE_BROADCAST(bfloat16, 32)
SOTTO_AIE_BROADCAST(bfloat16, 16)
#undef SOTTO_AIE_BROADCAST

inline v32bfloat16 broadcast_zero_bfloat16() {
  return broadcast_zero_to_v32bfloat16();
}
inline v32bfloat16 broadcast_one_bfloat16() {
  return broadcast_one_to_v32bfloat16();
}

// --- lanes and parts

template <typename T, unsigned Elems>
T ext_elem(const aie::vector<T, Elems>& v, unsigned lane) {
  return v.get(lane);
}
template <typename T, unsigned Elems>
T extract_elem(const aie::vector<T, Elems>& v, unsigned lane) {
  return v.get(lane);
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> upd_elem(aie::vector<T, Elems> v, unsigned lane,
                               std::type_identity_t<T> value) {
  v.set(value, lane);
  return v;
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> insert(aie::vector<T, Elems> v, unsigned lane,
                             std::type_identity_t<T> value) {
  return upd_elem(v, lane, value);
}
template <typename T, unsigned Elems, unsigned ElemsIn>
aie::vector<T, Elems> insert(aie::vector<T, Elems> v, unsigned index,
                             const aie::vector<T, ElemsIn>& part) {
  return v.insert(index, part);
}
template <typename Tag, unsigned Elems, unsigned ElemsIn>
aie::accum<Tag, Elems> insert(aie::accum<Tag, Elems> acc, unsigned index,
                              const aie::accum<Tag, ElemsIn>& part) {
  return acc.insert(index, part);
}

// extract_v16int32(v, i) and set_v16int32(i, part): halves and quarters of a register.
#define SOTTO_AIE_PARTS(name, elems)                       \
  template <typename Register>                             \
  name extract_##name(const Register& v, unsigned index) { \
    return v.template extract<elems>(index);               \
  }                                                        \
  template <typename Part>                                 \
  name set_##name(unsigned index, const Part& part) {      \
    return part.template grow<elems>(index);               \
  }
SOTTO_AIE_PARTS(v64int4, 64)
SOTTO_AIE_PARTS(v64uint4, 64)
SOTTO_AIE_PARTS(v128int4, 128)
SOTTO_AIE_PARTS(v128uint4, 128)
SOTTO_AIE_PARTS(v32int8, 32)
SOTTO_AIE_PARTS(v32uint8, 32)
SOTTO_AIE_PARTS(v64int8, 64)
SOTTO_AIE_PARTS(v64uint8, 64)
SOTTO_AIE_PARTS(v16int16, 16)
SOTTO_AIE_PARTS(v16uint16, 16)
SOTTO_AIE_PARTS(v32int16, 32)
SOTTO_AIE_PARTS(v32uint16, 32)
SOTTO_AIE_PARTS(v8int32, 8)
SOTTO_AIE_PARTS(v16int32, 16)
SOTTO_AIE_PARTS(v32int32, 32)
SOTTO_AIE_PARTS(v8bfloat16, 8)
SOTTO_AIE_PARTS(v16bfloat16, 16)
SOTTO_AIE_PARTS(v32bfloat16, 32)
SOTTO_AIE_PARTS(v8float, 8)
SOTTO_AIE_PARTS(v16float, 16)
SOTTO_AIE_PARTS(v32float, 32)
SOTTO_AIE_PARTS(v16acc32, 16)
SOTTO_AIE_PARTS(v32acc32, 32)
SOTTO_AIE_PARTS(v8acc64, 8)
SOTTO_AIE_PARTS(v16acc64, 16)
SOTTO_AIE_PARTS(v8accfloat, 8)
SOTTO_AIE_PARTS(v16accfloat, 16)
SOTTO_AIE_PARTS(v32accfloat, 32)
#undef SOTTO_AIE_PARTS

// --- bits and bytes

template <typename T, unsigned Elems>
aie::vector<T, Elems> band(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return aie::bit_and(a, b);
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> bor(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return aie::bit_or(a, b);
}
template <typename T, unsigned Elems>
aie::vector<T, Elems> bxor(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return aie::bit_xor(a, b);
}

// --- conversions

/// Rounds by the rounding register.
inline v16bfloat16 to_v16bfloat16(const v16accfloat& acc) {
  return acc.to_vector<bfloat16>();
}
inline v16bfloat16 to_v16bfloat16(const v16float& v) {
  return to_v16bfloat16(v16accfloat(v));
}
inline v16accfloat ups_to_v16accfloat(const v16bfloat16& v) {
  return v16accfloat(v);
}
/// floor(v * 2^shift), clamped to int32; no register has a say.
inline v16int32 bfloat16_to_int(const v16bfloat16& v, int shift) {
  v16int32 result;
  for (unsigned i = 0; i < 16; ++i) {
    result.data()[i] = sotto::npu::host::floor_to_int(v.data()[i], shift);
  }
  return result;
}

// srs_to_v32int8(acc, shift[, sign]) and so on: shift, round, saturate by the registers.
#define SOTTO_AIE_SRS(name, type)                                    \
  template <typename Accum>                                          \
  name srs_to_##name(const Accum& acc, int shift) {                  \
    return acc.template to_vector<type>(shift);                      \
  }                                                                  \
  template <typename Accum>                                          \
  name srs_to_##name(const Accum& acc, int shift, int is_signed) {   \
    return acc.template to_vector_sign<type>(is_signed != 0, shift); \
  }
SOTTO_AIE_SRS(v32int8, int8)
SOTTO_AIE_SRS(v32uint8, uint8)
SOTTO_AIE_SRS(v16int16, int16)
SOTTO_AIE_SRS(v16uint16, uint16)
SOTTO_AIE_SRS(v32int16, int16)
SOTTO_AIE_SRS(v32uint16, uint16)
SOTTO_AIE_SRS(v8int32, int32)
SOTTO_AIE_SRS(v16int32, int32)
#undef SOTTO_AIE_SRS

// ups_to_v32acc32(v, shift) and so on: v * 2^shift.
#define SOTTO_AIE_UPS(name)                        \
  template <typename Vector>                       \
  name ups_to_##name(const Vector& v, int shift) { \
    return name(v, shift);                         \
  }
SOTTO_AIE_UPS(v16acc32)
SOTTO_AIE_UPS(v32acc32)
SOTTO_AIE_UPS(v8acc64)
SOTTO_AIE_UPS(v16acc64)
#undef SOTTO_AIE_UPS

// --- bfloat16 multiplications

/// acc[i] + a[i] b[i] + a[i + 16] b[i + 16] in one instruction.
inline v16accfloat mac_elem_16_2(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc) {
  sotto::npu::host::mac_elementwise_16x2(acc.data(), a.data(), b.data());
  return acc;
}
inline v16accfloat msc_elem_16_2(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc) {
  sotto::npu::host::msc_elementwise_16x2(acc.data(), a.data(), b.data());
  return acc;
}
inline v16accfloat mul_elem_16_2(const v32bfloat16& a, const v32bfloat16& b) {
  return mac_elem_16_2(a, b, aie::zeros<accfloat, 16>());
}
inline v16accfloat negmul_elem_16_2(const v32bfloat16& a, const v32bfloat16& b) {
  return msc_elem_16_2(a, b, aie::zeros<accfloat, 16>());
}
/// acc (4x4) + a (4x8) b (8x4).
inline v16accfloat mac_4x8_8x4(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc) {
  sotto::npu::host::mac_4x8x4(acc.data(), a.data(), b.data());
  return acc;
}
inline v16accfloat mul_4x8_8x4(const v32bfloat16& a, const v32bfloat16& b) {
  return mac_4x8_8x4(a, b, aie::zeros<accfloat, 16>());
}
