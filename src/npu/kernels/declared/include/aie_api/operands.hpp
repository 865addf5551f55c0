// Which operands an operation takes, as macros; aie.hpp takes them away again.
#pragma once

#include "mask.hpp"
#include "registers.hpp"

// SOTTO_UNARY: (vector)
#define SOTTO_UNARY(name)               \
  template <typename T, unsigned Elems> \
  vector<T, Elems> name(const vector<T, Elems>& v);

// SOTTO_BINARY, and SOTTO_COMPARE to a mask: (vector, vector), (vector, scalar), (scalar, vector)
#define SOTTO_BINARY_TO(result, name)                                \
  template <typename T, unsigned Elems>                              \
  result name(const vector<T, Elems>& a, const vector<T, Elems>& b); \
  template <typename T, unsigned Elems>                              \
  result name(const vector<T, Elems>& a, detail::same_t<T> b);       \
  template <typename T, unsigned Elems>                              \
  result name(detail::same_t<T> a, const vector<T, Elems>& b);
#define SOTTO_VECTOR vector<T, Elems>
#define SOTTO_BINARY(name) SOTTO_BINARY_TO(SOTTO_VECTOR, name)
#define SOTTO_COMPARE(name) SOTTO_BINARY_TO(mask<Elems>, name)

// SOTTO_REDUCE: (vector) to one element
#define SOTTO_REDUCE(name)              \
  template <typename T, unsigned Elems> \
  T name(const vector<T, Elems>& v);

// SOTTO_ACCUMULATE: (accumulator, accumulator), (accumulator, vector), (accumulator, scalar)
#define SOTTO_ACCUMULATE(name)                                                    \
  template <typename Tag, unsigned Elems>                                         \
  accum<Tag, Elems> name(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b); \
  template <typename Tag, typename T, unsigned Elems>                             \
  accum<Tag, Elems> name(const accum<Tag, Elems>& a, const vector<T, Elems>& b);  \
  template <typename Tag, detail::Element T, unsigned Elems>                      \
  accum<Tag, Elems> name(const accum<Tag, Elems>& a, T b);

// SOTTO_MULTIPLY: operands as of SOTTO_BINARY, to an accumulator
#define SOTTO_MULTIPLY(name)                                                         \
  template <typename Tag = accauto, typename A, typename B, unsigned Elems>          \
  accum<detail::product_tag<Tag, A, B>, Elems> name(const vector<A, Elems>& a,       \
                                                    const vector<B, Elems>& b);      \
  template <typename Tag = accauto, typename A, detail::Element B, unsigned Elems>   \
  accum<detail::product_tag<Tag, A, B>, Elems> name(const vector<A, Elems>& a, B b); \
  template <typename Tag = accauto, detail::Element A, typename B, unsigned Elems>   \
  accum<detail::product_tag<Tag, A, B>, Elems> name(A a, const vector<B, Elems>& b);

// SOTTO_MULTIPLY_ADD: the same with an accumulator in front
#define SOTTO_MULTIPLY_ADD(name)                                                      \
  template <typename Tag, typename A, typename B, unsigned Elems>                     \
  accum<Tag, Elems> name(const accum<Tag, Elems>& c, const vector<A, Elems>& a,       \
                         const vector<B, Elems>& b);                                  \
  template <typename Tag, typename A, detail::Element B, unsigned Elems>              \
  accum<Tag, Elems> name(const accum<Tag, Elems>& c, const vector<A, Elems>& a, B b); \
  template <typename Tag, detail::Element A, typename B, unsigned Elems>              \
  accum<Tag, Elems> name(const accum<Tag, Elems>& c, A a, const vector<B, Elems>& b);

// SOTTO_SHUFFLE: (vector, lanes or bits)
#define SOTTO_SHUFFLE(name)             \
  template <typename T, unsigned Elems> \
  vector<T, Elems> name(const vector<T, Elems>& v, unsigned n);

// SOTTO_SHUFFLE_FILL: (vector, vector, lanes)
#define SOTTO_SHUFFLE_FILL(name)        \
  template <typename T, unsigned Elems> \
  vector<T, Elems> name(const vector<T, Elems>& v, const vector<T, Elems>& fill, unsigned n);
