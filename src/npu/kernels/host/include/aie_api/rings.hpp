// Iterators that walk through a buffer as through a ring, one element or one vector at a time:
// after the last comes the first. The core can step forwards through a plain ring and anywhere in a
// random one; here both can.
#pragma once

#include "memory.hpp"

namespace sotto::npu::host {

/// Where in a ring of `size` elements an iterator stands.
struct RingPlace {
  std::size_t size, at = 0;

  void move(std::ptrdiff_t elements) {
    const auto n = static_cast<std::ptrdiff_t>(size);
    const auto to = (static_cast<std::ptrdiff_t>(at) + elements % n) % n;
    at = static_cast<std::size_t>(to < 0 ? to + n : to);
  }
  bool operator==(const RingPlace&) const = default;
};

/// A ring of `size` elements from which `step` are taken at a time.
inline RingPlace ring_of(std::size_t size, unsigned step) {
  if (size == 0 || size % step != 0) {
    fail(ErrorKind::unsupported, "a ring of ", size, " elements is not a whole number of ",
         step == 1 ? "elements" : "vectors of ", step);
  }
  return {size};
}

}  // namespace sotto::npu::host

namespace aie {

// All the steps, from += of the class.
#define SOTTO_AIE_STEPS(name)                        \
  name& operator-=(std::ptrdiff_t n) {               \
    return *this += -n;                              \
  }                                                  \
  name& operator++() {                               \
    return *this += 1;                               \
  }                                                  \
  name& operator--() {                               \
    return *this += -1;                              \
  }                                                  \
  name operator++(int) {                             \
    const name before = *this;                       \
    ++*this;                                         \
    return before;                                   \
  }                                                  \
  name operator--(int) {                             \
    const name before = *this;                       \
    --*this;                                         \
    return before;                                   \
  }                                                  \
  friend name operator+(name it, std::ptrdiff_t n) { \
    return it += n;                                  \
  }                                                  \
  friend name operator-(name it, std::ptrdiff_t n) { \
    return it -= n;                                  \
  }                                                  \
  bool operator==(const name&) const = default;

template <typename T>
class circular_iterator {
 public:
  circular_iterator(T* base, std::size_t size)
      : base_(base), place_(sotto::npu::host::ring_of(size, 1)) {}
  SOTTO_AIE_STEPS(circular_iterator)

  T& operator*() const { return base_[place_.at]; }
  T* operator->() const { return &**this; }

  circular_iterator& operator+=(std::ptrdiff_t n) {
    place_.move(n);
    return *this;
  }

 private:
  T* base_;
  sotto::npu::host::RingPlace place_;
};

/// *it reads and writes the memory itself.
template <typename T, unsigned Elems>
class vector_circular_iterator {
 public:
  vector_circular_iterator(T* base, std::size_t size)
      : base_(base), place_(sotto::npu::host::ring_of(size, Elems)) {}
  SOTTO_AIE_STEPS(vector_circular_iterator)

  decltype(auto) operator*() const {
    return *vector_iterator<T, Elems>(base_ + sotto::npu::host::pointer_step<T>(place_.at));
  }

  vector_circular_iterator& operator+=(std::ptrdiff_t n) {
    place_.move(n * static_cast<std::ptrdiff_t>(Elems));
    return *this;
  }

 private:
  T* base_;
  sotto::npu::host::RingPlace place_;
};
#undef SOTTO_AIE_STEPS

// The size of a ring is an argument, a template argument or that of an array.
#define SOTTO_AIE_CIRCULAR(name, constness)                                  \
  template <typename T>                                                      \
  circular_iterator<constness T> name(constness T* base, std::size_t size) { \
    return {base, size};                                                     \
  }                                                                          \
  template <std::size_t Size, typename T>                                    \
  circular_iterator<constness T> name(constness T* base) {                   \
    return {base, Size};                                                     \
  }                                                                          \
  template <typename T, std::size_t Size>                                    \
  circular_iterator<constness T> name(constness T(&base)[Size]) {            \
    return {base, Size};                                                     \
  }
SOTTO_AIE_CIRCULAR(begin_circular, )
SOTTO_AIE_CIRCULAR(cbegin_circular, const)
SOTTO_AIE_CIRCULAR(begin_random_circular, )
SOTTO_AIE_CIRCULAR(cbegin_random_circular, const)
#undef SOTTO_AIE_CIRCULAR

#define SOTTO_AIE_CIRCULAR(name, constness)                                                \
  template <unsigned Elems, typename T>                                                    \
  vector_circular_iterator<constness T, Elems> name(constness T* base, std::size_t size) { \
    return {base, size};                                                                   \
  }                                                                                        \
  template <unsigned Elems, std::size_t Size, typename T>                                  \
  vector_circular_iterator<constness T, Elems> name(constness T* base) {                   \
    return {base, Size};                                                                   \
  }                                                                                        \
  template <unsigned Elems, typename T, std::size_t Size>                                  \
  vector_circular_iterator<constness T, Elems> name(constness T(&base)[Size]) {            \
    return {base, Size};                                                                   \
  }
SOTTO_AIE_CIRCULAR(begin_vector_circular, )
SOTTO_AIE_CIRCULAR(cbegin_vector_circular, const)
SOTTO_AIE_CIRCULAR(begin_vector_random_circular, )
SOTTO_AIE_CIRCULAR(cbegin_vector_random_circular, const)
#undef SOTTO_AIE_CIRCULAR

}  // namespace aie
