// The forms of an operation on two vectors in which a scalar stands for one of them.
#pragma once

#include <type_traits>

#include "vector.hpp"

// name(vector, scalar) and name(scalar, vector) of what takes two vectors.
#define SOTTO_AIE_WITH_SCALAR(name)                                             \
  template <typename T, unsigned Elems>                                         \
  vector<T, Elems> name(const vector<T, Elems>& a, std::type_identity_t<T> b) { \
    return name(a, broadcast<T, Elems>(b));                                     \
  }                                                                             \
  template <typename T, unsigned Elems>                                         \
  vector<T, Elems> name(std::type_identity_t<T> a, const vector<T, Elems>& b) { \
    return name(broadcast<T, Elems>(a), b);                                     \
  }
