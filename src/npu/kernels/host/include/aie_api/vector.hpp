// aie::vector<T, Elems>: a vector register of 128 to 1024 bits as an array of lanes with value
// semantics. Lane 0 lies at the lowest address, as on the core, so cast_to is a copy of bytes.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "npu/kernels/host/check.h"
#include "npu/kernels/host/fixed_point.h"
#include "types.hpp"

namespace aie {

template <sotto::npu::host::AccumTag Tag, unsigned Elems>
class accum;

// may_alias: kernels read their buffers through casts such as *(v16int32*)p.
template <sotto::npu::host::Element T, unsigned Elems = native_vector_length_v<T>>
class [[gnu::may_alias]] alignas(vector_ldst_align_v<T, Elems>) vector {
 public:
  using value_type = T;
  using native_type = vector;
  using storage_t = vector;
  /// As many lanes of type U have the same bits.
  template <typename U>
  using recast =
      vector<U, Elems * sotto::npu::host::element_bits_v<T> / sotto::npu::host::element_bits_v<U>>;

  using reference = decltype(std::declval<sotto::npu::host::lane_array_t<T, Elems>&>()[0]);

  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return sotto::npu::host::element_bits_v<T>; }
  static constexpr unsigned bits() { return Elems * type_bits(); }
  static constexpr unsigned bytes() { return bits() / 8; }
  static constexpr bool is_signed() { return std::numeric_limits<T>::is_signed; }
  static constexpr bool is_integral() { return std::numeric_limits<T>::is_integer; }
  static constexpr bool is_floating_point() { return sotto::npu::host::is_floating_v<T>; }

  /// Undefined on the core. Here every byte is 0xFF (NaN, -1), so that what was forgotten shows.
  vector() { std::memset(static_cast<void*>(&lanes_), 0xFF, sizeof(lanes_)); }

  /// The first lanes; the others are undefined, as above.
  template <typename... Values>
    requires(sizeof...(Values) < Elems && (std::is_convertible_v<Values, T> && ...))
  explicit vector(T first, Values... others) : vector() {
    unsigned lane = 0;
    lanes_[lane++] = first;
    ((lanes_[lane++] = static_cast<T>(others)), ...);
  }

  /// The same bits as lanes of another type, as between the compiler's own register types:
  /// v32int16(v16int32).
  template <typename U>
    requires(!std::is_same_v<T, U>)
  explicit vector(const recast<U>& other) : vector(other.template cast_to<T>()) {}

  T get(unsigned lane) const { return lanes_[sotto::npu::host::check_index(lane, Elems)]; }
  void set(T value, unsigned lane) { lanes_[sotto::npu::host::check_index(lane, Elems)] = value; }
  T operator[](unsigned lane) const { return get(lane); }
  reference operator[](unsigned lane) { return lanes_[sotto::npu::host::check_index(lane, Elems)]; }
  T elem_const_ref(unsigned lane) const { return get(lane); }
  T elem_ref(unsigned lane) const { return get(lane); }
  reference elem_ref(unsigned lane) { return (*this)[lane]; }

  /// All lanes, for code that goes through them in a loop.
  auto data() { return lanes_.data(); }
  auto data() const { return lanes_.data(); }

  native_type to_native() const { return *this; }

  /// The same bits seen as lanes of another type.
  template <typename U>
  recast<U> cast_to() const {
    recast<U> result;
    std::memcpy(static_cast<void*>(&result), &lanes_, sizeof(lanes_));
    return result;
  }

  /// Moves every lane one up and puts `value` into lane 0.
  vector& push(T value) {
    for (unsigned i = Elems - 1; i > 0; --i) lanes_[i] = lanes_[i - 1];
    lanes_[0] = value;
    return *this;
  }

  /// This vector as part number `index` of a larger one whose other lanes are undefined.
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow(unsigned index = 0) const {
    vector<T, ElemsOut> result;
    result.insert(index, *this);
    return result;
  }

  /// A larger vector that repeats this one.
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow_replicate() const {
    vector<T, ElemsOut> result;
    for (unsigned i = 0; i < ElemsOut / Elems; ++i) result.insert(i, *this);
    return result;
  }

  template <unsigned ElemsIn>
  vector& insert(unsigned index, const vector<T, ElemsIn>& part) {
    static_assert(ElemsIn <= Elems && Elems % ElemsIn == 0);
    const unsigned at = ElemsIn * sotto::npu::host::check_index(index, Elems / ElemsIn);
    for (unsigned i = 0; i < ElemsIn; ++i) lanes_[at + i] = part.data()[i];
    return *this;
  }

