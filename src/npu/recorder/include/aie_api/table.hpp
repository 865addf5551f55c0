// The lowering table: which instructions of the core each operation of the API becomes, as AMD's
// headers for AIE2 do it (github.com/Xilinx/aie_api, include/aie_api/detail/aie2/*.hpp) and Peano
// compiles them. One line of the comments an operation; n is the number of registers of 512 bits.
//
//   load_v, store_v          vld, vst for every 256 bits                             memory.hpp
//   extract, insert, concat  nothing where registers can be chosen so, else vmov
//   cast_to                  nothing; two bm are halves of a cm
//   broadcast                set r, vbcst                zeros of floats  vclr
//   get(lane)                vextract
//   accum(vector)            float vmov x → bm, n times; bfloat16 vconv w → bm, for every 16 lanes;
//                            int16 vups x → cm; int32 vmov x → bm, n times
//   to_vector                the same backwards: vmov bm → x, vconv bm → w, vsrs cm → x
//   add, sub of accumulators vadd.f, vsub.f a bm; vadd, vsub a cm
//   add, sub, bit_and        vadd, vsub, vband, n times
//   max, min                 vmax_lt, vmin_ge, n times   gt               vlt
//   select                   vsel
//   upshift, downshift       vups x → cm, vsrs cm → x
//   mmul::mac                vmac.f (4x8x4), vmac (4x8x8); the first one after zeros vmul.f, vmul
//   mac, msc, mul            int16 vmac, vmsc, vmul; bfloat16 vmac.f, vmsc.f, vmul.f for every 16
//                            lanes, whose operands are filled up with 16 zeros
//   interleave_zip           vshuffle to both halves     interleave_unzip two vshuffle
//   filter_even, filter_odd  vshuffle                    transpose        vshuffle
//   reduce_max               (vshift, vmax_lt) per halving, vextract
//   reduce_add of floats     (vmov, vshift, vmov, vadd.f) per halving, vmov, vextract
//   set_rounding, _saturation set r, mov cr
// Fusions of these come later (simplify.h): loads with vmov and vconv, stores likewise, a lane that
// is broadcast.
#pragma once

#include "registers.hpp"

