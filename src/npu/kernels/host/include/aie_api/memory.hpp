// Vector loads and stores, and the iterators that walk through a buffer one vector at a time.
// The core drops the lower bits of an address that is not aligned to the vector (32 bytes at most);
// here that fails. The unaligned forms take any address that is a multiple of the element.
#pragma once

#include <compare>
#include <iterator>

#include "vector.hpp"

namespace aie {

template <unsigned Elems, typename T>
vector<std::remove_const_t<T>, Elems> load_v(const T* from) {
  vector<T, Elems> v;
  v.load(from);
  return v;
}
template <typename T>
vector<T, native_vector_length_v<T>> load_v(const T* from) {
  return load_v<native_vector_length_v<T>>(from);
}

template <unsigned Elems, typename T>
vector<T, Elems> load_unaligned_v(const T* from, unsigned aligned_elems = 1) {
  vector<T, Elems> v;
  v.load_unaligned(from, aligned_elems);
  return v;
}
template <typename T>
vector<T, native_vector_length_v<T>> load_unaligned_v(const T* from, unsigned aligned_elems = 1) {
  return load_unaligned_v<native_vector_length_v<T>>(from, aligned_elems);
}

template <typename T, unsigned Elems>
void store_v(std::type_identity_t<T>* to, const vector<T, Elems>& v) {
  v.store(to);
}
template <typename T, unsigned Elems>
void store_unaligned_v(std::type_identity_t<T>* to, const vector<T, Elems>& v,
                       unsigned aligned_elems = 1) {
  v.store_unaligned(to, aligned_elems);
}

/// Loads from the address rounded down to `bytes` (to n elements), a power of two. Like any load it
/// wants the alignment of the vector as well.
template <unsigned Elems, typename T>
vector<T, Elems> load_floor_bytes_v(const T* from, std::size_t bytes) {
  const std::uintptr_t over = reinterpret_cast<std::uintptr_t>(from) & (bytes - 1);
  return load_v<Elems>(reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) - over));
}
template <unsigned Elems, typename T>
vector<T, Elems> load_floor_v(const T* from, unsigned n = Elems) {
  return load_floor_bytes_v<Elems>(from, sotto::npu::host::bytes_of<T>(n));
}

template <sotto::npu::host::Element T, unsigned Elems>
void vector<T, Elems>::load(const T* from) {
  sotto::npu::host::check_aligned(from, alignof(vector), bytes());
  std::memcpy(static_cast<void*>(&lanes_), from, sizeof(lanes_));
}
template <sotto::npu::host::Element T, unsigned Elems>
void vector<T, Elems>::store(T* to) const {
  sotto::npu::host::check_aligned(to, alignof(vector), bytes());
  std::memcpy(static_cast<void*>(to), &lanes_, sizeof(lanes_));
}
template <sotto::npu::host::Element T, unsigned Elems>
void vector<T, Elems>::load_unaligned(const T* from, unsigned aligned_elems) {
  sotto::npu::host::check_aligned(from, sotto::npu::host::bytes_of<T>(aligned_elems), bytes());
  std::memcpy(static_cast<void*>(&lanes_), from, sizeof(lanes_));
}
template <sotto::npu::host::Element T, unsigned Elems>
void vector<T, Elems>::store_unaligned(T* to, unsigned aligned_elems) const {
  sotto::npu::host::check_aligned(to, sotto::npu::host::bytes_of<T>(aligned_elems), bytes());
  std::memcpy(static_cast<void*>(to), &lanes_, sizeof(lanes_));
}

// --- iterators

/// Walks through a buffer one vector at a time. *it reads and writes the memory itself.
template <typename T, unsigned Elems>
class vector_iterator {
 public:
  using element = std::remove_const_t<T>;
  using vector_type =
      std::conditional_t<std::is_const_v<T>, const vector<element, Elems>, vector<element, Elems>>;
  using iterator_category = std::random_access_iterator_tag;
  using value_type = vector<element, Elems>;
  using difference_type = std::ptrdiff_t;
  using pointer = vector_type*;
  using reference = vector_type&;

