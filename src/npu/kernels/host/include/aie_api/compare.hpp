// Lane by lane comparisons, the masks they give, and what a mask selects.
#pragma once

#include <tuple>

#include "mask.hpp"
#include "vector.hpp"
#include "with_scalar.hpp"

namespace sotto::npu::host {

/// The mask of `test(a[i], b[i])`.
template <typename T, unsigned Elems, typename Test>
aie::mask<Elems> compare(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b,
                         Test test) {
  aie::mask<Elems> result;
  for (unsigned i = 0; i < Elems; ++i) {
    if (test(a.data()[i], b.data()[i])) result.set(i);
  }
  return result;
}

}  // namespace sotto::npu::host

namespace aie {

// name(vector, vector), name(vector, scalar) and name(scalar, vector), all to a mask.
#define SOTTO_AIE_COMPARE(name, op)                                          \
  template <typename T, unsigned Elems>                                      \
  mask<Elems> name(const vector<T, Elems>& a, const vector<T, Elems>& b) {   \
    return sotto::npu::host::compare(a, b, [](T x, T y) { return x op y; }); \
  }                                                                          \
  template <typename T, unsigned Elems>                                      \
  mask<Elems> name(const vector<T, Elems>& a, std::type_identity_t<T> b) {   \
    return name(a, broadcast<T, Elems>(b));                                  \
  }                                                                          \
  template <typename T, unsigned Elems>                                      \
  mask<Elems> name(std::type_identity_t<T> a, const vector<T, Elems>& b) {   \
    return name(broadcast<T, Elems>(a), b);                                  \
  }
SOTTO_AIE_COMPARE(lt, <)
SOTTO_AIE_COMPARE(le, <=)
SOTTO_AIE_COMPARE(gt, >)
SOTTO_AIE_COMPARE(ge, >=)
SOTTO_AIE_COMPARE(eq, ==)
SOTTO_AIE_COMPARE(neq, !=)
#undef SOTTO_AIE_COMPARE

template <typename T, unsigned Elems>
bool equal(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return eq(a, b).full();
}
template <typename T, unsigned Elems>
bool not_equal(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return !equal(a, b);
}
template <typename T, unsigned Elems>
bool contains(std::type_identity_t<T> value, const vector<T, Elems>& v) {
  return !eq(v, value).empty();
}

/// Lane by lane: b where the mask is set, else a.
template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, const vector<T, Elems>& b,
                        const mask<Elems>& m) {
  vector<T, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.data()[i] = m.test(i) ? b.data()[i] : a.data()[i];
  return result;
}
template <typename T, unsigned Elems>
vector<T, Elems> select(std::type_identity_t<T> a, const vector<T, Elems>& b,
                        const mask<Elems>& m) {
  return select(broadcast<T, Elems>(a), b, m);
}
template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, std::type_identity_t<T> b,
                        const mask<Elems>& m) {
  return select(a, broadcast<T, Elems>(b), m);
}
template <typename T, unsigned Elems>
  requires sotto::npu::host::Element<T>
vector<T, Elems> select(T a, T b, const mask<Elems>& m) {
  return select(broadcast<T, Elems>(a), broadcast<T, Elems>(b), m);
}

/// The larger (smaller) lanes, as the instructions vmax_lt and vmin_ge choose: b where a < b (a >=
/// b), else a. So a NaN on either side gives a; the silicon has not been asked.
#define SOTTO_AIE_EXTREME(name, op)                                              \
  template <typename T, unsigned Elems>                                          \
  vector<T, Elems> name(const vector<T, Elems>& a, const vector<T, Elems>& b) {  \
    vector<T, Elems> result;                                                     \
    for (unsigned i = 0; i < Elems; ++i) {                                       \
      result.data()[i] = a.data()[i] op b.data()[i] ? b.data()[i] : a.data()[i]; \
    }                                                                            \
    return result;                                                               \
  }                                                                              \
  SOTTO_AIE_WITH_SCALAR(name)
SOTTO_AIE_EXTREME(max, <)
SOTTO_AIE_EXTREME(min, >=)
#undef SOTTO_AIE_EXTREME

/// max or min, and the mask of the lanes that come from b.
template <typename T, unsigned Elems>
std::tuple<vector<T, Elems>, mask<Elems>> max_cmp(const vector<T, Elems>& a,
                                                  const vector<T, Elems>& b) {
  return {max(a, b), lt(a, b)};
}
template <typename T, unsigned Elems>
std::tuple<vector<T, Elems>, mask<Elems>> min_cmp(const vector<T, Elems>& a,
                                                  const vector<T, Elems>& b) {
  return {min(a, b), ge(a, b)};
}

/// min(max(v, low), high); low and high are scalars or vectors.
template <typename T, unsigned Elems>
vector<T, Elems> clamp(const vector<T, Elems>& v, const vector<T, Elems>& low,
                       const vector<T, Elems>& high) {
  return min(max(v, low), high);
}
template <typename T, unsigned Elems>
vector<T, Elems> clamp(const vector<T, Elems>& v, std::type_identity_t<T> low,
                       std::type_identity_t<T> high) {
  return min(max(v, low), high);
}

}  // namespace aie
