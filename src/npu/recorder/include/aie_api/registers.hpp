// aie::vector, aie::accum and aie::mask as the kernels know them: the host's bits, and the
// registers that hold them.
//
//   vector   of 256 bits: half an x (or a w), of 512: an x, of 1024: two x
//   accum    of floats: one bm for 16 lanes; of integers: one cm for 1024 bits
//   mask     an r of r16 … r23
#pragma once

#include <array>

#include "emit.hpp"
#include "scalars.hpp"

namespace recorded_aie {

template <typename T, unsigned Elems = host_aie::native_vector_length_v<T>>
class vector;
template <typename Tag, unsigned Elems>
class accum;

namespace detail::table {  // table.hpp
template <typename T, typename U>
sotto::npu::recorder::Recorded<T> extract_lane(const Source<U>& v, unsigned lane);
template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> to_accum(const vector<T, Elems>& v, int shift);
template <typename T, typename Tag, unsigned Elems>
vector<T, Elems> to_vector(const accum<Tag, Elems>& acc, int shift);
template <typename To, typename Tag, unsigned Elems>
To accum_cast(const accum<Tag, Elems>& acc);
}  // namespace detail::table

using host_aie::vector_ldst_align_v;
template <typename T>
inline constexpr unsigned native_vector_length_v = host_aie::native_vector_length_v<T>;

template <typename T, unsigned Elems>
class vector {
 public:
  using Host = host_aie::vector<T, Elems>;
  using value_type = T;
  static constexpr unsigned kBytes = Elems * sizeof(T);
  static_assert(kBytes == 32 || kBytes == 64 || kBytes == 128,
                "the recorder knows vectors of 256, 512 and 1024 bits");
  static constexpr unsigned kParts = kBytes == 128 ? 2 : 1;
  using Parts = std::array<detail::Part, kParts>;

  vector() = default;
  vector(const Host& bits, const Parts& parts) : bits_(bits), parts_(parts) {}

  static constexpr unsigned size() { return Elems; }
  const Host& host() const { return bits_; }
  const Parts& parts() const { return parts_; }

  template <typename U>
  vector<U, Elems * sizeof(T) / sizeof(U)> cast_to() const {
    return {bits_.template cast_to<U>(), parts_};
  }

  template <unsigned ElemsOut>
  vector<T, ElemsOut> extract(unsigned index) const {
    using Out = vector<T, ElemsOut>;
    static_assert(2 * Out::kBytes == kBytes);
    detail::Part part = parts_[kParts == 2 ? index : 0];
    if constexpr (kParts == 1) part = {part.value, part.first + static_cast<int>(index), 1};
    return Out(bits_.template extract<ElemsOut>(index), {part});
  }

  /// As the lower half of 512 bits.
  template <unsigned ElemsOut>
  vector<T, ElemsOut> grow() const {
    using Out = vector<T, ElemsOut>;
    static_assert(kBytes == 32 && Out::kBytes == 64);
    return Out(bits_.template grow<ElemsOut>(), parts_);
  }

  sotto::npu::recorder::Recorded<T> get(unsigned lane) const {
    static_assert(kParts == 1);
    return detail::table::extract_lane<T>(source(0), lane);
  }

  /// Register `index`, as instructions on 512 bits read it.
  static constexpr unsigned kLanes = Elems / kParts;
  detail::Source<host_aie::vector<T, kLanes>> source(unsigned index) const {
    return {piece(index), parts_[index], detail::Class::x};
  }
  /// As instructions on 256 bits read it.
  detail::Source<Host> narrow_source() const
    requires(kBytes == 32)
  {
    return {bits_, parts_[0], detail::Class::w};
  }

 private:
  host_aie::vector<T, kLanes> piece(unsigned index) const {
    if constexpr (kParts == 1) {
      return bits_;
    } else {
      return bits_.template extract<kLanes>(index);
    }
  }

