// Vectors, accumulators, masks and matrix blocks of the declared AIE API. They have a size and an
// alignment and nothing else: to make, copy or assign one is an operation of the core too, so that
// it shows as a symbol of namespace aie and never as a memcpy.
#pragma once

#include "types.hpp"

namespace aie {

template <detail::AccumTag Tag, unsigned Elems>
class accum;

template <detail::Element T, unsigned Elems = native_vector_length_v<T>>
class alignas(vector_ldst_align_v<T, Elems>) vector {
  static_assert(detail::is_vector_size(sizeof(T) * Elems), "registers have 128 to 1024 bits");

 public:
  using value_type = T;
  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return 8 * sizeof(T); }
  static constexpr unsigned bits() { return Elems * type_bits(); }

  vector();
  vector(const vector&);
  vector& operator=(const vector&);

  T get(unsigned lane) const;
  void set(T value, unsigned lane);
  vector& push(T value);
  template <typename U>
  vector<U, Elems * sizeof(T) / sizeof(U)> cast_to() const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow(unsigned index = 0) const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow_replicate() const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsIn>
  vector& insert(unsigned index, const vector<T, ElemsIn>& part);
  template <typename U = detail::twice_t<T>>
  vector<U, Elems> unpack() const;
  template <typename U = detail::half_t<T>>
  vector<U, Elems> pack() const;
  void load(const T* from);
  void store(T* to) const;
  void load_unaligned(const T* from, unsigned aligned_elems = 1);
  void store_unaligned(T* to, unsigned aligned_elems = 1) const;

 private:
  uint8 opaque_[sizeof(T) * Elems];
};

template <detail::AccumTag Tag, unsigned Elems>
class alignas(vector_decl_align) accum {
 public:
  using value_type = Tag;
  static constexpr unsigned size() { return Elems; }

  accum();
  accum(const accum&);
  accum& operator=(const accum&);
  template <typename T>
    requires(detail::is_float<T> == detail::is_float<Tag>)
  explicit accum(const vector<T, Elems>& v, int shift = 0);

  template <typename T>
  void from_vector(const vector<T, Elems>& v, int shift = 0);
  template <typename T>
    requires(detail::is_float<T> == detail::is_float<Tag>)
  vector<T, Elems> to_vector(int shift = 0) const;
  template <typename Tag2>
  accum<Tag2, Elems * detail::lane_bytes<Tag> / detail::lane_bytes<Tag2>> cast_to() const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow(unsigned index = 0) const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsIn>
  accum& insert(unsigned index, const accum<Tag, ElemsIn>& part);

 private:
  uint8 opaque_[detail::lane_bytes<Tag> * Elems];
};

template <unsigned Elems>
class mask {
 public:
  static constexpr unsigned size() { return Elems; }

  mask();
  mask(const mask&);
  mask& operator=(const mask&);
  template <typename... Words>
  static mask from_uint32(Words... words);
  template <typename... Words>
  static mask from_uint64(Words... words);
  uint32 to_uint32() const;
  uint64 to_uint64() const;

  bool test(unsigned lane) const;
  void set(unsigned lane);
  void clear(unsigned lane);
  void toggle(unsigned lane);
  void set();
  void clear();
  unsigned count() const;
  bool empty() const;
  bool full() const;
  unsigned ctz() const;
  unsigned clz() const;
  template <unsigned ElemsOut>
  mask<ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsIn>
  mask& insert(unsigned index, const mask<ElemsIn>& part);
  mask operator~() const;
  mask operator&(const mask&) const;
  mask operator|(const mask&) const;
  mask operator^(const mask&) const;
  mask& operator&=(const mask&);
  mask& operator|=(const mask&);
  mask& operator^=(const mask&);
  mask operator<<(unsigned lanes) const;
  mask operator>>(unsigned lanes) const;
  bool operator==(const mask&) const;

 private:
  uint32 opaque_[(Elems + 31) / 32];
};

template <unsigned M_, unsigned K_, unsigned N_, typename TypeA, typename TypeB = TypeA,
          typename Tag = accauto>
class alignas(vector_decl_align) mmul {
 public:
  static constexpr unsigned M = M_, K = K_, N = N_;
  static constexpr unsigned size_A = M * K, size_B = K * N, size_C = M * N;
  using accum_tag = detail::product_tag<Tag, TypeA, TypeB>;
  using accum_type = accum<accum_tag, size_C>;

  mmul();
  mmul(const mmul&);
  mmul& operator=(const mmul&);
  mmul(const accum_type& c);
  template <typename T>
  mmul(const vector<T, size_C>& c, int shift = 0);

  void mul(const vector<TypeA, size_A>& a, const vector<TypeB, size_B>& b);
  void mac(const vector<TypeA, size_A>& a, const vector<TypeB, size_B>& b);
  accum_type to_accum() const;
  operator accum_type() const;
  template <typename T>
  vector<T, size_C> to_vector(int shift = 0) const;

 private:
  uint8 opaque_[sizeof(accum_type)];
};

}  // namespace aie
