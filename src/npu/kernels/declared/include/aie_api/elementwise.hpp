// Vectors and accumulators made, converted, added and shifted, lane by lane; bits.
#pragma once

#include "operands.hpp"

namespace aie {

// --- Initialization and conversion

template <detail::Element T, unsigned Elems = native_vector_length_v<T>>
vector<T, Elems> zeros();
template <detail::AccumTag Tag, unsigned Elems>
accum<Tag, Elems> zeros();
template <detail::Element T, unsigned Elems = native_vector_length_v<T>>
vector<T, Elems> broadcast(detail::same_t<T> value);
template <typename T, unsigned Elems, typename... Vectors>
vector<T, Elems * (1 + sizeof...(Vectors))> concat(const vector<T, Elems>& first,
                                                   const Vectors&... others);
template <typename Tag, unsigned Elems, typename... Accums>
accum<Tag, Elems * (1 + sizeof...(Accums))> concat(const accum<Tag, Elems>& first,
                                                   const Accums&... others);

template <detail::Element U, typename T, unsigned Elems>
vector<U, Elems * detail::bits_of<T> / detail::bits_of<U>> vector_cast(const vector<T, Elems>& v);
template <detail::Element U, typename Tag, unsigned Elems>
vector<U, Elems * detail::lane_bytes<Tag> / sizeof(U)> vector_cast(const accum<Tag, Elems>& acc);
template <detail::AccumTag Tag, typename T, unsigned Elems>
accum<Tag, Elems * sizeof(T) / detail::lane_bytes<Tag>> vector_cast(const vector<T, Elems>& v);
template <typename U, typename T, unsigned Elems>
vector<U, Elems> unpack(const vector<T, Elems>& v);
template <typename U, typename T, unsigned Elems>
vector<U, Elems> pack(const vector<T, Elems>& v);
template <typename T, typename Tag, unsigned Elems>
vector<T, Elems> to_vector(const accum<Tag, Elems>& acc, int shift = 0);
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> from_vector(const vector<T, Elems>& v, int shift = 0);

// --- Arithmetic

SOTTO_BINARY(add)
SOTTO_BINARY(sub)
SOTTO_BINARY(saturating_add)
SOTTO_BINARY(saturating_sub)
SOTTO_BINARY(maxdiff)
SOTTO_UNARY(neg)
SOTTO_UNARY(abs)
SOTTO_ACCUMULATE(add)
SOTTO_ACCUMULATE(sub)
template <typename Tag, unsigned Elems>
accum<Tag, Elems> neg(const accum<Tag, Elems>& a);

// --- Bits and shifts

SOTTO_BINARY(bit_and)
SOTTO_BINARY(bit_or)
SOTTO_BINARY(bit_xor)
SOTTO_UNARY(bit_not)
SOTTO_SHUFFLE(upshift)
SOTTO_SHUFFLE(downshift)
SOTTO_SHUFFLE(logical_downshift)

}  // namespace aie
