// Element types, accumulator tags and mode names, spelled as AMD's aie_api and Peano spell them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "int4.hpp"
#include "npu/kernels/host/bf16.h"
#include "npu/kernels/host/core_state.h"

using int8 = std::int8_t;
using uint8 = std::uint8_t;
using int16 = std::int16_t;
using uint16 = std::uint16_t;
using int32 = std::int32_t;
using uint32 = std::uint32_t;
using int64 = std::int64_t;
using uint64 = std::uint64_t;

// Accumulator tags say how many bits a sum needs; the core has lanes of 32 and 64 bits, so a tag is
// rounded up to one of them (accum_lane_t below).
struct acc16 {};
struct acc24 {};
struct acc32 {};
struct acc40 {};
struct acc48 {};
struct acc56 {};
struct acc64 {};
struct accfloat {};
struct accauto {};

// Soft-float on the core; kernels' scalar reference paths use it.
#define SOTTO_AIE_BF16_ASSIGN(op)                         \
  inline bfloat16& operator op##=(bfloat16& a, float b) { \
    return a = bfloat16(static_cast<float>(a) op b);      \
  }
SOTTO_AIE_BF16_ASSIGN(+)
SOTTO_AIE_BF16_ASSIGN(-)
SOTTO_AIE_BF16_ASSIGN(*)
SOTTO_AIE_BF16_ASSIGN(/)
#undef SOTTO_AIE_BF16_ASSIGN

namespace sotto::npu::host {

template <typename Tag>
struct AccumLane;
template <>
struct AccumLane<acc16> {
  using type = std::int32_t;
};
template <>
struct AccumLane<acc24> {
  using type = std::int32_t;
};
template <>
struct AccumLane<acc32> {
  using type = std::int32_t;
};
template <>
struct AccumLane<acc40> {
  using type = std::int64_t;
};
template <>
struct AccumLane<acc48> {
  using type = std::int64_t;
};
template <>
struct AccumLane<acc56> {
  using type = std::int64_t;
};
template <>
struct AccumLane<acc64> {
  using type = std::int64_t;
};
template <>
struct AccumLane<accfloat> {
  using type = float;
};

/// What one lane of an accumulator with this tag holds.
template <typename Tag>
using accum_lane_t = typename AccumLane<Tag>::type;

template <typename Tag>
concept AccumTag = requires { typename AccumLane<Tag>::type; };

template <typename T>
inline constexpr bool is_floating_v = std::is_same_v<T, float> || std::is_same_v<T, bfloat16>;

/// Elements a vector may have on AIE2 (complex numbers are not implemented here).
template <typename T>
concept Element = Nibble<T> || std::is_same_v<T, int8> || std::is_same_v<T, uint8> ||
                  std::is_same_v<T, int16> || std::is_same_v<T, uint16> ||
                  std::is_same_v<T, int32> || std::is_same_v<T, uint32> || is_floating_v<T>;

template <typename A, typename B>
struct DefaultTag {
  static constexpr std::size_t kBits = 8 * (sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B));
  static constexpr std::size_t kOther = 8 * (sizeof(A) > sizeof(B) ? sizeof(B) : sizeof(A));
  using type = std::conditional_t<
      is_floating_v<A> || is_floating_v<B>, accfloat,
      std::conditional_t<kBits <= 16, acc32, std::conditional_t<kOther <= 16, acc48, acc64>>>;
};

/// The accumulator that a product of these types gets when none is named: acc32 up to 16 x 16 bits,
/// acc48 for 32 x 16, acc64 for 32 x 32, accfloat (aie_api, detail/accum.hpp: default_accum_bits).
template <typename Tag, typename A, typename B>
using accum_tag_t =
    std::conditional_t<std::is_same_v<Tag, accauto>, typename DefaultTag<A, B>::type, Tag>;

