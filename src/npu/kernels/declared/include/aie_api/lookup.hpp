// Tables in data memory.
#pragma once

#include "operands.hpp"

namespace aie {

enum class lut_oor_policy { saturate, truncate };

template <unsigned ParallelAccesses, typename OffsetType, typename SlopeType = OffsetType>
struct lut {
  lut(unsigned elems, const void* ab, const void* cd);

 private:
  const void* opaque_[3];
};

template <typename Key, typename Table, lut_oor_policy policy = lut_oor_policy::saturate>
class parallel_lookup;
template <typename Key, typename Value, lut_oor_policy policy>
class parallel_lookup<Key, lut<4, Value, Value>, policy> {
 public:
  explicit parallel_lookup(const lut<4, Value, Value>& table, unsigned step_bits = 0,
                           unsigned bias = 0);
  template <unsigned Elems>
  vector<Value, Elems> fetch(const vector<Key, Elems>& keys) const;
  template <unsigned ElemsOut, unsigned Elems>
  vector<Value, ElemsOut> fetch(const vector<Key, Elems>& keys) const;

 private:
  const void* opaque_[5];
};

template <typename T, typename Table>
class linear_approx;
template <>
class linear_approx<bfloat16, lut<4, float, bfloat16>> {
 public:
  linear_approx(const lut<4, float, bfloat16>& table, int step_bits, int bias = 0,
                int shift_offset = 0);
  template <unsigned Elems>
  accum<accfloat, Elems> compute(const vector<bfloat16, Elems>& x) const;

 private:
  const void* opaque_[6];
};
template <typename T, typename Offset>
  requires(detail::is_integer<T>)
class linear_approx<T, lut<4, Offset, Offset>> {
 public:
  using accum_tag = detail::choose_t<sizeof(T) == 1, acc32, acc64>;

  linear_approx(const lut<4, Offset, Offset>& table, unsigned step_bits, int bias = 0,
                int shift_offset = 0);
  template <unsigned Elems>
  accum<accum_tag, Elems> compute(const vector<T, Elems>& x) const;

 private:
  const void* opaque_[6];
};

}  // namespace aie
