// Vectors and accumulators of the declared AIE API. They have a size and an alignment and nothing
// else: to make, copy or assign one is an operation of the core too, so that it shows as a symbol
// of namespace aie and never as a memcpy.
#pragma once

#include "results.hpp"
#include "types.hpp"

namespace aie {

template <detail::AccumTag Tag, unsigned Elems>
class accum;

template <detail::Element T, unsigned Elems = native_vector_length_v<T>>
class alignas(vector_ldst_align_v<T, Elems>) vector {
  static_assert(detail::is_vector_size(detail::bits_of<T> * Elems),
                "registers have 128 to 1024 bits");
  template <typename U>
  using Cast = vector<U, Elems * detail::bits_of<T> / detail::bits_of<U>>;

 public:
  using value_type = T;
  using native_type = vector;
  using storage_t = vector;
  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return detail::bits_of<T>; }
  static constexpr unsigned bits() { return Elems * type_bits(); }
  static constexpr unsigned bytes() { return bits() / 8; }
  static constexpr bool is_signed() { return detail::is_integer<T> && detail::is_signed<T>; }
  static constexpr bool is_integral() { return detail::is_integer<T>; }
  static constexpr bool is_floating_point() { return detail::is_float<T>; }

  vector();
  vector(const vector&);
  vector& operator=(const vector&);
  template <typename... Values>
    requires(sizeof...(Values) < Elems)
  explicit vector(T first, Values... others);
  template <typename U>
    requires(!detail::is_same<T, U>)
  explicit vector(const Cast<U>& other);

  T get(unsigned lane) const;
  void set(T value, unsigned lane);
  T operator[](unsigned lane) const;
  detail::ElementRef<T> operator[](unsigned lane);
  T elem_const_ref(unsigned lane) const;
  T elem_ref(unsigned lane) const;
  detail::ElementRef<T> elem_ref(unsigned lane);
  vector& push(T value);
  native_type to_native() const;
  template <typename U>
  Cast<U> cast_to() const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow(unsigned index = 0) const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow_replicate() const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow_extract(unsigned index) const;
  template <unsigned ElemsOut>
  std::array<vector<T, ElemsOut>, Elems / ElemsOut> split() const;
  template <unsigned ElemsIn>
  vector& insert(unsigned index, const vector<T, ElemsIn>& part);
  template <unsigned... ElemsIn>
    requires((ElemsIn + ...) == Elems)
  vector& upd_all(const vector<T, ElemsIn>&... parts);
  template <typename U = detail::twice_t<T>>
  vector<U, Elems> unpack() const;
  template <typename U = detail::half_t<T>>
  vector<U, Elems> pack() const;
  template <typename U = detail::twice_t<T>>
  vector<U, Elems> unpack_sign(bool is_signed) const;
  template <typename U = detail::half_t<T>>
  vector<U, Elems> pack_sign(bool is_signed) const;
  void load(const T* from);
  void store(T* to) const;
  void load_unaligned(const T* from, unsigned aligned_elems = 1);
  void store_unaligned(T* to, unsigned aligned_elems = 1) const;

 private:
  uint8 opaque_[detail::bits_of<T> * Elems / 8];
};

template <detail::AccumTag Tag, unsigned Elems>
class alignas(vector_decl_align) accum {
 public:
  using value_type = Tag;
  using storage_t = accum;
  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned accum_bits() { return 8 * detail::lane_bytes<Tag>; }
  static constexpr unsigned value_bits() { return accum_bits(); }
  static constexpr unsigned bits() { return Elems * accum_bits(); }
  static constexpr bool is_floating_point() { return detail::is_float<Tag>; }

  accum();
  accum(const accum&);
  accum& operator=(const accum&);
  template <typename T>
    requires(detail::is_float<T> == detail::is_float<Tag>)
  explicit accum(const vector<T, Elems>& v, int shift = 0);
  template <typename Tag2>
    requires(!detail::is_same<Tag, Tag2> && detail::is_float<Tag> == detail::is_float<Tag2> &&
             detail::lane_bytes<Tag> == detail::lane_bytes<Tag2>)
  accum(const accum<Tag2, Elems>& other);
  template <typename T>
  accum& operator=(const vector<T, Elems>& v);

  accum to_native() const;
  template <typename T>
  void from_vector(const vector<T, Elems>& v, int shift = 0);
  template <typename T>
  void from_vector_sign(const vector<T, Elems>& v, bool is_signed, int shift = 0);
  template <typename T>
    requires(detail::is_float<T> == detail::is_float<Tag>)
  vector<T, Elems> to_vector(int shift = 0) const;
  vector<float, Elems> to_vector() const
    requires(detail::is_float<Tag>);
  template <typename T>
  vector<T, Elems> to_vector_sign(bool is_signed, int shift = 0) const;
  operator vector<bfloat16, Elems>() const
    requires(detail::is_float<Tag>);
  operator vector<float, Elems>() const
    requires(detail::is_float<Tag>);
  template <typename Tag2>
  accum<Tag2, Elems * detail::lane_bytes<Tag> / detail::lane_bytes<Tag2>> cast_to() const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow(unsigned index = 0) const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow_replicate() const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow_extract(unsigned index) const;
  template <unsigned ElemsOut>
  std::array<accum<Tag, ElemsOut>, Elems / ElemsOut> split() const;
  template <typename Tag2, unsigned ElemsIn>
  accum& insert(unsigned index, const accum<Tag2, ElemsIn>& part);
  template <unsigned... ElemsIn>
    requires((ElemsIn + ...) == Elems)
  void upd_all(const accum<Tag, ElemsIn>&... parts);

 private:
  uint8 opaque_[detail::lane_bytes<Tag> * Elems];
};

}  // namespace aie
