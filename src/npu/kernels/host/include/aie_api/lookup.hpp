// Tables in data memory that the core reads four lanes at a time: parallel_lookup and
// linear_approx.
//
// Layout: the memory has four 128-bit banks, and the core reads one entry from each. So a table is
// there four times: every line of 16 bytes is followed by its copy, and the whole of that is stored
// twice, as `ab` and `cd`. Entry e of b bytes lies at byte 32 (e / n) + b (e mod n), n = 16 / b.
// Here all four copies are read and must agree; on the core a lane takes whichever bank serves it.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "elementwise.hpp"
#include "intrinsics.hpp"
#include "multiply.hpp"

namespace aie {

/// What happens to an index outside the table: clamped, or taken modulo its size.
enum class lut_oor_policy { saturate, truncate };

/// A table of `elems` entries for `ParallelAccesses` lanes at a time; the core has four.
template <unsigned ParallelAccesses, typename OffsetType, typename SlopeType = OffsetType>
struct lut {
  static_assert(ParallelAccesses == 4, "AIE2 kernels use tables for four parallel accesses");

  lut(unsigned elems, const void* ab, const void* cd)
      : LUT_elems_(elems), LUT_ab_(ab), LUT_cd_(cd) {}

  unsigned LUT_elems_;
  const void* LUT_ab_;
  const void* LUT_cd_;
};

}  // namespace aie

namespace sotto::npu::host {

/// Entry `index` of a table with entries of type Entry.
template <typename Entry, typename O, typename S>
Entry read_table(const aie::lut<4, O, S>& table, unsigned index) {
  constexpr unsigned kPerLine = 16 / sizeof(Entry);
  check_index(index, table.LUT_elems_);
  const std::size_t at = 32 * (index / kPerLine) + sizeof(Entry) * (index % kPerLine);
  const auto read = [at](const void* base, std::size_t copy) {
    Entry entry;
    std::memcpy(static_cast<void*>(&entry), static_cast<const char*>(base) + at + copy,
                sizeof(entry));
    return entry;
  };
  const Entry entry = read(table.LUT_ab_, 0);
  for (const Entry& copy :
       {read(table.LUT_ab_, 16), read(table.LUT_cd_, 0), read(table.LUT_cd_, 16)}) {
    if (std::memcmp(&entry, &copy, sizeof(entry)) != 0) [[unlikely]] {
      fail(ErrorKind::unsupported, "entry ", index, " of a table of ", table.LUT_elems_,
           " differs between its four copies: every 16 bytes must be there twice, and the whole "
           "in both halves");
    }
  }
  return entry;
}

}  // namespace sotto::npu::host

namespace aie {

template <typename Key, typename Table, lut_oor_policy policy = lut_oor_policy::saturate>
class parallel_lookup;

/// table[(key >> step_bits) + bias]. Values of one byte lie in the table as 16-bit numbers and are
/// packed on the way out, so the saturation register has a say. Unsigned keys that are taken modulo
/// the size have no bias: aie_api leaves it out and takes the keys modulo something else.
/// The trap: the shift is an SRS of step_bits − q bits (q = 2 for entries up to two bytes, 3 for
/// four), and what it drops is rounded by the rounding register. Only under floor is
/// the entry that of the key; to nearest, keys within the last 2^-(q+1) of a step read the next
/// entry (aie_api, detail/aie2/parallel_lookup.hpp).
template <typename Key, typename Value, lut_oor_policy policy>
class parallel_lookup<Key, lut<4, Value, Value>, policy> {
 public:
  explicit parallel_lookup(const lut<4, Value, Value>& table, unsigned step_bits = 0,
                           unsigned bias = 0)
      : table_(table), step_bits_(static_cast<int>(step_bits)), bias_(static_cast<int>(bias)) {
    if (bias != 0 && std::is_unsigned_v<Key> && policy == lut_oor_policy::truncate) {
      sotto::fail(sotto::ErrorKind::unsupported, "parallel_lookup with a bias of ", bias,
                  " of unsigned keys that are truncated: aie_api does not add it and masks with "
                  "another size; begin the table where the keys do");
    }
  }

  template <unsigned Elems>
  vector<Value, Elems> fetch(const vector<Key, Elems>& keys) const {
    constexpr int kFraction = sizeof(Value) <= 2 ? 2 : 3;
    const vector<int32, Elems> scaled =
        accum<acc64, Elems>(keys).template to_vector<int32>(step_bits_ - kFraction);
    vector<Value, Elems> result;
    for (unsigned i = 0; i < Elems; ++i) {
      const int index = in_range((scaled.data()[i] >> kFraction) + bias_);
      result.data()[i] = value_at(static_cast<unsigned>(index));
    }
    return result;
  }
  template <unsigned ElemsOut, unsigned Elems>
  vector<Value, ElemsOut> fetch(const vector<Key, Elems>& keys) const {
    return fetch(keys).template extract<ElemsOut>(0);
  }

