// Blocks of matrix products and the sparse vectors that they take. Which shapes there are, the host
// API knows.
#pragma once

#include "registers.hpp"

namespace aie {

/// Which data memory bank a pointer leads to.
enum class aie_dm_resource { none, a, b, c, d };

template <typename T, unsigned Elems>
class sparse_vector {
 public:
  using value_type = T;
  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return detail::bits_of<T>; }
  static constexpr unsigned bits() { return Elems * type_bits(); }
  static constexpr unsigned bytes() { return bits() / 8; }
  static constexpr unsigned sparsity_ratio() { return 2; }
  static constexpr unsigned mask_bits() { return bytes(); }
  static constexpr unsigned memory_bits() { return bits() / 2 + mask_bits(); }
  static constexpr unsigned memory_bytes() { return memory_bits() / 8; }
  static constexpr bool is_signed() { return detail::is_integer<T> && detail::is_signed<T>; }
  static constexpr bool is_integral() { return detail::is_integer<T>; }
  static constexpr bool is_floating_point() { return detail::is_float<T>; }

  sparse_vector();
  sparse_vector(const sparse_vector&);
  sparse_vector& operator=(const sparse_vector&);
  template <unsigned ElemsIn>
  sparse_vector& insert(unsigned index, const sparse_vector<T, ElemsIn>& part);
  template <unsigned ElemsOut>
  sparse_vector<T, ElemsOut> extract(unsigned index) const;
  vector<T, Elems / 2> extract_data() const;

 private:
  uint8 opaque_[memory_bytes()];
};

template <typename T, unsigned Elems, aie_dm_resource Resource = aie_dm_resource::none>
class sparse_vector_input_buffer_stream {
 public:
  using elem_type = T;
  using vector_type = sparse_vector<T, Elems>;
  using value_type = vector_type;

  sparse_vector_input_buffer_stream(const T* from);
  vector_type pop();
  sparse_vector_input_buffer_stream& operator>>(vector_type& v);

 private:
  void* opaque_;
};

template <unsigned M_, unsigned K_, unsigned N_, typename TypeA, typename TypeB = TypeA,
          typename Tag = accauto>
class alignas(vector_decl_align) mmul {
 public:
  static constexpr unsigned M = M_;
  static constexpr unsigned K = K_;
  static constexpr unsigned N = N_;
  static constexpr unsigned size_A = M * K;
  static constexpr unsigned size_B = K * N;
  static constexpr unsigned size_C = M * N;
  using accum_tag = detail::product_tag<Tag, TypeA, TypeB>;
  using accum_type = accum<accum_tag, size_C>;
  using vector_A_type = vector<TypeA, size_A>;
  using vector_B_type = vector<TypeB, size_B>;
  static constexpr unsigned size() { return size_C; }

  mmul();
  mmul(const mmul&);
  mmul& operator=(const mmul&);
  mmul(const accum_type& c);
  template <typename T>
  mmul(const vector<T, size_C>& c, int shift = 0);

  // Templates, because a size need not be one of a vector.
  template <unsigned SizeB>
    requires(SizeB == size_B)
  void mul(const vector<TypeA, size_A>& a, const vector<TypeB, SizeB>& b);
  template <unsigned SizeB>
    requires(SizeB == size_B)
  void mac(const vector<TypeA, size_A>& a, const vector<TypeB, SizeB>& b);
  template <unsigned SizeB>
    requires(SizeB == size_B)
  void mul(const vector<TypeA, size_A>& a, const sparse_vector<TypeB, SizeB>& b);
  template <unsigned SizeB>
    requires(SizeB == size_B)
  void mac(const vector<TypeA, size_A>& a, const sparse_vector<TypeB, SizeB>& b);
  accum_type to_accum() const;
  operator accum_type() const;
  template <typename T>
  vector<T, size_C> to_vector(int shift = 0) const;
  template <typename T>
  vector<T, size_C> to_vector_sign(bool is_signed, int shift = 0) const;

 private:
  uint8 opaque_[sizeof(accum_type)];
};

}  // namespace aie