  vector_iterator() = default;
  explicit vector_iterator(T* at) : at_(at) {}

  reference operator*() const {
    sotto::npu::host::check_aligned(at_, alignof(value_type), value_type::bytes());
    return *reinterpret_cast<vector_type*>(at_);
  }
  pointer operator->() const { return &**this; }
  reference operator[](difference_type n) const { return *(*this + n); }

  vector_iterator& operator+=(difference_type n) {
    at_ += n * sotto::npu::host::pointer_step<T>(Elems);
    return *this;
  }
  vector_iterator& operator-=(difference_type n) { return *this += -n; }
  vector_iterator& operator++() { return *this += 1; }
  vector_iterator& operator--() { return *this += -1; }
  vector_iterator operator++(int) {
    const vector_iterator before = *this;
    ++*this;
    return before;
  }
  vector_iterator operator--(int) {
    const vector_iterator before = *this;
    --*this;
    return before;
  }
  friend vector_iterator operator+(vector_iterator it, difference_type n) { return it += n; }
  friend vector_iterator operator-(vector_iterator it, difference_type n) { return it -= n; }
  friend difference_type operator-(const vector_iterator& a, const vector_iterator& b) {
    return (a.at_ - b.at_) / sotto::npu::host::pointer_step<T>(Elems);
  }
  auto operator<=>(const vector_iterator&) const = default;

 private:
  T* at_ = nullptr;
};

/// An address that need not be aligned to the vector: reads as a vector, takes one by assignment.
template <typename T, unsigned Elems>
class unaligned_vector_ref {
 public:
  explicit unaligned_vector_ref(T* at) : at_(at) {}
  operator vector<std::remove_const_t<T>, Elems>() const { return load_unaligned_v<Elems>(at_); }
  const unaligned_vector_ref& operator=(const vector<std::remove_const_t<T>, Elems>& v) const {
    store_unaligned_v(at_, v);
    return *this;
  }

 private:
  T* at_;
};

template <typename T, unsigned Elems>
class unaligned_vector_iterator {
 public:
  explicit unaligned_vector_iterator(T* at) : at_(at) {}
  unaligned_vector_ref<T, Elems> operator*() const { return unaligned_vector_ref<T, Elems>(at_); }
  unaligned_vector_iterator& operator+=(std::ptrdiff_t n) {
    at_ += n * sotto::npu::host::pointer_step<T>(Elems);
    return *this;
  }
  unaligned_vector_iterator& operator++() { return *this += 1; }
  unaligned_vector_iterator operator++(int) {
    const unaligned_vector_iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const unaligned_vector_iterator&) const = default;

 private:
  T* at_;
};

// restrict promises the device compiler that no other pointer leads there; here it is a plain one.
template <unsigned Elems, typename T>
vector_iterator<T, Elems> begin_vector(T* base) {
  return vector_iterator<T, Elems>(base);
}
template <unsigned Elems, typename T>
vector_iterator<const T, Elems> cbegin_vector(const T* base) {
  return vector_iterator<const T, Elems>(base);
}
template <unsigned Elems, typename T>
vector_iterator<T, Elems> begin_restrict_vector(T* base) {
  return begin_vector<Elems>(base);
}
template <unsigned Elems, typename T>
vector_iterator<const T, Elems> cbegin_restrict_vector(const T* base) {
  return cbegin_vector<Elems>(base);
}
template <unsigned Elems, typename T>
unaligned_vector_iterator<T, Elems> begin_unaligned_vector(T* base) {
  return unaligned_vector_iterator<T, Elems>(base);
}
template <unsigned Elems, typename T>
unaligned_vector_iterator<const T, Elems> cbegin_unaligned_vector(const T* base) {
  return unaligned_vector_iterator<const T, Elems>(base);
}

}  // namespace aie
