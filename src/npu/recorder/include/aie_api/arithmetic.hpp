// Sums, products, comparisons, selections, shifts and reductions.
#pragma once

#include "table.hpp"

namespace recorded_aie {

// --- constants

template <sotto::npu::host::Element T, unsigned Elems = native_vector_length_v<T>, typename Value>
vector<T, Elems> broadcast(const Value& value) {
  using sotto::npu::recorder::plain_t;
  const sotto::npu::recorder::Recorded<T> lane = [&] {
    if constexpr (std::is_same_v<Value, plain_t<Value>>) {
      return sotto::npu::recorder::Recorded<T>(static_cast<T>(value));
    } else {
      return value.template as<T>();
    }
  }();
  constexpr unsigned kLanes = vector<T, Elems>::kLanes;
  const auto once = detail::table::broadcast<T, kLanes>(lane);
  return vector_of<T, Elems>([&](unsigned) { return once; });
}
template <sotto::npu::host::Element T, unsigned Elems = native_vector_length_v<T>>
vector<T, Elems> zeros() {
  return broadcast<T, Elems>(T(0));
}
template <sotto::npu::host::AccumTag Tag, unsigned Elems>
accum<Tag, Elems> zeros() {
  using Accum = accum<Tag, Elems>;
  return accum_of<Tag, Elems>([](unsigned) { return detail::table::clear<Tag, Accum::kLanes>(); });
}

// --- accumulators

template <typename Tag, unsigned Elems>
accum<Tag, Elems> add(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b) {
  return accum_of<Tag, Elems>(
      [&](unsigned i) { return detail::table::sum<false>(a.source(i), b.source(i)); });
}
template <typename Tag, unsigned Elems>
accum<Tag, Elems> sub(const accum<Tag, Elems>& a, const accum<Tag, Elems>& b) {
  return accum_of<Tag, Elems>(
      [&](unsigned i) { return detail::table::sum<true>(a.source(i), b.source(i)); });
}

// --- products lane by lane

namespace detail {

inline table::HostVector<bfloat16, 16> half_bits(const vector<bfloat16, 16>& v, unsigned) {
  return v.host();
}
inline table::HostVector<bfloat16, 16> half_bits(const vector<bfloat16, 32>& v, unsigned i) {
  return v.host().extract<16>(i);
}
/// Lanes 16 i … of v, filled up with zeros.
template <unsigned Elems>
Source<table::HostVector<bfloat16, 32>> filled_up(const vector<bfloat16, Elems>& v, unsigned i) {
  const Part part = v.parts()[0];
  return table::with_zeros(half_bits(v, i), {part.value, part.first + static_cast<int>(i), 1});
}

template <bool kSubtract>
auto float_product() {
  using A = table::HostAccum<accfloat, 16>;
  using V = table::HostVector<bfloat16, 32>;
  return [](const A& c, const V& a, const V& b) {
    const auto x = a.extract<16>(0), y = b.extract<16>(0);
    return kSubtract ? host_aie::msc(c, x, y) : host_aie::mac(c, x, y);
  };
}
template <bool kSubtract, typename A, typename B>
auto int_product() {
  return [](const table::HostAccum<acc32, 32>& c, const table::HostVector<A, 32>& a,
            const table::HostVector<B, 32>& b) {
    return kSubtract ? host_aie::msc(c, a, b) : host_aie::mac(c, a, b);
  };
}

template <bool kSubtract, typename Tag, unsigned Elems, typename A, typename B>
accum<Tag, Elems> multiply_add(const accum<Tag, Elems>& c, const vector<A, Elems>& a,
                               const vector<B, Elems>& b) {
  if constexpr (std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>) {
    return accum_of<Tag, Elems>([&](unsigned i) {
      return table::multiply_add(kSubtract ? Opcode::vmsc_f : Opcode::vmac_f,
                                 float_product<kSubtract>(), table::kFloatLanes, c.source(i),
                                 filled_up(a, i), filled_up(b, i));
    });
  } else {
    static_assert(sizeof(A) == 2 && sizeof(B) == 2 && Elems == 32 && std::is_same_v<Tag, acc32>,
                  "the recorder does not know this product");
    return accum_of<Tag, Elems>([&](unsigned) {
      return table::multiply_add(kSubtract ? Opcode::vmsc : Opcode::vmac,
                                 int_product<kSubtract, A, B>(), table::kInt16Lanes<A, B>,
                                 c.source(0), a.source(0), b.source(0));
    });
  }
}

}  // namespace detail

template <typename Tag, unsigned Elems, typename A, typename B>
accum<Tag, Elems> mac(const accum<Tag, Elems>& c, const vector<A, Elems>& a,
                      const vector<B, Elems>& b) {
  return detail::multiply_add<false>(c, a, b);
}
template <typename Tag, unsigned Elems, typename A, typename B>
accum<Tag, Elems> msc(const accum<Tag, Elems>& c, const vector<A, Elems>& a,
                      const vector<B, Elems>& b) {
  return detail::multiply_add<true>(c, a, b);
}
/// From zeros, which the instruction then does not need (simplify.h).
template <typename Tag = accauto, typename A, typename B, unsigned Elems>
auto mul(const vector<A, Elems>& a, const vector<B, Elems>& b) {
  return mac(zeros<sotto::npu::host::accum_tag_t<Tag, A, B>, Elems>(), a, b);
}

// The intrinsics acc[i] ± (a[i] b[i] + a[i + 16] b[i + 16]).
#define SOTTO_RECORDED_ELEM_16_2(name, opcode, host_name)                                        \
  inline accum<accfloat, 16> name(const vector<bfloat16, 32>& a, const vector<bfloat16, 32>& b,  \
                                  const accum<accfloat, 16>& acc) {                              \
    using A = detail::table::HostAccum<accfloat, 16>;                                            \
    using V = detail::table::HostVector<bfloat16, 32>;                                           \
    const auto compute = [](A sum, const V& x, const V& y) {                                     \
      sotto::npu::host::host_name(sum.data(), x.data(), y.data());                               \
      return sum;                                                                                \
    };                                                                                           \
    return accum_of<accfloat, 16>([&](unsigned) {                                                \
      return detail::table::multiply_add(detail::Opcode::opcode, compute,                        \
                                         detail::table::kFloatLanes, acc.source(0), a.source(0), \
                                         b.source(0));                                           \
    });                                                                                          \
  }
SOTTO_RECORDED_ELEM_16_2(mac_elem_16_2, vmac_f, mac_elementwise_16x2)
SOTTO_RECORDED_ELEM_16_2(msc_elem_16_2, vmsc_f, msc_elementwise_16x2)
#undef SOTTO_RECORDED_ELEM_16_2

// --- lanes

#define SOTTO_RECORDED_LANES(name, opcode, suffix, ...)                                        \
  template <typename T, unsigned Elems>                                                        \
    requires(!std::is_same_v<T, bfloat16> || detail::Opcode::opcode != detail::Opcode::vadd)   \
  vector<T, Elems> name(const vector<T, Elems>& a, const vector<T, Elems>& b) {                \
    return vector_of<T, Elems>([&](unsigned i) {                                               \
      using V = host_aie::vector<T, vector<T, Elems>::kLanes>;                                 \
      return detail::table::lanes(detail::Opcode::opcode, detail::table::suffix<T>(),          \
                                  [](const V& x, const V& y) { return host_aie::name(x, y); }, \
                                  a.source(i), b.source(i), {__VA_ARGS__});                    \
    });                                                                                        \
  }                                                                                            \
  template <typename T, unsigned Elems>                                                        \
  vector<T, Elems> name(const vector<T, Elems>& a, std::type_identity_t<T> b) {                \
    return name(a, broadcast<T, Elems>(b));                                                    \
  }
SOTTO_RECORDED_LANES(max, vmax_lt, masked_type, detail::Class::r16_23)
SOTTO_RECORDED_LANES(min, vmin_ge, masked_type, detail::Class::r16_23)
SOTTO_RECORDED_LANES(add, vadd, lane_bits)
SOTTO_RECORDED_LANES(sub, vsub, lane_bits)
SOTTO_RECORDED_LANES(bit_and, vband, no_lanes)
#undef SOTTO_RECORDED_LANES

template <typename T, unsigned Elems>
mask<Elems> gt(const vector<T, Elems>& a, const vector<T, Elems>& b) {
  static_assert(vector<T, Elems>::kParts == 1);
  using V = host_aie::vector<T, Elems>;
  const auto compute = [](const V& x, const V& y) { return host_aie::lt(x, y).to_uint32(); };
  const auto x = b.source(0), y = a.source(0);
  const detail::Part part = detail::record(
      {detail::Opcode::vlt, detail::table::masked_type<T>(), detail::Class::r16_23}, compute, x, y);
  return {compute(x.bits, y.bits), part};
}

template <typename T, unsigned Elems>
vector<T, Elems> select(const vector<T, Elems>& a, const vector<T, Elems>& b,
                        const mask<Elems>& m) {
  static_assert(vector<T, Elems>::kParts == 1);
  return vector_of<T, Elems>([&](unsigned) {
    return detail::table::select(detail::table::lane_bits<T>(), a.source(0), b.source(0),
                                 m.source());
  });
}

template <typename T, unsigned Elems>
vector<T, Elems> upshift(const vector<T, Elems>& v, int shift) {
  static_assert(std::is_same_v<T, int32> && Elems == 16, "the recorder shifts 16 words");
  return vector_of<T, Elems>([&](unsigned) {
    return detail::table::srs<T>(detail::table::ups<acc64>(v.source(0), shift), 0);
  });
}
template <typename T, unsigned Elems>
vector<T, Elems> downshift(const vector<T, Elems>& v, int shift) {
  static_assert(std::is_same_v<T, int32> && Elems == 16, "the recorder shifts 16 words");
  return vector_of<T, Elems>([&](unsigned) {
    return detail::table::srs<T>(detail::table::ups<acc64>(v.source(0), 0), shift);
  });
}

// --- reductions: the register is folded onto itself, by half of what is left each time

template <typename T, unsigned Elems>
sotto::npu::recorder::Recorded<T> reduce_max(const vector<T, Elems>& v) {
  static_assert(vector<T, Elems>::kBytes == 64);
  vector<T, Elems> folded = v;
  for (unsigned bytes = 32; bytes >= sizeof(T); bytes /= 2) {
    const auto other = vector_of<T, Elems>(
        [&](unsigned) { return detail::table::shift_down(folded.source(0), bytes); });
    folded = max(folded, other);
  }
  return folded.get(0);
}

template <unsigned Elems>
sotto::npu::recorder::Recorded<float> reduce_add(const vector<float, Elems>& v) {
  using detail::table::move_to_bm, detail::table::move_to_x;
  auto total = move_to_bm(v.source(0));
  if constexpr (Elems == 32) {
    total = detail::table::sum<false>(total, move_to_bm(v.source(1)));
  }
  for (unsigned bytes = 32; bytes >= sizeof(float); bytes /= 2) {
    const auto lanes = move_to_x<float>(total.bits, total.part);
    total = detail::table::sum<false>(total, move_to_bm(detail::table::shift_down(lanes, bytes)));
  }
  return detail::table::extract_lane<float>(move_to_x<float>(total.bits, total.part), 0);
}

}  // namespace recorded_aie
