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

/// As far as operations take and return it: auto [low, high] = v.split<16>();
template <typename T, decltype(sizeof(0)) kSize>
struct array {
  T items[kSize];

  T& operator[](decltype(sizeof(0)) i) { return items[i]; }
  const T& operator[](decltype(sizeof(0)) i) const { return items[i]; }
  template <decltype(sizeof(0)) I>
  const T& get() const {
    return items[I];
  }
};

template <typename T>
struct tuple_size;
template <decltype(sizeof(0)) I, typename T>
struct tuple_element;
template <typename T, decltype(sizeof(0)) kSize>
struct tuple_size<array<T, kSize>> {
  static constexpr decltype(sizeof(0)) value = kSize;
};
template <typename T, decltype(sizeof(0)) kSize>
struct tuple_size<const array<T, kSize>> {
  static constexpr decltype(sizeof(0)) value = kSize;
};
template <decltype(sizeof(0)) I, typename T, decltype(sizeof(0)) kSize>
struct tuple_element<I, array<T, kSize>> {
  using type = const T;
};
template <decltype(sizeof(0)) I, typename T, decltype(sizeof(0)) kSize>
struct tuple_element<I, const array<T, kSize>> {
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