  template <unsigned ElemsOut>
  vector<T, ElemsOut> extract(unsigned index) const {
    static_assert(ElemsOut <= Elems && Elems % ElemsOut == 0);
    const unsigned at = ElemsOut * sotto::npu::host::check_index(index, Elems / ElemsOut);
    vector<T, ElemsOut> result;
    for (unsigned i = 0; i < ElemsOut; ++i) result.data()[i] = lanes_[at + i];
    return result;
  }

  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow_extract(unsigned index) const {
    if constexpr (ElemsOut > Elems) {
      return grow<ElemsOut>();
    } else {
      return extract<ElemsOut>(index);
    }
  }

  /// The equal parts of this vector, lowest lanes first.
  template <unsigned ElemsOut>
  std::array<vector<T, ElemsOut>, Elems / ElemsOut> split() const {
    std::array<vector<T, ElemsOut>, Elems / ElemsOut> parts;
    for (unsigned i = 0; i < parts.size(); ++i) parts[i] = extract<ElemsOut>(i);
    return parts;
  }

  /// Writes all lanes from equal parts, lowest lanes first.
  template <unsigned... ElemsIn>
    requires((ElemsIn + ...) == Elems)
  vector& upd_all(const vector<T, ElemsIn>&... parts) {
    unsigned index = 0;
    (insert(index++, parts), ...);
    return *this;
  }

  /// To integers of twice the width, same signedness.
  template <typename U = typename sotto::npu::host::Resized<T>::twice>
  vector<U, Elems> unpack() const {
    vector<U, Elems> result;
    for (unsigned i = 0; i < Elems; ++i) result.data()[i] = static_cast<U>(lanes_[i]);
    return result;
  }

  /// To integers of half the width. The saturation register decides whether the upper bits are
  /// dropped or the value is clamped.
  template <typename U = typename sotto::npu::host::Resized<T>::half>
  vector<U, Elems> pack() const {
    vector<U, Elems> result;
    for (unsigned i = 0; i < Elems; ++i) {
      result.data()[i] =
          sotto::npu::host::saturate<U>(lanes_[i], sotto::npu::host::core().saturation);
    }
    return result;
  }

  /// unpack and pack that read the lanes, and saturate, as signed or not, whatever T says.
  template <typename U = typename sotto::npu::host::Resized<T>::twice>
  vector<U, Elems> unpack_sign(bool is_signed) const {
    if (is_signed) {
      return cast_to<std::make_signed_t<T>>()
          .template unpack<std::make_signed_t<U>>()
          .template cast_to<U>();
    }
    return cast_to<std::make_unsigned_t<T>>()
        .template unpack<std::make_unsigned_t<U>>()
        .template cast_to<U>();
  }
  template <typename U = typename sotto::npu::host::Resized<T>::half>
  vector<U, Elems> pack_sign(bool is_signed) const {
    if (is_signed) {
      return cast_to<std::make_signed_t<T>>()
          .template pack<std::make_signed_t<U>>()
          .template cast_to<U>();
    }
    return cast_to<std::make_unsigned_t<T>>()
        .template pack<std::make_unsigned_t<U>>()
        .template cast_to<U>();
  }

  void load(const T* from);
  void store(T* to) const;
  void load_unaligned(const T* from, unsigned aligned_elems = 1);
  void store_unaligned(T* to, unsigned aligned_elems = 1) const;

 private:
  sotto::npu::host::lane_array_t<T, Elems> lanes_;
};

/// The vectors one after another, lowest lanes first.
template <typename T, unsigned Elems, typename... Vectors>
  requires(std::is_same_v<Vectors, vector<T, Elems>> && ...)
vector<T, Elems * (1 + sizeof...(Vectors))> concat(const vector<T, Elems>& first,
                                                   const Vectors&... others) {
  vector<T, Elems * (1 + sizeof...(Vectors))> result;
  unsigned index = 0;
  result.insert(index++, first);
  (result.insert(index++, others), ...);
  return result;
}

template <typename T, unsigned Elems = native_vector_length_v<T>>
  requires sotto::npu::host::Element<T>
vector<T, Elems> zeros() {
  vector<T, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.data()[i] = T(0);
  return result;
}

template <typename T, unsigned Elems = native_vector_length_v<T>>
vector<T, Elems> broadcast(std::type_identity_t<T> value) {
  vector<T, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.data()[i] = value;
  return result;
}

/// The same bits as lanes of another type.
template <typename U, typename T, unsigned Elems>
  requires sotto::npu::host::Element<U>
auto vector_cast(const vector<T, Elems>& v) {
  return v.template cast_to<U>();
}

template <typename U, typename T, unsigned Elems>
vector<U, Elems> unpack(const vector<T, Elems>& v) {
  return v.template unpack<U>();
}
template <typename U, typename T, unsigned Elems>
vector<U, Elems> pack(const vector<T, Elems>& v) {
  return v.template pack<U>();
}

}  // namespace aie
