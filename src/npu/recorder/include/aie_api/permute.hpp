// Lanes in another order.
#pragma once

#include "table.hpp"

namespace recorded_aie {

namespace detail {

/// The shuffle modes that interleave and separate runs of so many bits; odd numbers are the upper
/// halves.
inline unsigned zip_mode(unsigned bits) {
  return bits == 16   ? T16_2x32_lo
         : bits == 32 ? T32_2x16_lo
         : bits == 64 ? T64_2x8_lo
                      : T128_2x4_lo;
}
inline unsigned unzip_mode(unsigned bits) {
  return bits == 16   ? T16_32x2_lo
         : bits == 32 ? T32_16x2_lo
         : bits == 64 ? T64_8x2_lo
                      : T128_4x2_lo;
}
template <typename T>
unsigned run_bits(unsigned chunk) {
  const unsigned bits = 8 * static_cast<unsigned>(sizeof(T)) * chunk;
  if (bits != 16 && bits != 32 && bits != 64 && bits != 128) {
    sotto::fail(sotto::ErrorKind::unsupported, "the recorder knows no shuffle of runs of ", bits,
                " bits");
  }
  return bits;
}

/// Half `index` of a shuffled register.
template <typename T>
vector<T, 32 / sizeof(T)> half_of(const Source<host_aie::vector<T, 64 / sizeof(T)>>& v,
                                  unsigned index) {
  return {v.bits.template extract<32 / sizeof(T)>(index),
          {Part{v.part.value, static_cast<int>(index), 1}}};
}

template <typename T, unsigned Elems>
vector<T, Elems / 2> filter(const vector<T, Elems>& v, unsigned shuffle_mode) {
  if constexpr (vector<T, Elems>::kParts == 2) {
    return vector_of<T, Elems / 2>(
        [&](unsigned) { return table::shuffle(v.source(0), v.source(1), shuffle_mode); });
  } else {
    static_assert(vector<T, Elems>::kBytes == 64, "the recorder filters 512 and 1024 bits");
    return half_of<T>(table::shuffle(v.source(0), v.source(0), shuffle_mode), 0);
  }
}

}  // namespace detail

template <typename T, unsigned Elems>
vector<T, 2 * Elems> concat(const vector<T, Elems>& low, const vector<T, Elems>& high) {
  static_assert(vector<T, Elems>::kBytes == 32, "the recorder joins 256 bits to 512");
  return {host_aie::concat(low.host(), high.host()),
          {detail::join({low.parts()[0], high.parts()[0]}, detail::Class::x)}};
}

template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_even(const vector<T, Elems>& v, unsigned chunk = 1) {
  return detail::filter(v, detail::unzip_mode(detail::run_bits<T>(chunk)));
}
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_odd(const vector<T, Elems>& v, unsigned chunk = 1) {
  return detail::filter(v, detail::unzip_mode(detail::run_bits<T>(chunk)) + 1);
}

template <typename T, unsigned Elems>
std::pair<vector<T, Elems>, vector<T, Elems>> interleave_zip(const vector<T, Elems>& a,
                                                             const vector<T, Elems>& b,
                                                             unsigned chunk) {
  static_assert(vector<T, Elems>::kBytes == 32, "the recorder interleaves 256 bits");
  const auto zipped = detail::table::shuffle(a.source(0), b.source(0),
                                             detail::zip_mode(detail::run_bits<T>(chunk)));
  return {detail::half_of<T>(zipped, 0), detail::half_of<T>(zipped, 1)};
}
template <typename T, unsigned Elems>
std::pair<vector<T, Elems>, vector<T, Elems>> interleave_unzip(const vector<T, Elems>& a,
                                                               const vector<T, Elems>& b,
                                                               unsigned chunk) {
  const auto both = concat(a, b);
  return {filter_even(both, chunk), filter_odd(both, chunk)};
}

/// The intrinsic.
template <typename T, unsigned Elems>
vector<T, Elems> shuffle(const vector<T, Elems>& a, const vector<T, Elems>& b, unsigned mode) {
  static_assert(vector<T, Elems>::kBytes == 64);
  return vector_of<T, Elems>(
      [&](unsigned) { return detail::table::shuffle(a.source(0), b.source(0), mode); });
}

template <typename T, unsigned Elems>
vector<T, Elems> transpose(const vector<T, Elems>& v, unsigned rows, unsigned columns) {
  static_assert(sizeof(T) == 2 && Elems == 32, "the recorder transposes 32 half-words");
  if (rows * columns != Elems || (rows != 4 && rows != 8)) {
    sotto::fail(sotto::ErrorKind::unsupported, "the recorder does not know the transpose of ", rows,
                " x ", columns);
  }
  return vector_of<T, Elems>([&](unsigned) {
    return detail::table::shuffle(v.source(0), v.source(0), rows == 4 ? T16_4x8 : T16_8x4);
  });
}

}  // namespace recorded_aie
