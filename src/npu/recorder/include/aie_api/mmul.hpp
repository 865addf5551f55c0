// Products of small matrices: the two shapes of our kernels, each one instruction.
#pragma once

#include "arithmetic.hpp"

namespace recorded_aie {

template <unsigned M, unsigned K, unsigned N, typename A, typename B = A, typename Tag = accauto>
class mmul {
  static constexpr bool kIsFloat = std::is_same_v<A, bfloat16>;
  static_assert(M == 4 && K == 8 && N == (kIsFloat ? 4 : 8) && std::is_same_v<A, B> &&
                    (kIsFloat || std::is_same_v<A, int8>),
                "the recorder knows 4x8x4 of bfloat16 and 4x8x8 of int8");

 public:
  static constexpr unsigned size_A = M * K, size_B = K * N, size_C = M * N;
  using accum_tag = sotto::npu::host::accum_tag_t<Tag, A, B>;
  using accum_type = accum<accum_tag, size_C>;

  mmul() : c_(zeros<accum_tag, size_C>()) {}
  mmul(const accum_type& c) : c_(c) {}
  template <typename T>
  mmul(const vector<T, size_C>& c) : c_(c) {}

  void mac(const vector<A, size_A>& a, const vector<B, size_B>& b) {
    using C = typename accum_type::Host;
    using X = host_aie::vector<A, size_A>;
    using Y = host_aie::vector<B, size_B>;
    const auto compute = [](const C& c, const X& x, const Y& y) {
      host_aie::mmul<M, K, N, A, B, Tag> product(c);
      product.mac(x, y);
      return product.to_accum();
    };
    c_ = accum_of<accum_tag, size_C>([&](unsigned) {
      return detail::table::multiply_add(
          kIsFloat ? detail::Opcode::vmac_f : detail::Opcode::vmac, compute,
          kIsFloat ? detail::table::kFloatMatrix : detail::table::kInt8Matrix, c_.source(0),
          a.source(0), b.source(0));
    });
    sotto::npu::recorder::Recorder::current().keep_in_turn();
  }

  accum_type to_accum() const { return c_; }
  template <typename T>
  vector<T, size_C> to_vector(int shift = 0) const {
    return c_.template to_vector<T>(shift);
  }

 private:
  accum_type c_;
};

}  // namespace recorded_aie
