// Lanes in another order: shifts, reversal, interleaving, filtering, transposition.
#pragma once

#include <utility>

#include "vector.hpp"

namespace sotto::npu::host {

/// result[i] = v[source(i)].
template <unsigned ElemsOut, typename T, unsigned Elems, typename Source>
aie::vector<T, ElemsOut> gather(const aie::vector<T, Elems>& v, Source source) {
  aie::vector<T, ElemsOut> result;
  for (unsigned i = 0; i < ElemsOut; ++i) result.data()[i] = v.data()[source(i)];
  return result;
}

}  // namespace sotto::npu::host

namespace aie {

template <typename T, unsigned Elems>
vector<T, Elems> reverse(const vector<T, Elems>& v) {
  return sotto::npu::host::gather<Elems>(v, [](unsigned i) { return Elems - 1 - i; });
}

// shuffle_down moves lane i to lane i - n, shuffle_up to lane i + n. What enters at the other end
// is undefined, or the lanes that left (rotate), lanes of `fill` as if it were the neighbour, or
// copies of the last lane there (replicate). n is at most Elems.

template <typename T, unsigned Elems>
vector<T, Elems> shuffle_down_fill(const vector<T, Elems>& v, const vector<T, Elems>& fill,
                                   unsigned n) {
  return sotto::npu::host::gather<Elems>(
      concat(v, fill), [n](unsigned i) { return sotto::npu::host::check_index(i + n, 2 * Elems); });
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_up_fill(const vector<T, Elems>& v, const vector<T, Elems>& fill,
                                 unsigned n) {
  return sotto::npu::host::gather<Elems>(concat(fill, v), [n](unsigned i) {
    return sotto::npu::host::check_index(Elems + i - n, 2 * Elems);
  });
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_down(const vector<T, Elems>& v, unsigned n) {
  return shuffle_down_fill(v, vector<T, Elems>(), n);
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_up(const vector<T, Elems>& v, unsigned n) {
  return shuffle_up_fill(v, vector<T, Elems>(), n);
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_down_rotate(const vector<T, Elems>& v, unsigned n) {
  return shuffle_down_fill(v, v, n);
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_up_rotate(const vector<T, Elems>& v, unsigned n) {
  return shuffle_up_fill(v, v, n);
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_down_replicate(const vector<T, Elems>& v, unsigned n) {
  return shuffle_down_fill(v, broadcast<T, Elems>(v[Elems - 1]), n);
}
template <typename T, unsigned Elems>
vector<T, Elems> shuffle_up_replicate(const vector<T, Elems>& v, unsigned n) {
  return shuffle_up_fill(v, broadcast<T, Elems>(v[0]), n);
}

/// Every other run of `chunk` lanes: the first, third, … (even) or the second, fourth, … (odd).
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_even(const vector<T, Elems>& v, unsigned chunk = 1) {
  return sotto::npu::host::gather<Elems / 2>(v, [chunk](unsigned i) {
    return sotto::npu::host::check_index(i / chunk * 2 * chunk + i % chunk, Elems);
  });
}
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_odd(const vector<T, Elems>& v, unsigned chunk = 1) {
  return sotto::npu::host::gather<Elems / 2>(v, [chunk](unsigned i) {
    return sotto::npu::host::check_index(i / chunk * 2 * chunk + chunk + i % chunk, Elems);
  });
}

/// Runs of `chunk` lanes alternate: a, b, a, b, …; the lower and the upper half of that.
template <typename T, unsigned Elems>
std::pair<vector<T, Elems>, vector<T, Elems>> interleave_zip(const vector<T, Elems>& a,
                                                             const vector<T, Elems>& b,
                                                             unsigned chunk) {
  const auto zipped = sotto::npu::host::gather<2 * Elems>(concat(a, b), [chunk](unsigned i) {
    const unsigned run = i / chunk;
    return run % 2 * Elems + run / 2 * chunk + i % chunk;
  });
  return {zipped.template extract<Elems>(0), zipped.template extract<Elems>(1)};
}
/// The reverse: the even runs of (a, b), then the odd ones.
template <typename T, unsigned Elems>
std::pair<vector<T, Elems>, vector<T, Elems>> interleave_unzip(const vector<T, Elems>& a,
                                                               const vector<T, Elems>& b,
                                                               unsigned chunk) {
  const vector<T, 2 * Elems> both = concat(a, b);
  return {filter_even(both, chunk), filter_odd(both, chunk)};
}

/// v as a row-major matrix of so many rows and columns, transposed.
template <typename T, unsigned Elems>
vector<T, Elems> transpose(const vector<T, Elems>& v, unsigned rows, unsigned columns) {
  if (rows * columns != Elems) {
    sotto::fail(sotto::ErrorKind::unsupported, "transpose of ", Elems, " lanes as ", rows, " x ",
                columns);
  }
  return sotto::npu::host::gather<Elems>(
      v, [rows, columns](unsigned i) { return i % rows * columns + i / rows; });
}

}  // namespace aie
