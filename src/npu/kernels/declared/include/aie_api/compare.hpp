// Comparisons, what a mask selects, and the largest and smallest lanes.
#pragma once

#include "operands.hpp"

namespace aie {

SOTTO_COMPARE(eq)
SOTTO_COMPARE(neq)
SOTTO_COMPARE(lt)
SOTTO_COMPARE(le)
SOTTO_COMPARE(gt)
SOTTO_COMPARE(ge)
template <typename T, unsigned Elems>
bool equal(const vector<T, Elems>& a, const vector<T, Elems>& b);
template <typename T, unsigned Elems>
bool not_equal(const vector<T, Elems>& a, const vector<T, Elems>& b);
template <typename T, unsigned Elems>
bool contains(detail::same_t<T> value, const vector<T, Elems>& v);

template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, const vector<T, Elems>& b,
                        const mask<Elems>& b_where);
template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, detail::same_t<T> b, const mask<Elems>& b_where);
template <typename T, unsigned Elems>
vector<T, Elems> select(detail::same_t<T> a, const vector<T, Elems>& b, const mask<Elems>& b_where);
template <detail::Element T, unsigned Elems>
vector<T, Elems> select(T a, T b, const mask<Elems>& b_where);

SOTTO_BINARY(max)
SOTTO_BINARY(min)
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, mask<Elems>> max_cmp(const vector<T, Elems>& a,
                                                    const vector<T, Elems>& b);
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, mask<Elems>> min_cmp(const vector<T, Elems>& a,
                                                    const vector<T, Elems>& b);
template <typename T, unsigned Elems>
vector<T, Elems> clamp(const vector<T, Elems>& v, const vector<T, Elems>& low,
                       const vector<T, Elems>& high);
template <typename T, unsigned Elems>
vector<T, Elems> clamp(const vector<T, Elems>& v, detail::same_t<T> low, detail::same_t<T> high);

}  // namespace aie
