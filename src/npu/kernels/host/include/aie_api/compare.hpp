// Lane by lane comparisons, the masks they give, and what a mask selects.
//
// Floats compare as on the core, not as in IEEE 754 (float_order.h):
//  - bfloat16, lt and ge: the instructions order -0 below +0, but aie_api adds zero to the first
//    operand before (detail/aie2/compare.hpp), which makes a plus of a minus and drops a subnormal.
//    gt and le are lt and ge the other way round, still with zero added to their first operand.
//  - float: Peano subtracts, stores the difference as bfloat16 and compares that with +0
//    (llvm-aie, aiev2_vadd.h). So numbers count as equal where the core's subtraction gives zero,
//    which it does for some that differ in the last place, and infinities equal nothing.
//  - eq is ge both ways, neq is lt either way: with a NaN neither holds.
#pragma once

#include <algorithm>
#include <tuple>

#include "mask.hpp"
#include "npu/kernels/host/bf16_mac.h"
#include "npu/kernels/host/float_order.h"
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

/// a + b or a - b by the core's float addition, stored as bfloat16.
template <bool kSubtract, typename T, unsigned Elems>
aie::vector<bfloat16, Elems> stored_sum(const aie::vector<T, Elems>& a,
                                        const aie::vector<T, Elems>& b) {
  aie::vector<bfloat16, Elems> result;
  for (unsigned at = 0; at < Elems; at += 16) {
    const unsigned count = std::min(Elems - at, 16u);
    std::array<float, 16> sum{};
    std::array<float, 16> term{};
    std::copy_n(a.data() + at, count, sum.begin());
    std::copy_n(b.data() + at, count, term.begin());
    (kSubtract ? sub_16 : add_16)(sum.data(), term.data());
    for (unsigned i = 0; i < count; ++i) {
      result.data()[at + i] = bfloat16::from_bits(narrow_to_bf16(sum[i], core().rounding));
    }
  }
  return result;
}

/// What the intrinsics lt, ge and gt of Peano see as first operand where `a` is compared with `b`:
/// a, or for floats their difference, which is compared with zero.
template <typename T, unsigned Elems>
auto left_of(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  if constexpr (std::is_same_v<T, float>) {
    return stored_sum<true>(a, b);
  } else {
    return a;
  }
}
template <typename T, unsigned Elems>
auto right_of(const aie::vector<T, Elems>& b) {
  if constexpr (std::is_same_v<T, float>) {
    return aie::zeros<bfloat16, Elems>();
  } else {
    return b;
  }
}

/// The intrinsics: a < b, a >= b and a > b.
template <typename T, unsigned Elems>
aie::mask<Elems> raw_lt(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return compare(left_of(a, b), right_of(b), [](auto x, auto y) {
    if constexpr (std::numeric_limits<T>::is_integer) {
      return x < y;
    } else {
      return is_less(x, y);
    }
  });
}
template <typename T, unsigned Elems>
aie::mask<Elems> raw_ge(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return compare(left_of(a, b), right_of(b), [](auto x, auto y) {
    if constexpr (std::numeric_limits<T>::is_integer) {
      return x >= y;
    } else {
      return is_at_least(x, y);
    }
  });
}
template <typename T, unsigned Elems>
aie::mask<Elems> raw_gt(const aie::vector<T, Elems>& a, const aie::vector<T, Elems>& b) {
  return compare(left_of(a, b), right_of(b), [](auto x, auto y) {
    if constexpr (std::numeric_limits<T>::is_integer) {
      return x > y;
    } else {
      return is_less(y, x);
    }
  });
}

/// v, or for bfloat16 v + 0.
template <typename T, unsigned Elems>
aie::vector<T, Elems> plus_zero(const aie::vector<T, Elems>& v) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return stored_sum<false>(v, aie::zeros<bfloat16, Elems>());
  } else {
    return v;
  }
}

}  // namespace sotto::npu::host

namespace aie {

template <typename T, unsigned Elems>
mask<Elems> lt(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return sotto::npu::host::raw_lt(sotto::npu::host::plus_zero(a), b);
}
template <typename T, unsigned Elems>
mask<Elems> ge(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return sotto::npu::host::raw_ge(sotto::npu::host::plus_zero(a), b);
}
template <typename T, unsigned Elems>
mask<Elems> gt(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return sotto::npu::host::raw_gt(sotto::npu::host::plus_zero(a), b);
}
template <typename T, unsigned Elems>
mask<Elems> le(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return sotto::npu::host::raw_ge(b, sotto::npu::host::plus_zero(a));
}
template <typename T, unsigned Elems>
mask<Elems> eq(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return ge(a, b) & ge(b, a);
}
template <typename T, unsigned Elems>
mask<Elems> neq(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return lt(a, b) | lt(b, a);
}

// name(vector, scalar) and name(scalar, vector).
#define SOTTO_AIE_COMPARE_WITH_SCALAR(name)                                \
  template <typename T, unsigned Elems>                                    \
  mask<Elems> name(const vector<T, Elems>& a, std::type_identity_t<T> b) { \
    return name(a, broadcast<T, Elems>(b));                                \
  }                                                                        \
  template <typename T, unsigned Elems>                                    \
  mask<Elems> name(std::type_identity_t<T> a, const vector<T, Elems>& b) { \
    return name(broadcast<T, Elems>(a), b);                                \
  }
SOTTO_AIE_COMPARE_WITH_SCALAR(lt)
SOTTO_AIE_COMPARE_WITH_SCALAR(le)
SOTTO_AIE_COMPARE_WITH_SCALAR(gt)
SOTTO_AIE_COMPARE_WITH_SCALAR(ge)
SOTTO_AIE_COMPARE_WITH_SCALAR(eq)
SOTTO_AIE_COMPARE_WITH_SCALAR(neq)
#undef SOTTO_AIE_COMPARE_WITH_SCALAR

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

/// The larger (smaller) lanes and the mask of those that come from b, as the instructions vmax_lt
/// and vmin_ge choose: b where a < b (a >= b), else a. So a NaN on either side gives a.
template <typename T, unsigned Elems>
std::tuple<vector<T, Elems>, mask<Elems>> max_cmp(const vector<T, Elems>& a,
                                                  const vector<T, Elems>& b) {
  const mask<Elems> from_b = sotto::npu::host::raw_lt(a, b);
  return {select(a, b, from_b), from_b};
}
template <typename T, unsigned Elems>
std::tuple<vector<T, Elems>, mask<Elems>> min_cmp(const vector<T, Elems>& a,
                                                  const vector<T, Elems>& b) {
  const mask<Elems> from_b = sotto::npu::host::raw_ge(a, b);
  return {select(a, b, from_b), from_b};
}
template <typename T, unsigned Elems>
vector<T, Elems> max(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return std::get<0>(max_cmp(a, b));
}
template <typename T, unsigned Elems>
vector<T, Elems> min(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  return std::get<0>(min_cmp(a, b));
}
SOTTO_AIE_WITH_SCALAR(max)
SOTTO_AIE_WITH_SCALAR(min)

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
