// Memory: loads and stores of vectors, and iterators over a buffer.
#pragma once

#include "registers.hpp"

namespace aie {

template <unsigned Elems, detail::Element T>
vector<T, Elems> load_v(const T* from);
template <detail::Element T>
vector<T> load_v(const T* from);
template <unsigned Elems, detail::Element T>
vector<T, Elems> load_unaligned_v(const T* from, unsigned aligned_elems = 1);
template <unsigned Elems, detail::Element T>
vector<T, Elems> load_floor_v(const T* from, unsigned n = Elems);
template <typename T, unsigned Elems>
void store_v(detail::same_t<T>* to, const vector<T, Elems>& v);
template <typename T, unsigned Elems>
void store_unaligned_v(detail::same_t<T>* to, const vector<T, Elems>& v,
                       unsigned aligned_elems = 1);

/// Walks through a buffer; *it reads and writes the memory itself.
template <typename Vector>
class vector_iterator {
 public:
  vector_iterator(const vector_iterator&);
  vector_iterator& operator=(const vector_iterator&);
  Vector& operator*() const;
  vector_iterator& operator++();
  vector_iterator operator++(int);
  vector_iterator& operator+=(int n);
  bool operator==(const vector_iterator&) const;

 private:
  void* opaque_;
};

template <unsigned Elems, detail::Element T>
vector_iterator<vector<T, Elems>> begin_vector(T* base);
template <unsigned Elems, detail::Element T>
vector_iterator<vector<T, Elems>> begin_restrict_vector(T* base);
template <unsigned Elems, detail::Element T>
vector_iterator<const vector<T, Elems>> cbegin_vector(const T* base);
template <unsigned Elems, detail::Element T>
vector_iterator<const vector<T, Elems>> cbegin_restrict_vector(const T* base);

}  // namespace aie
