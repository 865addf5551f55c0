// What an operation with several results returns, and what stands for a lane; and the words of the
// device compilers that mean nothing here.
#pragma once

namespace aie {
namespace detail {

template <typename First, typename Second>
struct Pair {
  First first;
  Second second;
};

/// Can be taken apart: auto [low, high] = v.split<16>();
template <typename T, unsigned kSize>
struct Array {
  T items[kSize];

  T& operator[](unsigned i) { return items[i]; }
  const T& operator[](unsigned i) const { return items[i]; }
  template <decltype(sizeof(0)) I>
  const T& get() const {
    return items[I];
  }
};

/// v[lane] of a vector that may be written.
template <typename T>
class ElementRef {
 public:
  ElementRef(const ElementRef&) = default;
  const ElementRef& operator=(T value) const;
  operator T() const;

 private:
  ElementRef();
  void* opaque_;
};

}  // namespace detail
}  // namespace aie

namespace std {

template <typename T>
struct tuple_size;
template <decltype(sizeof(0)) I, typename T>
struct tuple_element;
template <typename T, unsigned kSize>
struct tuple_size<aie::detail::Array<T, kSize>> {
  static constexpr decltype(sizeof(0)) value = kSize;
};
template <typename T, unsigned kSize>
struct tuple_size<const aie::detail::Array<T, kSize>> {
  static constexpr decltype(sizeof(0)) value = kSize;
};
template <decltype(sizeof(0)) I, typename T, unsigned kSize>
struct tuple_element<I, aie::detail::Array<T, kSize>> {
  using type = const T;
};
template <decltype(sizeof(0)) I, typename T, unsigned kSize>
struct tuple_element<I, const aie::detail::Array<T, kSize>> {
  using type = const T;
};

}  // namespace std

#define restrict __restrict
#define __aie_inline inline
#define __aie_dm_resource_a
#define __aie_dm_resource_b
#define __aie_dm_resource_c
#define __aie_dm_resource_d
#define chess_prepare_for_pipelining
#define chess_flatten_loop
#define chess_loop_range(...)
#define chess_loop_count(...)
#define chess_unroll_loop(...)
#define chess_storage(...)
#define chess_protect_access
#define chess_copy(x) (x)
