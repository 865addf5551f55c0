// Memory: loads and stores of vectors, and iterators over a buffer. *it reads and writes the memory
// itself.
#pragma once

#include "registers.hpp"

namespace aie {

template <unsigned Elems, detail::Element T>
vector<T, Elems> load_v(const T* from);
template <detail::Element T>
vector<T> load_v(const T* from);
template <unsigned Elems, detail::Element T>
vector<T, Elems> load_unaligned_v(const T* from, unsigned aligned_elems = 1);
template <detail::Element T>
vector<T> load_unaligned_v(const T* from, unsigned aligned_elems = 1);
template <unsigned Elems, detail::Element T>
vector<T, Elems> load_floor_v(const T* from, unsigned n = Elems);
template <unsigned Elems, detail::Element T>
vector<T, Elems> load_floor_bytes_v(const T* from, decltype(sizeof(0)) bytes);
template <typename T, unsigned Elems>
void store_v(detail::same_t<T>* to, const vector<T, Elems>& v);
template <typename T, unsigned Elems>
void store_unaligned_v(detail::same_t<T>* to, const vector<T, Elems>& v,
                       unsigned aligned_elems = 1);

namespace detail {
template <typename T, unsigned Elems>
struct VectorAt : Same<vector<T, Elems>> {};
template <typename T, unsigned Elems>
struct VectorAt<const T, Elems> : Same<const vector<T, Elems>> {};
template <typename T>
struct Plain : Same<T> {};
template <typename T>
struct Plain<const T> : Same<T> {};
}  // namespace detail

// What all iterators that step both ways have.
#define SOTTO_STEPS(name)                   \
  name(const name&);                        \
  name& operator=(const name&);             \
  name& operator+=(__PTRDIFF_TYPE__ n);     \
  name& operator-=(__PTRDIFF_TYPE__ n);     \
  name& operator++();                       \
  name& operator--();                       \
  name operator++(int);                     \
  name operator--(int);                     \
  name operator+(__PTRDIFF_TYPE__ n) const; \
  name operator-(__PTRDIFF_TYPE__ n) const; \
  bool operator==(const name&) const;

template <typename T, unsigned Elems>
class vector_iterator {
 public:
  using vector_type = typename detail::VectorAt<T, Elems>::type;
  using value_type = vector<typename detail::Plain<T>::type, Elems>;
  using difference_type = __PTRDIFF_TYPE__;
  using pointer = vector_type*;
  using reference = vector_type&;

  vector_iterator();
  explicit vector_iterator(T* at);
  SOTTO_STEPS(vector_iterator)
  reference operator*() const;
  pointer operator->() const;
  reference operator[](difference_type n) const;
  difference_type operator-(const vector_iterator&) const;
  bool operator<(const vector_iterator&) const;

 private:
  void* opaque_;
};

/// The same for a ring.
template <typename T>
class circular_iterator {
 public:
  circular_iterator(T* base, decltype(sizeof(0)) size);
  SOTTO_STEPS(circular_iterator)
  T& operator*() const;
  T* operator->() const;

 private:
  void* opaque_[3];
};
template <typename T, unsigned Elems>
class vector_circular_iterator {
 public:
  vector_circular_iterator(T* base, decltype(sizeof(0)) size);
  SOTTO_STEPS(vector_circular_iterator)
  typename detail::VectorAt<T, Elems>::type& operator*() const;

 private:
  void* opaque_[3];
};
#undef SOTTO_STEPS

template <typename T, unsigned Elems>
class unaligned_vector_ref {
  using Vector = vector<typename detail::Plain<T>::type, Elems>;

 public:
  explicit unaligned_vector_ref(T* at);
  operator Vector() const;
  const unaligned_vector_ref& operator=(const Vector& v) const;

 private:
  void* opaque_;
};

template <typename T, unsigned Elems>
class unaligned_vector_iterator {
 public:
  explicit unaligned_vector_iterator(T* at);
  unaligned_vector_iterator(const unaligned_vector_iterator&);
  unaligned_vector_ref<T, Elems> operator*() const;
  unaligned_vector_iterator& operator+=(__PTRDIFF_TYPE__ n);
  unaligned_vector_iterator& operator++();
  unaligned_vector_iterator operator++(int);
  bool operator==(const unaligned_vector_iterator&) const;

 private:
  void* opaque_;
};

template <unsigned Elems, typename T>
vector_iterator<T, Elems> begin_vector(T* base);
template <unsigned Elems, typename T>
vector_iterator<T, Elems> begin_restrict_vector(T* base);
template <unsigned Elems, typename T>
vector_iterator<const T, Elems> cbegin_vector(const T* base);
template <unsigned Elems, typename T>
vector_iterator<const T, Elems> cbegin_restrict_vector(const T* base);
template <unsigned Elems, typename T>
unaligned_vector_iterator<T, Elems> begin_unaligned_vector(T* base);
template <unsigned Elems, typename T>
unaligned_vector_iterator<const T, Elems> cbegin_unaligned_vector(const T* base);

// The ring's size: an argument, a template argument, that of an array.
#define SOTTO_CIRCULAR(name, constness)                                             \
  template <typename T>                                                             \
  circular_iterator<constness T> name(constness T* base, decltype(sizeof(0)) size); \
  template <decltype(sizeof(0)) Size, typename T>                                   \
  circular_iterator<constness T> name(constness T* base);                           \
  template <typename T, decltype(sizeof(0)) Size>                                   \
  circular_iterator<constness T> name(constness T(&base)[Size]);
SOTTO_CIRCULAR(begin_circular, )
SOTTO_CIRCULAR(cbegin_circular, const)
SOTTO_CIRCULAR(begin_random_circular, )
SOTTO_CIRCULAR(cbegin_random_circular, const)
#undef SOTTO_CIRCULAR
#define SOTTO_CIRCULAR(name, constness)                                                           \
  template <unsigned Elems, typename T>                                                           \
  vector_circular_iterator<constness T, Elems> name(constness T* base, decltype(sizeof(0)) size); \
  template <unsigned Elems, decltype(sizeof(0)) Size, typename T>                                 \
  vector_circular_iterator<constness T, Elems> name(constness T* base);                           \
  template <unsigned Elems, typename T, decltype(sizeof(0)) Size>                                 \
  vector_circular_iterator<constness T, Elems> name(constness T(&base)[Size]);
SOTTO_CIRCULAR(begin_vector_circular, )
SOTTO_CIRCULAR(cbegin_vector_circular, const)
SOTTO_CIRCULAR(begin_vector_random_circular, )
SOTTO_CIRCULAR(cbegin_vector_random_circular, const)
#undef SOTTO_CIRCULAR

}  // namespace aie