  Host bits_;
  Parts parts_{};
};

/// A vector from its registers: one of `make(index)` for each.
template <typename T, unsigned Elems, typename Make>
vector<T, Elems> vector_of(Make make) {
  using Vector = vector<T, Elems>;
  typename Vector::Host bits;
  typename Vector::Parts parts;
  for (unsigned i = 0; i < Vector::kParts; ++i) {
    const detail::Source<host_aie::vector<T, Vector::kLanes>> made = make(i);
    std::memcpy(static_cast<void*>(bits.data() + i * Vector::kLanes), made.bits.data(),
                sizeof(made.bits));
    parts[i] = made.part;
  }
  return {bits, parts};
}

template <typename Tag, unsigned Elems>
class accum {
 public:
  using Host = host_aie::accum<Tag, Elems>;
  using value_type = Tag;
  static constexpr bool kIsFloat = Host::is_floating_point();
  static constexpr unsigned kBytes = Elems * sizeof(typename Host::lane_type);
  static_assert(kBytes == 64 || kBytes == 128,
                "the recorder knows accumulators of 512 and 1024 bits");
  static constexpr unsigned kParts = kIsFloat ? kBytes / 64 : 1;
  static constexpr unsigned kLanes = Elems / kParts;
  static constexpr detail::Class kClass =
      kIsFloat || kBytes == 64 ? detail::Class::bm : detail::Class::cm;
  using Parts = std::array<detail::Part, kParts>;

  accum() = default;
  accum(const Host& bits, const Parts& parts) : bits_(bits), parts_(parts) {}
  template <typename T>
  explicit accum(const vector<T, Elems>& v, int shift = 0)
      : accum(detail::table::to_accum<Tag>(v, shift)) {}

  const Host& host() const { return bits_; }
  const Parts& parts() const { return parts_; }
  detail::Source<host_aie::accum<Tag, kLanes>> source(unsigned index) const {
    if constexpr (kParts == 1) {
      return {bits_, parts_[0], kClass};
    } else {
      return {bits_.template extract<kLanes>(index), parts_[index], kClass};
    }
  }

  template <typename T>
  vector<T, Elems> to_vector(int shift = 0) const {
    return detail::table::to_vector<T>(*this, shift);
  }

  template <typename Tag2>
  auto cast_to() const {
    using Lane = sotto::npu::host::accum_lane_t<Tag2>;
    return detail::table::accum_cast<accum<Tag2, kBytes / sizeof(Lane)>>(*this);
  }

  template <unsigned ElemsIn>
  accum& insert(unsigned index, const accum<Tag, ElemsIn>& part) {
    static_assert(kIsFloat && ElemsIn == 16, "the recorder inserts 16 float lanes");
    bits_.insert(index, part.host());
    parts_[index] = part.parts()[0];
    return *this;
  }
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> extract(unsigned index) const {
    static_assert(kIsFloat && ElemsOut == 16, "the recorder extracts 16 float lanes");
    return {bits_.template extract<ElemsOut>(index), {parts_[index]}};
  }

 private:
  Host bits_;
  Parts parts_{};
};

template <typename Tag, unsigned Elems, typename Make>
accum<Tag, Elems> accum_of(Make make) {
  using Accum = accum<Tag, Elems>;
  typename Accum::Host bits;
  typename Accum::Parts parts;
  for (unsigned i = 0; i < Accum::kParts; ++i) {
    const detail::Source<host_aie::accum<Tag, Accum::kLanes>> made = make(i);
    std::memcpy(static_cast<void*>(bits.data() + i * Accum::kLanes), made.bits.data(),
                sizeof(made.bits));
    parts[i] = made.part;
  }
  return {bits, parts};
}

template <unsigned Elems>
class mask {
 public:
  static_assert(Elems <= 32, "the recorder knows masks of up to 32 lanes");

  mask() = default;
  mask(uint32 bits, detail::Part part) : bits_(bits), part_(part) {}
  template <typename Word>
  static mask from_uint32(const Word& word) {
    const sotto::npu::recorder::Recorded<sotto::npu::recorder::plain_t<Word>> recorded(word);
    return {static_cast<uint32>(recorded.value()), recorded.part()};
  }

  host_aie::mask<Elems> host() const { return host_aie::mask<Elems>::from_uint32(bits_); }
  detail::Source<uint32> source() const { return {bits_, part_, detail::Class::r16_23}; }

 private:
  uint32 bits_ = 0;
  detail::Part part_{};
};

}  // namespace recorded_aie
