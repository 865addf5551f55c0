// Lanes in another order, and reductions to one of them.
#pragma once

#include "operands.hpp"

namespace aie {

SOTTO_UNARY(reverse)
SOTTO_SHUFFLE(shuffle_down)
SOTTO_SHUFFLE(shuffle_down_rotate)
SOTTO_SHUFFLE(shuffle_down_replicate)
SOTTO_SHUFFLE_FILL(shuffle_down_fill)
SOTTO_SHUFFLE(shuffle_up)
SOTTO_SHUFFLE(shuffle_up_rotate)
SOTTO_SHUFFLE(shuffle_up_replicate)
SOTTO_SHUFFLE_FILL(shuffle_up_fill)
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_even(const vector<T, Elems>& v, unsigned chunk = 1);
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_odd(const vector<T, Elems>& v, unsigned chunk = 1);
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, vector<T, Elems>> interleave_zip(const vector<T, Elems>& a,
                                                                const vector<T, Elems>& b,
                                                                unsigned chunk);
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, vector<T, Elems>> interleave_unzip(const vector<T, Elems>& a,
                                                                  const vector<T, Elems>& b,
                                                                  unsigned chunk);
template <typename T, unsigned Elems>
vector<T, Elems> transpose(const vector<T, Elems>& v, unsigned rows, unsigned columns);

SOTTO_REDUCE(reduce_add)
SOTTO_REDUCE(reduce_max)
SOTTO_REDUCE(reduce_min)
template <typename Tag = accauto, typename T, unsigned Elems>
T reduce_mul(const vector<T, Elems>& v);
template <typename T, unsigned Elems, typename... Vectors>
vector<T, Elems> reduce_add_v(const vector<T, Elems>& first, const Vectors&... others);

}  // namespace aie