 private:
  Value value_at(unsigned index) const {
    if constexpr (sizeof(Value) == 1) {
      using Stored = typename sotto::npu::host::Resized<Value>::twice;
      return sotto::npu::host::saturate<Value>(sotto::npu::host::read_table<Stored>(table_, index),
                                               sotto::npu::host::core().saturation);
    } else {
      return sotto::npu::host::read_table<Value>(table_, index);
    }
  }

  int in_range(int index) const {
    const int last = static_cast<int>(table_.LUT_elems_) - 1;
    if constexpr (policy == lut_oor_policy::truncate) {
      return index & last;
    } else {
      return index < 0 ? 0 : index > last ? last : index;
    }
  }

  lut<4, Value, Value> table_;
  int step_bits_;
  int bias_;
};

template <typename T, typename Table>
class linear_approx;

/// slope · x + offset, with slope and offset of the segment that x lies in: number
/// floor(x / 2^step_bits) + bias, clamped to the table. An entry is two floats, slope and offset;
/// of the slope the upper half, a bfloat16, is used (aie_api, detail/aie2/linear_approx.hpp).
template <>
class linear_approx<bfloat16, lut<4, float, bfloat16>> {
 public:
  linear_approx(const lut<4, float, bfloat16>& table, int step_bits, int bias = 0,
                int shift_offset = 0)
      : table_(table), step_bits_(step_bits), bias_(bias) {
    if (shift_offset != 0) {
      sotto::fail(sotto::ErrorKind::unsupported,
                  "linear_approx of bfloat16 takes no shift_offset, not ", shift_offset);
    }
  }

  template <unsigned Elems>
  accum<accfloat, Elems> compute(const vector<bfloat16, Elems>& x) const {
    // Sixteen table bytes make one entry; the core works with that finer index and clamps it.
    constexpr int kFraction = 4;
    const int lowest = -(bias_ << kFraction);
    const int highest = (static_cast<int>(table_.LUT_elems_) << kFraction) - 1 + lowest;
    accum<accfloat, Elems> offsets;
    vector<bfloat16, Elems> slopes;
    for (unsigned i = 0; i < Elems; ++i) {
      int index = sotto::npu::host::floor_to_int(x.data()[i], kFraction - step_bits_);
      index = index < lowest ? lowest : index > highest ? highest : index;
      const auto [slope, offset] = sotto::npu::host::read_table<std::array<float, 2>>(
          table_, static_cast<unsigned>((index - lowest) >> kFraction));
      slopes.data()[i] =
          bfloat16::from_bits(static_cast<uint16>(std::bit_cast<uint32>(slope) >> 16));
      offsets.data()[i] = offset;
    }
    return mac(offsets, slopes, x);
  }

 private:
  lut<4, float, bfloat16> table_;
  int step_bits_;
  int bias_;
};

/// slope · (x mod 2^step_bits) + offset · 2^shift_offset for integers: T int8 or int16, Offset the
/// same or, for int16, int32. An entry is slope and offset.
template <typename T, typename Offset>
  requires std::is_integral_v<T>
class linear_approx<T, lut<4, Offset, Offset>> {
 public:
  using accum_tag = std::conditional_t<sizeof(T) == 1, acc32, acc64>;

  linear_approx(const lut<4, Offset, Offset>& table, unsigned step_bits, int bias = 0,
                int shift_offset = 0)
      : table_(table),
        step_bits_(static_cast<int>(step_bits)),
        bias_(bias),
        shift_offset_(shift_offset) {
    if (step_bits > 8 * sizeof(T)) {
      sotto::fail(sotto::ErrorKind::unsupported, "linear_approx in steps of 2^", step_bits,
                  " of keys of ", 8 * sizeof(T), " bits: there would be one step for all of them");
    }
  }

  template <unsigned Elems>
  accum<accum_tag, Elems> compute(const vector<T, Elems>& x) const {
    const int last = static_cast<int>(table_.LUT_elems_) - 1;
    // The index becomes unsigned before it is clamped from above: what lies below the table reads
    // its last entry, or with saturation the first.
    const bool wraps = sotto::npu::host::core().saturation == sotto::npu::host::Saturation::none;
    const int below = wraps ? last : 0;
    accum<accum_tag, Elems> result;
    for (unsigned i = 0; i < Elems; ++i) {
      // The core subtracts the remainder before it shifts, so no rounding mode matters.
      const int index = (x.data()[i] >> step_bits_) + bias_;
      const int remainder = x.data()[i] & ((1 << step_bits_) - 1);
      const auto [slope, offset] = sotto::npu::host::read_table<std::array<Offset, 2>>(
          table_, static_cast<unsigned>(index < 0 ? below : std::min(index, last)));
      using Lane = sotto::npu::host::accum_lane_t<accum_tag>;
      result.data()[i] = sotto::npu::host::wrapping_add(
          sotto::npu::host::wrapping_shift_left<Lane>(offset, shift_offset_),
          sotto::npu::host::wrapping_mul<Lane>(slope, remainder));
    }
    return result;
  }

 private:
  lut<4, Offset, Offset> table_;
  int step_bits_;
  int bias_;
  int shift_offset_;
};

}  // namespace aie
