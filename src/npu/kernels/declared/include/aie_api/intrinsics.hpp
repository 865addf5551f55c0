// The raw register types and intrinsics of Peano that kernels mix with aie_api. They are global
// there; here they live in a namespace of aie, so that their symbols are recognised.
#pragma once

#include "operands.hpp"

namespace aie {
namespace intrinsics {

// v16int32 and so on, with undef_v16int32(): 256, 512 and 1024 bits of each element type.
#define SOTTO_REGISTER(name, ...) \
  using name = __VA_ARGS__;       \
  name undef_##name();
#define SOTTO_VECTORS(type, n256, n512, n1024)      \
  SOTTO_REGISTER(v##n256##type, vector<type, n256>) \
  SOTTO_REGISTER(v##n512##type, vector<type, n512>) \
  SOTTO_REGISTER(v##n1024##type, vector<type, n1024>)
SOTTO_VECTORS(int4, 64, 128, 256)
SOTTO_VECTORS(uint4, 64, 128, 256)
SOTTO_VECTORS(int8, 32, 64, 128)
SOTTO_VECTORS(uint8, 32, 64, 128)
SOTTO_VECTORS(int16, 16, 32, 64)
SOTTO_VECTORS(uint16, 16, 32, 64)
SOTTO_VECTORS(int32, 8, 16, 32)
SOTTO_VECTORS(uint32, 8, 16, 32)
SOTTO_VECTORS(bfloat16, 16, 32, 64)
SOTTO_VECTORS(float, 8, 16, 32)
SOTTO_REGISTER(v32int4, vector<int4, 32>)
SOTTO_REGISTER(v32uint4, vector<uint4, 32>)
SOTTO_REGISTER(v16int8, vector<int8, 16>)
SOTTO_REGISTER(v16uint8, vector<uint8, 16>)
SOTTO_REGISTER(v8int16, vector<int16, 8>)
SOTTO_REGISTER(v8uint16, vector<uint16, 8>)
SOTTO_REGISTER(v8bfloat16, vector<bfloat16, 8>)
SOTTO_REGISTER(v4int32, vector<int32, 4>)
SOTTO_REGISTER(v4uint32, vector<uint32, 4>)
SOTTO_REGISTER(v4float, vector<float, 4>)
SOTTO_REGISTER(v8acc32, accum<acc32, 8>)
SOTTO_REGISTER(v16acc32, accum<acc32, 16>)
SOTTO_REGISTER(v32acc32, accum<acc32, 32>)
SOTTO_REGISTER(v4acc64, accum<acc64, 4>)
SOTTO_REGISTER(v8acc64, accum<acc64, 8>)
SOTTO_REGISTER(v16acc64, accum<acc64, 16>)
SOTTO_REGISTER(v8accfloat, accum<accfloat, 8>)
SOTTO_REGISTER(v16accfloat, accum<accfloat, 16>)
SOTTO_REGISTER(v32accfloat, accum<accfloat, 32>)
#undef SOTTO_VECTORS
#undef SOTTO_REGISTER

#define SOTTO_BROADCAST(type, elems)                      \
  v##elems##type broadcast_to_v##elems##type(type value); \
  v##elems##type broadcast_zero_to_v##elems##type();      \
  v##elems##type broadcast_one_to_v##elems##type();
SOTTO_BROADCAST(int8, 64)
SOTTO_BROADCAST(uint8, 64)
SOTTO_BROADCAST(int16, 32)
SOTTO_BROADCAST(uint16, 32)
SOTTO_BROADCAST(int32, 16)
SOTTO_BROADCAST(uint32, 16)
SOTTO_BROADCAST(float, 16)
SOTTO_BROADCAST(bfloat16, 32)
SOTTO_BROADCAST(bfloat16, 16)
#undef SOTTO_BROADCAST
v32bfloat16 broadcast_zero_bfloat16();
v32bfloat16 broadcast_one_bfloat16();

// --- Lanes and parts

template <typename T, unsigned Elems>
T ext_elem(const vector<T, Elems>& v, unsigned lane);
template <typename T, unsigned Elems>
T extract_elem(const vector<T, Elems>& v, unsigned lane);
template <typename T, unsigned Elems>
vector<T, Elems> upd_elem(vector<T, Elems> v, unsigned lane, detail::same_t<T> value);
template <typename T, unsigned Elems>
vector<T, Elems> insert(vector<T, Elems> v, unsigned lane, detail::same_t<T> value);
template <typename T, unsigned Elems, unsigned ElemsIn>
vector<T, Elems> insert(vector<T, Elems> v, unsigned index, const vector<T, ElemsIn>& part);
template <typename Tag, unsigned Elems, unsigned ElemsIn>
accum<Tag, Elems> insert(accum<Tag, Elems> acc, unsigned index, const accum<Tag, ElemsIn>& part);

#define SOTTO_PARTS(name)                                 \
  template <typename Register>                            \
  name extract_##name(const Register& v, unsigned index); \
  template <typename Part>                                \
  name set_##name(unsigned index, const Part& part);
SOTTO_PARTS(v64int4)
SOTTO_PARTS(v64uint4)
SOTTO_PARTS(v128int4)
SOTTO_PARTS(v128uint4)
SOTTO_PARTS(v32int8)
SOTTO_PARTS(v32uint8)
SOTTO_PARTS(v64int8)
SOTTO_PARTS(v64uint8)
SOTTO_PARTS(v16int16)
SOTTO_PARTS(v16uint16)
SOTTO_PARTS(v32int16)
SOTTO_PARTS(v32uint16)
SOTTO_PARTS(v8int32)
SOTTO_PARTS(v16int32)
SOTTO_PARTS(v32int32)
SOTTO_PARTS(v8bfloat16)
SOTTO_PARTS(v16bfloat16)
SOTTO_PARTS(v32bfloat16)
SOTTO_PARTS(v8float)
SOTTO_PARTS(v16float)
SOTTO_PARTS(v32float)
SOTTO_PARTS(v16acc32)
SOTTO_PARTS(v32acc32)
SOTTO_PARTS(v8acc64)
SOTTO_PARTS(v16acc64)
SOTTO_PARTS(v8accfloat)
SOTTO_PARTS(v16accfloat)
SOTTO_PARTS(v32accfloat)
#undef SOTTO_PARTS

// --- Bits, bytes and conversions

template <typename T, unsigned Elems>
vector<T, Elems> band(const vector<T, Elems>& a, const vector<T, Elems>& b);
template <typename T, unsigned Elems>
vector<T, Elems> bor(const vector<T, Elems>& a, const vector<T, Elems>& b);
template <typename T, unsigned Elems>
vector<T, Elems> bxor(const vector<T, Elems>& a, const vector<T, Elems>& b);
template <typename T, unsigned Elems>
vector<T, Elems> shift_bytes(const vector<T, Elems>& a, const vector<T, Elems>& b, unsigned bytes);
template <typename T, unsigned Elems>
vector<T, Elems> shuffle(const vector<T, Elems>& a, const vector<T, Elems>& b, unsigned mode);
template <typename T, unsigned Elems>
vector<T, Elems> shuffle(const vector<T, Elems>& a, unsigned mode);

v16bfloat16 to_v16bfloat16(const v16accfloat& acc);
v16bfloat16 to_v16bfloat16(const v16float& v);
v16accfloat ups_to_v16accfloat(const v16bfloat16& v);
v16int32 bfloat16_to_int(const v16bfloat16& v, int shift);

#define SOTTO_SRS(name)                            \
  template <typename Accum>                        \
  name srs_to_##name(const Accum& acc, int shift); \
  template <typename Accum>                        \
  name srs_to_##name(const Accum& acc, int shift, int is_signed);
SOTTO_SRS(v32int8)
SOTTO_SRS(v32uint8)
SOTTO_SRS(v16int16)
SOTTO_SRS(v16uint16)
SOTTO_SRS(v32int16)
SOTTO_SRS(v32uint16)
SOTTO_SRS(v8int32)
SOTTO_SRS(v16int32)
#undef SOTTO_SRS

#define SOTTO_UPS(name)      \
  template <typename Vector> \
  name ups_to_##name(const Vector& v, int shift);
SOTTO_UPS(v16acc32)
SOTTO_UPS(v32acc32)
SOTTO_UPS(v8acc64)
SOTTO_UPS(v16acc64)
#undef SOTTO_UPS

// --- bfloat16 multiplications

v16accfloat mac_elem_16_2(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc);
v16accfloat msc_elem_16_2(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc);
v16accfloat mul_elem_16_2(const v32bfloat16& a, const v32bfloat16& b);
v16accfloat negmul_elem_16_2(const v32bfloat16& a, const v32bfloat16& b);
v16accfloat mac_4x8_8x4(const v32bfloat16& a, const v32bfloat16& b, v16accfloat acc);
v16accfloat mul_4x8_8x4(const v32bfloat16& a, const v32bfloat16& b);

}  // namespace intrinsics
}  // namespace aie

using namespace aie::intrinsics;

// Modes of shuffle.
// clang-format off
enum : unsigned {
  T8_64x2_lo, T8_64x2_hi, T16_32x2_lo, T16_32x2_hi, T32_16x2_lo, T32_16x2_hi, T64_8x2_lo,
  T64_8x2_hi, T128_4x2_lo, T128_4x2_hi, T256_2x2_lo, T256_2x2_hi, T128_2x4_lo, T128_2x4_hi,
  T64_2x8_lo, T64_2x8_hi, T32_2x16_lo, T32_2x16_hi, T16_2x32_lo, T16_2x32_hi, T8_2x64_lo,
  T8_2x64_hi, T512_1x2_lo, T512_1x2_hi, T16_16x4_lo, T16_16x4_hi, T16_4x16_lo, T16_4x16_hi,
  T16_8x4, T16_4x8, T32_8x4_lo, T32_8x4_hi, T32_4x8_lo, T32_4x8_hi, T32_4x4, T8_8x8, T8_16x4,
  T8_4x16, T16_1x2_flip, T16_4x4, T16_4x2, T16_2x4, T16_8x2, T16_2x8, T16_16x2, T16_2x16, T8_8x4,
  T8_4x8,
};
// clang-format on

// By what they do.
inline constexpr unsigned INTLV_lo_8o16 = T8_2x64_lo, INTLV_hi_8o16 = T8_2x64_hi,
                          INTLV_lo_16o32 = T16_2x32_lo, INTLV_hi_16o32 = T16_2x32_hi,
                          INTLV_lo_32o64 = T32_2x16_lo, INTLV_hi_32o64 = T32_2x16_hi,
                          INTLV_lo_64o128 = T64_2x8_lo, INTLV_hi_64o128 = T64_2x8_hi,
                          INTLV_lo_128o256 = T128_2x4_lo, INTLV_hi_128o256 = T128_2x4_hi,
                          INTLV_lo_256o512 = T256_2x2_lo, INTLV_hi_256o512 = T256_2x2_hi,
                          INTLV_lo_512o1024 = T512_1x2_lo, INTLV_hi_512o1024 = T512_1x2_hi,
                          DINTLV_lo_8o16 = T8_64x2_lo, DINTLV_hi_8o16 = T8_64x2_hi,
                          DINTLV_lo_16o32 = T16_32x2_lo, DINTLV_hi_16o32 = T16_32x2_hi,
                          DINTLV_lo_32o64 = T32_16x2_lo, DINTLV_hi_32o64 = T32_16x2_hi,
                          DINTLV_lo_64o128 = T64_8x2_lo, DINTLV_hi_64o128 = T64_8x2_hi,
                          DINTLV_lo_128o256 = T128_4x2_lo, DINTLV_hi_128o256 = T128_4x2_hi,
                          DINTLV_lo_256o512 = T256_2x2_lo, DINTLV_hi_256o512 = T256_2x2_hi,
                          DINTLV_lo_512o1024 = T512_1x2_lo, DINTLV_hi_512o1024 = T512_1x2_hi;
