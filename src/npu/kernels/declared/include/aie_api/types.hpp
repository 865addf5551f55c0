// Scalars and accumulator tags of the declared AIE API, and what follows from them.
#pragma once

using int8 = __INT8_TYPE__;
using uint8 = __UINT8_TYPE__;
using int16 = __INT16_TYPE__;
using uint16 = __UINT16_TYPE__;
using int32 = __INT32_TYPE__;
using uint32 = __UINT32_TYPE__;
using int64 = __INT64_TYPE__;
using uint64 = __UINT64_TYPE__;

extern "C" uint16 __truncsfbf2(float value);  // the compilers' name for float to bfloat16

/// Constants become bfloat16 while compiling, to nearest even; other floats by a call. Reading one
/// as float is a shift, arithmetic is that of float.
class bfloat16 {
 public:
  bfloat16() = default;
  constexpr bfloat16(float value)
      : bits_(__builtin_is_constant_evaluated() || __builtin_constant_p(value)
                  ? nearest(__builtin_bit_cast(uint32, value))
                  : __truncsfbf2(value)) {}
  constexpr operator float() const {
    return __builtin_bit_cast(float, static_cast<uint32>(bits_) << 16);
  }

 private:
  static constexpr uint16 nearest(uint32 bits) {
    return static_cast<uint16>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
  uint16 bits_;
};

// Soft-float on the core.
#define SOTTO_BF16_ASSIGN(op)                             \
  inline bfloat16& operator op##=(bfloat16& a, float b) { \
    return a = bfloat16(static_cast<float>(a) op b);      \
  }
SOTTO_BF16_ASSIGN(+)
SOTTO_BF16_ASSIGN(-)
SOTTO_BF16_ASSIGN(*)
SOTTO_BF16_ASSIGN(/)
#undef SOTTO_BF16_ASSIGN

namespace aie {
namespace detail {

/// Four bits of a byte: two elements share one in memory.
template <bool kSigned>
class Nibble {
 public:
  Nibble() = default;
  constexpr Nibble(int value)
      : value_(static_cast<int8>(kSigned ? ((value & 15) ^ 8) - 8 : value & 15)) {}
  constexpr operator int() const { return value_; }

 private:
  int8 value_;
};

}  // namespace detail
}  // namespace aie

using int4 = aie::detail::Nibble<true>;
using uint4 = aie::detail::Nibble<false>;

struct acc16 {};
struct acc24 {};
struct acc32 {};
struct acc40 {};
struct acc48 {};
struct acc56 {};
struct acc64 {};
struct accfloat {};
struct accauto {};

namespace aie {
namespace detail {

template <typename T>
inline constexpr bool is_integer = false;
template <>
inline constexpr bool is_integer<int8> = true;
template <>
inline constexpr bool is_integer<uint8> = true;
template <>
inline constexpr bool is_integer<int16> = true;
template <>
inline constexpr bool is_integer<uint16> = true;
template <>
inline constexpr bool is_integer<int32> = true;
template <>
inline constexpr bool is_integer<uint32> = true;

template <bool kSigned>
inline constexpr bool is_integer<Nibble<kSigned>> = true;

/// Bits of an element.
template <typename T>
inline constexpr unsigned bits_of = 8 * sizeof(T);
template <bool kSigned>
inline constexpr unsigned bits_of<Nibble<kSigned>> = 4;

template <typename T>
inline constexpr bool is_float = false;
template <>
inline constexpr bool is_float<float> = true;
template <>
inline constexpr bool is_float<bfloat16> = true;
template <>
inline constexpr bool is_float<accfloat> = true;

/// Bytes of an accumulator's lane.
template <typename Tag>
inline constexpr unsigned lane_bytes = 0;
template <>
inline constexpr unsigned lane_bytes<acc16> = 4;
template <>
inline constexpr unsigned lane_bytes<acc24> = 4;
template <>
inline constexpr unsigned lane_bytes<acc32> = 4;
template <>
inline constexpr unsigned lane_bytes<accfloat> = 4;
template <>
inline constexpr unsigned lane_bytes<acc40> = 8;
template <>
inline constexpr unsigned lane_bytes<acc48> = 8;
template <>
inline constexpr unsigned lane_bytes<acc56> = 8;
template <>
inline constexpr unsigned lane_bytes<acc64> = 8;

template <typename Tag>
concept AccumTag = lane_bytes<Tag> != 0;
template <typename T>
concept Element = is_integer<T> || (is_float<T> && lane_bytes<T> == 0);

template <typename T>
struct Same {
  using type = T;
};
template <typename A, typename B>
inline constexpr bool is_same = false;
template <typename A>
inline constexpr bool is_same<A, A> = true;
/// A parameter that takes no part in finding the template arguments.
template <typename T>
using same_t = typename Same<T>::type;

template <bool kFirst, typename A, typename B>
struct Choose : Same<A> {};
template <typename A, typename B>
struct Choose<false, A, B> : Same<B> {};
template <bool kFirst, typename A, typename B>
using choose_t = typename Choose<kFirst, A, B>::type;

/// The accumulator of a product of A and B: `Tag`, or what fits where none is named.
template <typename Tag, typename A, typename B>
struct ProductTag : Same<Tag> {};
template <typename A, typename B>
struct ProductTag<accauto, A, B>
    : Choose<is_float<A> || is_float<B>, accfloat,
             choose_t<sizeof(A) <= 2 && sizeof(B) <= 2, acc32,
                      choose_t<sizeof(A) == 4 && sizeof(B) == 4, acc64, acc48>>> {};
template <typename Tag, typename A, typename B>
using product_tag = typename ProductTag<Tag, A, B>::type;

/// The integers of twice and of half the width.
template <typename T>
inline constexpr bool is_signed = T(-1) < T(0);
template <typename T>
using twice_t = choose_t<bits_of<T> == 4, choose_t<is_signed<T>, int8, uint8>,
                         choose_t<bits_of<T> == 8, choose_t<is_signed<T>, int16, uint16>,
                                  choose_t<is_signed<T>, int32, uint32>>>;
template <typename T>
using half_t = choose_t<bits_of<T> == 8, choose_t<is_signed<T>, int4, uint4>,
                        choose_t<bits_of<T> == 16, choose_t<is_signed<T>, int8, uint8>,
                                 choose_t<is_signed<T>, int16, uint16>>>;

/// Whether a vector register may have so many bits.
constexpr bool is_vector_size(unsigned bits) {
  return bits == 128 || bits == 256 || bits == 512 || bits == 1024;
}

}  // namespace detail

inline constexpr unsigned vector_decl_align = 32;
template <typename T, unsigned Elems>
inline constexpr unsigned vector_ldst_align_v =
    detail::bits_of<T> * Elems < 8 * vector_decl_align ? detail::bits_of<T> * Elems / 8
                                                       : vector_decl_align;
template <typename T>
inline constexpr unsigned native_vector_length_v = 512 / detail::bits_of<T>;

}  // namespace aie