/// The integers of twice and of half the width; void where there is none.
template <typename T>
struct Resized {
  using twice = void;
  using half = void;
};
template <>
struct Resized<int4> {
  using twice = int8;
  using half = void;
};
template <>
struct Resized<uint4> {
  using twice = uint8;
  using half = void;
};
template <>
struct Resized<int8> {
  using twice = int16;
  using half = int4;
};
template <>
struct Resized<uint8> {
  using twice = uint16;
  using half = uint4;
};
template <>
struct Resized<int16> {
  using twice = int32;
  using half = int8;
};
template <>
struct Resized<uint16> {
  using twice = uint32;
  using half = uint8;
};
template <>
struct Resized<int32> {
  using twice = void;
  using half = int16;
};
template <>
struct Resized<uint32> {
  using twice = void;
  using half = uint16;
};

}  // namespace sotto::npu::host

namespace aie {

/// Alignment that makes any buffer fit for vector loads, in bytes: the load port is 256 bit wide.
inline constexpr unsigned vector_decl_align = 32;

/// Alignment of the address of a vector load or store of so many elements, in bytes.
template <typename T, unsigned Elems>
inline constexpr unsigned vector_ldst_align_v =
    sotto::npu::host::element_bits_v<T> * Elems < 8 * vector_decl_align
        ? sotto::npu::host::element_bits_v<T> * Elems / 8
        : vector_decl_align;

/// Elements of a 512-bit register.
template <typename T>
inline constexpr unsigned native_vector_length_v = 512 / sotto::npu::host::element_bits_v<T>;

enum class rounding_mode : unsigned {
  floor = static_cast<unsigned>(sotto::npu::host::Rounding::floor),
  ceil = static_cast<unsigned>(sotto::npu::host::Rounding::ceil),
  symmetric_floor = static_cast<unsigned>(sotto::npu::host::Rounding::symmetric_floor),
  symmetric_ceil = static_cast<unsigned>(sotto::npu::host::Rounding::symmetric_ceil),
  negative_inf = static_cast<unsigned>(sotto::npu::host::Rounding::negative_inf),
  positive_inf = static_cast<unsigned>(sotto::npu::host::Rounding::positive_inf),
  symmetric_zero = static_cast<unsigned>(sotto::npu::host::Rounding::symmetric_zero),
  symmetric_inf = static_cast<unsigned>(sotto::npu::host::Rounding::symmetric_inf),
  conv_even = static_cast<unsigned>(sotto::npu::host::Rounding::conv_even),
  conv_odd = static_cast<unsigned>(sotto::npu::host::Rounding::conv_odd),
};

enum class saturation_mode : unsigned {
  none = static_cast<unsigned>(sotto::npu::host::Saturation::none),
  saturate = static_cast<unsigned>(sotto::npu::host::Saturation::saturate),
  symmetric = static_cast<unsigned>(sotto::npu::host::Saturation::symmetric),
};

/// Which data memory bank a pointer leads to; the host has only one.
enum class aie_dm_resource { none, a, b, c, d };

inline void set_rounding(rounding_mode mode) {
  sotto::npu::host::core().rounding = static_cast<sotto::npu::host::Rounding>(mode);
}
inline rounding_mode get_rounding() {
  return static_cast<rounding_mode>(sotto::npu::host::core().rounding);
}
inline rounding_mode swap_rounding(rounding_mode mode) {
  const rounding_mode before = get_rounding();
  set_rounding(mode);
  return before;
}
inline void set_saturation(saturation_mode mode) {
  sotto::npu::host::core().saturation = static_cast<sotto::npu::host::Saturation>(mode);
}
inline saturation_mode get_saturation() {
  return static_cast<saturation_mode>(sotto::npu::host::core().saturation);
}
inline saturation_mode swap_saturation(saturation_mode mode) {
  const saturation_mode before = get_saturation();
  set_saturation(mode);
  return before;
}

}  // namespace aie

// Words of the device compilers that mean nothing here.
#define restrict __restrict
#define __aie_inline inline
#define __aie_dm_resource_a
#define __aie_dm_resource_b
#define __aie_dm_resource_c
#define __aie_dm_resource_d
#define chess_prepare_for_pipelining
#define chess_flatten_loop
#define chess_loop_range(...)
#define chess_loop_count(...)
#define chess_unroll_loop(...)
#define chess_storage(...)
#define chess_protect_access
#define chess_copy(x) (x)
