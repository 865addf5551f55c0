// aie::accum<Tag, Elems>: an accumulator register of 32-bit, 64-bit or float lanes.
// Vectors enter by an upshift (UPS: times 2^shift) and leave by shift, round, saturate (SRS), under
// the rounding and saturation registers. Float lanes take no shift; only a bfloat16 store rounds.
#pragma once

#include "vector.hpp"

namespace sotto::npu::host {

/// AMD's aie_api turns SRS and UPS between acc32 and 32-bit integers into a plain register move
/// (detail/aie2/accum.hpp: get_srs, get_ups), which forgets the shift.
inline void check_no_shift(int shift) {
  if (shift != 0) [[unlikely]] {
    fail(ErrorKind::unsupported, "shift ", shift,
         " between acc32 and 32-bit integers: AIE2 has no such instruction and aie_api drops the "
         "shift without a word; use acc64");
  }
}

}  // namespace sotto::npu::host

namespace aie {

template <sotto::npu::host::AccumTag Tag, unsigned Elems>
class [[gnu::may_alias]] alignas(vector_decl_align) accum {
 public:
  using value_type = Tag;
  using lane_type = sotto::npu::host::accum_lane_t<Tag>;
  using storage_t = accum;

  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned accum_bits() { return 8 * sizeof(lane_type); }
  static constexpr unsigned value_bits() { return accum_bits(); }
  static constexpr unsigned bits() { return Elems * accum_bits(); }
  static constexpr bool is_floating_point() { return std::is_same_v<lane_type, float>; }

  /// Undefined on the core; 0xFF bytes here, as in vector.
  accum() { std::memset(static_cast<void*>(lanes_.data()), 0xFF, sizeof(lanes_)); }

  template <typename T>
  explicit accum(const vector<T, Elems>& v, int shift = 0) : accum() {
    from_vector(v, shift);
  }

  /// acc48 and acc64, for example, are the same register.
  template <typename Tag2>
    requires(!std::is_same_v<Tag, Tag2> &&
             std::is_same_v<lane_type, sotto::npu::host::accum_lane_t<Tag2>>)
  accum(const accum<Tag2, Elems>& other) {
    for (unsigned i = 0; i < Elems; ++i) lanes_[i] = other.data()[i];
  }

  template <typename T>
  accum& operator=(const vector<T, Elems>& v) {
    from_vector(v, 0);
    return *this;
  }

  lane_type* data() { return lanes_.data(); }
  const lane_type* data() const { return lanes_.data(); }
  accum to_native() const { return *this; }

  /// UPS: v * 2^shift.
  template <typename T>
  void from_vector(const vector<T, Elems>& v, int shift = 0) {
    if constexpr (is_floating_point()) {
      static_assert(sotto::npu::host::is_floating_v<T>,
                    "float accumulators take float or bfloat16");
      for (unsigned i = 0; i < Elems; ++i) lanes_[i] = static_cast<float>(v.data()[i]);
    } else if constexpr (sotto::npu::host::Nibble<T>) {
      from_vector(v.unpack(), shift);
    } else {
      static_assert(std::is_integral_v<T>, "integer accumulators take integers");
      if constexpr (sizeof(T) == 4 && sizeof(lane_type) == 4)
        sotto::npu::host::check_no_shift(shift);
      for (unsigned i = 0; i < Elems; ++i) {
        lanes_[i] =
            sotto::npu::host::wrapping_shift_left(static_cast<lane_type>(v.data()[i]), shift);
      }
    }
  }

  /// from_vector that reads the lanes as signed or not, whatever T says.
  template <typename T>
    requires std::is_integral_v<T>
  void from_vector_sign(const vector<T, Elems>& v, bool is_signed, int shift = 0) {
    if (is_signed) {
      from_vector(v.template cast_to<std::make_signed_t<T>>(), shift);
    } else {
      from_vector(v.template cast_to<std::make_unsigned_t<T>>(), shift);
    }
  }

  /// SRS: lane / 2^shift, rounded and saturated as the core's registers say.
  template <typename T>
  vector<T, Elems> to_vector(int shift = 0) const {
    const sotto::npu::host::CoreState& core = sotto::npu::host::core();
    vector<T, Elems> result;
    if constexpr (is_floating_point()) {
      static_assert(sotto::npu::host::is_floating_v<T>,
                    "float accumulators give float or bfloat16");
      if constexpr (std::is_same_v<T, float>) {
        for (unsigned i = 0; i < Elems; ++i) result.data()[i] = lanes_[i];
      } else {
        for (unsigned i = 0; i < Elems; ++i) {
          result.data()[i] =
              bfloat16::from_bits(sotto::npu::host::narrow_to_bf16(lanes_[i], core.rounding));
        }
      }
    } else if constexpr (sotto::npu::host::Nibble<T>) {
      return to_vector<typename sotto::npu::host::Resized<T>::twice>(shift).template pack<T>();
    } else {
      static_assert(std::is_integral_v<T>, "integer accumulators give integers");
      if constexpr (sizeof(T) == 4 && sizeof(lane_type) == 4) {
        sotto::npu::host::check_no_shift(shift);
        for (unsigned i = 0; i < Elems; ++i) result.data()[i] = static_cast<T>(lanes_[i]);
      } else {
        for (unsigned i = 0; i < Elems; ++i) {
          result.data()[i] = sotto::npu::host::shift_round_saturate<T>(
              lanes_[i], shift, core.rounding, core.saturation);
        }
      }
    }
    return result;
  }

  /// Float lanes as they are.
  vector<float, Elems> to_vector() const
    requires(is_floating_point())
  {
    return to_vector<float>();
  }

