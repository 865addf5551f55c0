// int4 and uint4: integers of four bits, two to a byte, the even lane in the lower half. Pointers
// to them count bytes, so that p + 1 is two lanes on (aie_api, detail/array_helpers.hpp:
// subbyte_elems).
//
// Vectors of 32, 64, 128 and 256 lanes have the whole of the class, loads, stores and iterators;
// unpack and pack to and from 8 bits, where pack minds the saturation register; accumulators;
// permutations, comparisons, select, max, min and bits; add, sub, neg and maxdiff, made from 8-bit
// lanes and packed again, so that they saturate if the register says so; products with 8 bits and
// mmul. Not here: abs, shifts, reductions, to_fixed and to_float of four-bit lanes.
// aie_api also makes set, reverse and transpose by unpack and pack, so on the core the symmetric
// saturation turns a -8 that they move into -7; here they only move.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace sotto::npu::host {

/// A number of four bits. Made from the lower bits of any integer; calculates as int, where Peano's
/// _BitInt(4) wraps.
template <bool kSigned>
class NibbleInteger {
 public:
  NibbleInteger() = default;
  template <std::integral I>
  constexpr NibbleInteger(I value)
      : value_(static_cast<std::int8_t>(kSigned ? ((static_cast<int>(value) & 15) ^ 8) - 8
                                                : static_cast<int>(value) & 15)) {}
  constexpr operator int() const { return value_; }

 private:
  std::int8_t value_;
};

template <typename T>
inline constexpr bool is_nibble_v = false;
template <bool kSigned>
inline constexpr bool is_nibble_v<NibbleInteger<kSigned>> = true;

template <typename T>
concept Nibble = is_nibble_v<T>;

/// Bits of a lane.
template <typename T>
inline constexpr unsigned element_bits_v = 8 * sizeof(T);
template <Nibble T>
inline constexpr unsigned element_bits_v<T> = 4;

/// Bytes that so many elements take in memory, and by how much a pointer to T (perhaps const) moves
/// over them.
template <typename T>
constexpr std::size_t bytes_of(std::size_t elems) {
  return (elems * element_bits_v<std::remove_const_t<T>> + 7) / 8;
}
template <typename T>
constexpr std::ptrdiff_t pointer_step(std::size_t elems) {
  return static_cast<std::ptrdiff_t>(bytes_of<T>(elems) / sizeof(T));
}

/// One half of a byte as a variable.
template <Nibble T>
class NibbleRef {
 public:
  NibbleRef(std::uint8_t* pair, bool upper) : pair_(pair), shift_(upper ? 4 : 0) {}
  NibbleRef(const NibbleRef&) = default;
  NibbleRef& operator=(T value) {
    *pair_ = static_cast<std::uint8_t>((*pair_ & ~(15 << shift_)) | (value & 15) << shift_);
    return *this;
  }
  NibbleRef& operator=(const NibbleRef& other) { return *this = static_cast<T>(other); }
  operator T() const { return T(*pair_ >> shift_); }
  operator int() const { return static_cast<T>(*this); }

 private:
  std::uint8_t* pair_;
  int shift_;
};

/// What stands for a T* in code that goes through the lanes of a vector.
template <Nibble T>
class NibblePointer {
 public:
  explicit NibblePointer(std::uint8_t* pairs) : pairs_(pairs) {}
  NibbleRef<T> operator[](unsigned lane) const { return {pairs_ + lane / 2, lane % 2 == 1}; }

 private:
  std::uint8_t* pairs_;
};
template <Nibble T>
class ConstNibblePointer {
 public:
  explicit ConstNibblePointer(const std::uint8_t* pairs) : pairs_(pairs) {}
  T operator[](unsigned lane) const { return T(pairs_[lane / 2] >> (lane % 2 == 1 ? 4 : 0)); }

 private:
  const std::uint8_t* pairs_;
};

/// std::array for lanes of four bits.
template <Nibble T, unsigned Elems>
class NibbleArray {
 public:
  NibblePointer<T> data() { return NibblePointer<T>(pairs_.data()); }
  ConstNibblePointer<T> data() const { return ConstNibblePointer<T>(pairs_.data()); }
  NibbleRef<T> operator[](unsigned lane) { return data()[lane]; }
  T operator[](unsigned lane) const { return data()[lane]; }

 private:
  std::array<std::uint8_t, Elems / 2> pairs_;
};

template <typename T, unsigned Elems>
struct LaneArray {
  using type = std::array<T, Elems>;
};
template <Nibble T, unsigned Elems>
struct LaneArray<T, Elems> {
  using type = NibbleArray<T, Elems>;
};
/// How a register holds its lanes.
template <typename T, unsigned Elems>
using lane_array_t = typename LaneArray<T, Elems>::type;

}  // namespace sotto::npu::host

template <bool kSigned>
struct std::numeric_limits<sotto::npu::host::NibbleInteger<kSigned>> {
  using T = sotto::npu::host::NibbleInteger<kSigned>;
  static constexpr bool is_specialized = true;
  static constexpr bool is_integer = true;
  static constexpr bool is_signed = kSigned;
  static constexpr T lowest() { return T(kSigned ? -8 : 0); }
  static constexpr T min() { return lowest(); }
  static constexpr T max() { return T(kSigned ? 7 : 15); }
};

using int4 = sotto::npu::host::NibbleInteger<true>;
using uint4 = sotto::npu::host::NibbleInteger<false>;
