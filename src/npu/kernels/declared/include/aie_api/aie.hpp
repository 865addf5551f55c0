// AMD's AIE API, declared and not defined: every operation of the core is a function that exists
// nowhere. So the undefined symbols of a kernel that is compiled against this header, for a
// processor without floating point, are what it asks of the core and what the compiler has to
// emulate.
//
// The operations that the kernels use are here and the common ones beside them, grouped as in AMD's
// documentation (xilinx.github.io/aie_api): this file, memory.hpp, and core.hpp for what is not a
// vector. A kernel that uses another one does not compile until a line is added. The macros say
// which operands an operation takes.
#pragma once

#include "core.hpp"
#include "memory.hpp"
#include "registers.hpp"
#include "types.hpp"

namespace aie {

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

// SOTTO_ACCUMULATE: (accumulator, accumulator), (accumulator, vector)
#define SOTTO_ACCUMULATE(name)                                                    \
  template <typename Tag, unsigned Elems>                                         \
  accum<Tag, Elems> name(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b); \
  template <typename Tag, typename T, unsigned Elems>                             \
  accum<Tag, Elems> name(const accum<Tag, Elems>& a, const vector<T, Elems>& b);

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

// --- Vector and accumulator initialization

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

// --- Arithmetic

SOTTO_BINARY(add)
SOTTO_BINARY(sub)
SOTTO_BINARY(saturating_add)
SOTTO_BINARY(saturating_sub)
SOTTO_UNARY(neg)
SOTTO_UNARY(abs)
SOTTO_ACCUMULATE(add)
SOTTO_ACCUMULATE(sub)
SOTTO_MULTIPLY(mul)
SOTTO_MULTIPLY(negmul)
SOTTO_MULTIPLY_ADD(mac)
SOTTO_MULTIPLY_ADD(msc)

// --- Comparison

SOTTO_COMPARE(eq)
SOTTO_COMPARE(neq)
SOTTO_COMPARE(lt)
SOTTO_COMPARE(le)
SOTTO_COMPARE(gt)
SOTTO_COMPARE(ge)
SOTTO_BINARY(max)
SOTTO_BINARY(min)
SOTTO_BINARY(maxdiff)
template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, const vector<T, Elems>& b,
                        const mask<Elems>& b_where);
template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, detail::same_t<T> b, const mask<Elems>& b_where);
template <typename T, unsigned Elems>
vector<T, Elems> select(detail::same_t<T> a, const vector<T, Elems>& b, const mask<Elems>& b_where);

// --- Reduction

SOTTO_REDUCE(reduce_add)
SOTTO_REDUCE(reduce_max)
SOTTO_REDUCE(reduce_min)

// --- Reshaping

SOTTO_UNARY(reverse)
SOTTO_SHUFFLE(shuffle_down)
SOTTO_SHUFFLE(shuffle_down_rotate)
SOTTO_SHUFFLE(shuffle_down_replicate)
SOTTO_SHUFFLE(shuffle_up)
SOTTO_SHUFFLE(shuffle_up_rotate)
SOTTO_SHUFFLE(shuffle_up_replicate)
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_even(const vector<T, Elems>& v, unsigned step = 1);
template <typename T, unsigned Elems>
vector<T, Elems / 2> filter_odd(const vector<T, Elems>& v, unsigned step = 1);
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, vector<T, Elems>> interleave_zip(const vector<T, Elems>& a,
                                                                const vector<T, Elems>& b,
                                                                unsigned step);
template <typename T, unsigned Elems>
detail::Pair<vector<T, Elems>, vector<T, Elems>> interleave_unzip(const vector<T, Elems>& a,
                                                                  const vector<T, Elems>& b,
                                                                  unsigned step);
template <typename T, unsigned Elems>
vector<T, Elems> transpose(const vector<T, Elems>& v, unsigned rows, unsigned columns);

// --- Bits and shifts

SOTTO_BINARY(bit_and)
SOTTO_BINARY(bit_or)
SOTTO_BINARY(bit_xor)
SOTTO_UNARY(bit_not)
SOTTO_SHUFFLE(upshift)
SOTTO_SHUFFLE(downshift)
SOTTO_SHUFFLE(logical_downshift)

// --- Elementary functions

SOTTO_UNARY(inv)
SOTTO_UNARY(invsqrt)
template <typename R = int32, unsigned Elems, typename T>
vector<R, Elems> to_fixed(const vector<T, Elems>& v, int shift = 0);
template <typename R = float, unsigned Elems, typename T>
vector<R, Elems> to_float(const vector<T, Elems>& v, int shift = 0);

// --- Sliding multiplication

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY,
          typename CoeffType, typename DataType, typename Tag = accauto>
struct sliding_mul_ops {
  using accum_type = accum<detail::product_tag<Tag, CoeffType, DataType>, Lanes>;
  template <unsigned NC, unsigned ND>
  static accum_type mul(const vector<CoeffType, NC>& coeff, unsigned coeff_start,
                        const vector<DataType, ND>& data, unsigned data_start);
  template <unsigned NC, unsigned ND>
  static accum_type mac(const accum_type& acc, const vector<CoeffType, NC>& coeff,
                        unsigned coeff_start, const vector<DataType, ND>& data,
                        unsigned data_start);
};

#undef SOTTO_UNARY
#undef SOTTO_BINARY_TO
#undef SOTTO_VECTOR
#undef SOTTO_BINARY
#undef SOTTO_COMPARE
#undef SOTTO_REDUCE
#undef SOTTO_ACCUMULATE
#undef SOTTO_MULTIPLY
#undef SOTTO_MULTIPLY_ADD
#undef SOTTO_SHUFFLE

}  // namespace aie