  /// to_vector that saturates to the signed or the unsigned range, whatever T says.
  template <typename T>
    requires std::is_integral_v<T>
  vector<T, Elems> to_vector_sign(bool is_signed, int shift = 0) const {
    if (is_signed) return to_vector<std::make_signed_t<T>>(shift).template cast_to<T>();
    return to_vector<std::make_unsigned_t<T>>(shift).template cast_to<T>();
  }

  /// `vector v = mul(a, b)`: a float accumulator is stored where a vector is wanted.
  operator vector<bfloat16, Elems>() const
    requires(is_floating_point())
  {
    return to_vector<bfloat16>();
  }
  operator vector<float, Elems>() const
    requires(is_floating_point())
  {
    return to_vector<float>();
  }

  /// The same bits under another tag.
  template <typename Tag2>
  auto cast_to() const {
    constexpr unsigned kElems =
        Elems * sizeof(lane_type) / sizeof(sotto::npu::host::accum_lane_t<Tag2>);
    accum<Tag2, kElems> result;
    std::memcpy(static_cast<void*>(result.data()), lanes_.data(), sizeof(lanes_));
    return result;
  }

  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow(unsigned index = 0) const {
    accum<Tag, ElemsOut> result;
    result.insert(index, *this);
    return result;
  }

  /// A larger accumulator that repeats this one.
  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow_replicate() const {
    accum<Tag, ElemsOut> result;
    for (unsigned i = 0; i < ElemsOut / Elems; ++i) result.insert(i, *this);
    return result;
  }

  template <typename Tag2, unsigned ElemsIn>
  accum& insert(unsigned index, const accum<Tag2, ElemsIn>& part) {
    static_assert(ElemsIn <= Elems && Elems % ElemsIn == 0);
    const unsigned at = ElemsIn * sotto::npu::host::check_index(index, Elems / ElemsIn);
    for (unsigned i = 0; i < ElemsIn; ++i) lanes_[at + i] = part.data()[i];
    return *this;
  }

  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> extract(unsigned index) const {
    static_assert(ElemsOut <= Elems && Elems % ElemsOut == 0);
    const unsigned at = ElemsOut * sotto::npu::host::check_index(index, Elems / ElemsOut);
    accum<Tag, ElemsOut> result;
    for (unsigned i = 0; i < ElemsOut; ++i) result.data()[i] = lanes_[at + i];
    return result;
  }

  template <unsigned ElemsOut>
  accum<Tag, ElemsOut> grow_extract(unsigned index) const {
    if constexpr (ElemsOut > Elems) {
      return grow<ElemsOut>();
    } else {
      return extract<ElemsOut>(index);
    }
  }

  template <unsigned ElemsOut>
  std::array<accum<Tag, ElemsOut>, Elems / ElemsOut> split() const {
    std::array<accum<Tag, ElemsOut>, Elems / ElemsOut> parts;
    for (unsigned i = 0; i < parts.size(); ++i) parts[i] = extract<ElemsOut>(i);
    return parts;
  }

  template <unsigned... ElemsIn>
    requires((ElemsIn + ...) == Elems)
  void upd_all(const accum<Tag, ElemsIn>&... parts) {
    unsigned index = 0;
    (insert(index++, parts), ...);
  }

 private:
  std::array<lane_type, Elems> lanes_;
};

template <typename Tag, unsigned Elems, typename... Accums>
  requires(std::is_same_v<Accums, accum<Tag, Elems>> && ...)
accum<Tag, Elems * (1 + sizeof...(Accums))> concat(const accum<Tag, Elems>& first,
                                                   const Accums&... others) {
  accum<Tag, Elems * (1 + sizeof...(Accums))> result;
  unsigned index = 0;
  result.insert(index++, first);
  (result.insert(index++, others), ...);
  return result;
}

template <typename Tag, unsigned Elems>
  requires sotto::npu::host::AccumTag<Tag>
accum<Tag, Elems> zeros() {
  accum<Tag, Elems> result;
  for (unsigned i = 0; i < Elems; ++i) result.data()[i] = 0;
  return result;
}

template <typename T, typename Tag, unsigned Elems>
vector<T, Elems> to_vector(const accum<Tag, Elems>& acc, int shift = 0) {
  return acc.template to_vector<T>(shift);
}

template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> from_vector(const vector<T, Elems>& v, int shift = 0) {
  return accum<Tag, Elems>(v, shift);
}

/// The same 32 bits as accumulator lanes, or back.
template <typename U, typename Tag, unsigned Elems>
  requires sotto::npu::host::Element<U>
vector<U, Elems * sizeof(sotto::npu::host::accum_lane_t<Tag>) / sizeof(U)> vector_cast(
    const accum<Tag, Elems>& acc) {
  vector<U, Elems * sizeof(sotto::npu::host::accum_lane_t<Tag>) / sizeof(U)> result;
  std::memcpy(static_cast<void*>(result.data()), acc.data(), result.bytes());
  return result;
}

template <typename Tag, typename T, unsigned Elems>
  requires sotto::npu::host::AccumTag<Tag>
accum<Tag, Elems * sizeof(T) / sizeof(sotto::npu::host::accum_lane_t<Tag>)> vector_cast(
    const vector<T, Elems>& v) {
  accum<Tag, Elems * sizeof(T) / sizeof(sotto::npu::host::accum_lane_t<Tag>)> result;
  std::memcpy(static_cast<void*>(result.data()), v.data(), v.bytes());
  return result;
}

}  // namespace aie