namespace recorded_aie::detail::table {

using sotto::npu::recorder::Recorded;

template <typename T>
std::string lane_type() {
  if constexpr (std::is_same_v<T, bfloat16>) return ".bf16";
  return (std::is_unsigned_v<T> ? ".d" : ".s") + std::to_string(8 * sizeof(T));
}
/// Of instructions with a mask: that of bytes has 64 bits, for which recorded masks have no
/// register.
template <typename T>
std::string masked_type() {
  static_assert(sizeof(T) > 1, "the recorder compares no bytes");
  return lane_type<T>();
}
template <typename T>
std::string lane_bits() {
  return "." + std::to_string(8 * sizeof(T));
}

/// Of instructions that do the same to lanes of any width.
template <typename T>
std::string no_lanes() {
  return {};
}

// --- moves, constants, lanes

template <typename T, unsigned Elems>
using HostVector = host_aie::vector<T, Elems>;
template <typename Tag, unsigned Elems>
using HostAccum = host_aie::accum<Tag, Elems>;

/// The lanes of a scalar in a whole register; Elems may be fewer.
template <typename T, unsigned Elems>
Source<HostVector<T, Elems>> broadcast(const Recorded<T>& value) {
  const auto compute = [](T x) { return host_aie::broadcast<T, Elems>(x); };
  const Part part = record({Opcode::vbcst, lane_bits<T>(), Class::x}, compute, value.source());
  return {compute(value.value()), {part.value, 0, Elems * sizeof(T) == 32 ? 1 : 2}, Class::x};
}

template <typename T, typename U>
Recorded<T> extract_lane(const Source<U>& v, unsigned lane) {
  const auto compute = [](const U& x, uint32 i) { return x.get(i); };
  const Source<uint32> index = {lane, constant(lane), Class::r16_19};
  const Part part = record({Opcode::vextract, lane_type<T>(), Class::r}, compute, v, index);
  return {compute(v.bits, lane), part};
}

/// The low 256 bits of an x, with zeros above.
template <typename T>
Source<HostVector<T, 32>> with_zeros(const HostVector<T, 16>& half, const Part& part) {
  const Part zeros = broadcast<T, 16>(Recorded<T>(T(0.0f))).part;
  return {host_aie::concat(half, host_aie::zeros<T, 16>()), join({part, zeros}, Class::x),
          Class::x};
}

// --- vectors to accumulators and back

template <typename T>
Source<HostAccum<accfloat, 16>> move_to_bm(const Source<HostVector<T, 16>>& v) {
  const auto compute = [](const HostVector<T, 16>& x) {
    return HostAccum<accfloat, 16>(x.template cast_to<float>());
  };
  return {compute(v.bits), record({Opcode::vmov_bm_x, "", Class::bm}, compute, v), Class::bm};
}
template <typename T>
Source<HostVector<T, 16>> move_to_x(const HostAccum<accfloat, 16>& bits, const Part& part) {
  const auto compute = [](const HostAccum<accfloat, 16>& x) {
    return x.template to_vector<float>().template cast_to<T>();
  };
  const Source<HostAccum<accfloat, 16>> source = {bits, part, Class::bm};
  return {compute(bits), record({Opcode::vmov_x_bm, "", Class::x}, compute, source), Class::x};
}

/// bfloat16 to float, 16 lanes.
inline Source<HostAccum<accfloat, 16>> convert_up(const HostVector<bfloat16, 16>& bits, Part part) {
  const auto compute = [](const HostVector<bfloat16, 16>& x) { return HostAccum<accfloat, 16>(x); };
  const Source<HostVector<bfloat16, 16>> source = {bits, part, Class::w};
  return {compute(bits), record({Opcode::vconv_fp32_bf16, "", Class::bm}, compute, source),
          Class::bm};
}
inline Source<HostVector<bfloat16, 16>> convert_down(const Source<HostAccum<accfloat, 16>>& acc) {
  const auto compute = [](const HostAccum<accfloat, 16>& x) {
    return x.template to_vector<bfloat16>();
  };
  const Part part = record({Opcode::vconv_bf16_fp32, "", Class::w, {}, true}, compute, acc);
  return {compute(acc.bits), part, Class::w};
}

/// UPS and SRS between an x and a cm.
template <typename Tag, typename T, unsigned Elems>
Source<HostAccum<Tag, Elems>> ups(const Source<HostVector<T, Elems>>& v, int shift) {
  const auto compute = [](const HostVector<T, Elems>& x, uint32 by) {
    return HostAccum<Tag, Elems>(x, static_cast<int>(by));
  };
  const Source<uint32> by = shift_amount(shift);
  const std::string suffix = sizeof(T) == 2 ? ".s32.s16" : ".s64.s32";
  return {compute(v.bits, by.bits), record({Opcode::vups_x_cm, suffix, Class::cm}, compute, v, by),
          Class::cm};
}
template <typename T, typename Tag, unsigned Elems>
Source<HostVector<T, Elems>> srs(const Source<HostAccum<Tag, Elems>>& acc, int shift) {
  const auto compute = [](const HostAccum<Tag, Elems>& x, uint32 by) {
    return x.template to_vector<T>(static_cast<int>(by));
  };
  const Source<uint32> by = shift_amount(shift);
  const std::string suffix = sizeof(T) == 2 ? ".s16.s32" : ".s32.s64";
  const Part part = record({Opcode::vsrs_cm_x, suffix, Class::x, {}, true}, compute, acc, by);
  return {compute(acc.bits, by.bits), part, Class::x};
}

inline Part half_of_cm(Part cm, unsigned index) {
  return {cm.value, cm.first + 2 * static_cast<int>(index), 2};
}

template <typename Tag, typename T, unsigned Elems>
accum<Tag, Elems> to_accum(const vector<T, Elems>& v, int shift) {
  if constexpr (std::is_same_v<Tag, accfloat> && std::is_same_v<T, float>) {
    return accum_of<Tag, Elems>([&](unsigned i) { return move_to_bm(v.source(i)); });
  } else if constexpr (std::is_same_v<Tag, accfloat> && std::is_same_v<T, bfloat16>) {
    return accum_of<Tag, Elems>([&](unsigned i) {
      const Part part = v.parts()[0];
      return convert_up(v.host().template extract<16>(i),
                        {part.value, part.first + static_cast<int>(i), 1});
    });
  } else if constexpr (std::is_same_v<Tag, acc32> && std::is_same_v<T, int32> && Elems == 32) {
    sotto::npu::host::check_no_shift(shift);
    const Part cm = join({move_to_bm(v.source(0)).part, move_to_bm(v.source(1)).part}, Class::cm);
    return {HostAccum<Tag, Elems>(v.host()), {cm}};
  } else {
    static_assert(std::is_same_v<Tag, acc32> && std::is_same_v<T, int16> && Elems == 32,
                  "the recorder does not know how this vector enters this accumulator");
    return accum_of<Tag, Elems>([&](unsigned) { return ups<Tag>(v.source(0), shift); });
  }
}

template <typename T, typename Tag, unsigned Elems>
vector<T, Elems> to_vector(const accum<Tag, Elems>& acc, int shift) {
  if constexpr (std::is_same_v<Tag, accfloat> && std::is_same_v<T, float>) {
    return vector_of<T, Elems>(
        [&](unsigned i) { return move_to_x<T>(acc.source(i).bits, acc.parts()[i]); });
  } else if constexpr (std::is_same_v<Tag, accfloat> && std::is_same_v<T, bfloat16>) {
    if constexpr (Elems == 16) {
      return vector_of<T, Elems>([&](unsigned i) { return convert_down(acc.source(i)); });
    } else {
      const auto low = convert_down(acc.source(0)), high = convert_down(acc.source(1));
      return {host_aie::concat(low.bits, high.bits), {join({low.part, high.part}, Class::x)}};
    }
  } else if constexpr (std::is_same_v<Tag, acc32> && std::is_same_v<T, int32> && Elems == 32) {
    sotto::npu::host::check_no_shift(shift);
    return vector_of<T, Elems>([&](unsigned i) {
      const auto lanes = acc.host().template extract<16>(i).template cast_to<accfloat>();
      return move_to_x<T>(lanes, half_of_cm(acc.parts()[0], i));
    });
  } else {
    static_assert(std::is_same_v<Tag, acc32> && std::is_same_v<T, int16> && Elems == 32,
                  "the recorder does not know how this accumulator becomes this vector");
    return vector_of<T, Elems>([&](unsigned) { return srs<T>(acc.source(0), shift); });
  }
}

template <typename To, typename Tag, unsigned Elems>
To accum_cast(const accum<Tag, Elems>& acc) {
  const auto bits = acc.host().template cast_to<typename To::value_type>();
  if constexpr (To::kParts == accum<Tag, Elems>::kParts) {
    return {bits, {acc.parts()[0]}};
  } else if constexpr (To::kParts == 1) {
    return {bits, {join({acc.parts()[0], acc.parts()[1]}, Class::cm)}};
  } else {
    return {bits, {half_of_cm(acc.parts()[0], 0), half_of_cm(acc.parts()[0], 1)}};
  }
}

// --- products. Control words: signs, zeroing and the shape of a product (llvm-aie: aiev2_vmac).

inline constexpr int kFloatMatrix = 28, kFloatLanes = 60, kInt8Matrix = 776, kFloatSum = 28,
                     kIntSum = 0;
template <typename A, typename B>
inline constexpr int kInt16Lanes =
    56 + (std::is_signed_v<A> ? 512 : 0) + (std::is_signed_v<B> ? 256 : 0);

/// c and the product of a and b by an instruction with a control word.
template <typename F, typename C, typename A, typename B>
Source<C> multiply_add(Opcode opcode, F compute, int control, const Source<C>& c,
                       const Source<A>& a, const Source<B>& b) {
  const auto with_control = [compute](const C& z, const A& x, const B& y, uint32) {
    return compute(z, x, y);
  };
  const Part part = record({opcode, "", c.wanted}, with_control, c, a, b, mode(control));
  return {compute(c.bits, a.bits, b.bits), part, c.wanted};
}
template <typename C, typename F, typename A, typename B>
Source<C> multiply(Opcode opcode, F compute, int control, Class cls, const Source<A>& a,
                   const Source<B>& b) {
  const auto with_control = [compute](const A& x, const B& y, uint32) { return compute(x, y); };
  const Part part = record({opcode, "", cls}, with_control, a, b, mode(control));
  return {compute(a.bits, b.bits), part, cls};
}

/// a + b or a - b of accumulators.
template <bool kSubtract, typename Tag, unsigned Elems>
Source<HostAccum<Tag, Elems>> sum(const Source<HostAccum<Tag, Elems>>& a,
                                  const Source<HostAccum<Tag, Elems>>& b) {
  using A = HostAccum<Tag, Elems>;
  constexpr bool kIsFloat = std::is_same_v<Tag, accfloat>;
  const auto compute = [](const A& x, const A& y, uint32) {
    return kSubtract ? host_aie::sub(x, y) : host_aie::add(x, y);
  };
  constexpr Opcode kOpcode = kIsFloat ? (kSubtract ? Opcode::vsub_f : Opcode::vadd_f)
                                      : (kSubtract ? Opcode::vacc_sub : Opcode::vacc_add);
  const Part part =
      record({kOpcode, "", a.wanted}, compute, a, b, mode(kIsFloat ? kFloatSum : kIntSum));
  return {compute(a.bits, b.bits, 0), part, a.wanted};
}

/// Zeros; integers are cleared in a cm, floats in a bm.
template <typename Tag, unsigned Elems>
Source<HostAccum<Tag, Elems>> clear() {
  constexpr bool kIsFloat = std::is_same_v<Tag, accfloat>;
  const auto compute = [] { return host_aie::zeros<Tag, Elems>(); };
  constexpr Class kClass = kIsFloat ? Class::bm : Class::cm;
  const Part part = record({kIsFloat ? Opcode::vclr_f : Opcode::vclr, "", kClass}, compute);
  return {compute(), part, kClass};
}

// --- lanes of an x

template <typename F, typename V>
Source<V> lanes(Opcode opcode, const std::string& suffix, F compute, const Source<V>& a,
                const Source<V>& b, std::vector<Class> also_writes = {}) {
  const Part part = record({opcode, suffix, Class::x, std::move(also_writes)}, compute, a, b);
  return {compute(a.bits, b.bits), {part.value, 0, a.part.units}, Class::x};
}

template <typename V>
Source<V> select(const std::string& suffix, const Source<V>& a, const Source<V>& b,
                 const Source<uint32>& mask) {
  static_assert(V::size() <= 32, "the recorder selects no bytes");
  const auto compute = [](const V& x, const V& y, uint32 bits) {
    return host_aie::select(x, y, host_aie::mask<V::size()>::from_uint32(bits));
  };
  const Part part = record({Opcode::vsel, suffix, Class::x}, compute, a, b, mask);
  return {compute(a.bits, b.bits, mask.bits), {part.value, 0, a.part.units}, Class::x};
}

/// A permutation of a and b (512 bits, or the lower half of them) to a whole x.
template <typename T, unsigned Elems>
Source<HostVector<T, 64 / sizeof(T)>> shuffle(const Source<HostVector<T, Elems>>& a,
                                              const Source<HostVector<T, Elems>>& b,
                                              unsigned shuffle_mode) {
  using V = HostVector<T, Elems>;
  constexpr unsigned kLanes = 64 / sizeof(T);
  const auto compute = [](const V& x, const V& y, uint32 by) {
    return ::shuffle(x.template grow<kLanes>(), y.template grow<kLanes>(), by);
  };
  const Part part = record({Opcode::vshuffle, "", Class::x}, compute, a, b, mode(shuffle_mode));
  return {compute(a.bits, b.bits, shuffle_mode), part, Class::x};
}

/// The lanes from byte `bytes` on.
template <typename V>
Source<V> shift_down(const Source<V>& a, unsigned bytes) {
  const auto compute = [](const V& x, const V& y, uint32 by) { return ::shift_bytes(x, y, by); };
  const Part part = record({Opcode::vshift, "", Class::x}, compute, a, a, mode(bytes));
  return {compute(a.bits, a.bits, bytes), part, Class::x};
}

}  // namespace recorded_aie::detail::table
