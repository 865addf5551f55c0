// aie::sparse_vector<T, Elems>: a vector of which at least two of every four neighbours are zero,
// and aie::sparse_vector_input_buffer_stream, which reads such vectors from memory.
//
// A cell is a byte of 4- and 8-bit elements and a whole 16-bit element; four cells are a group. In
// memory every 64 bytes of elements are a mask of 64 bits, one for each byte, lowest first, then
// the bytes whose bit is set, then up to three bytes that align the next mask to four bytes
// (aie_api, aie_doc.hpp: sparse data format). The load unit turns that into the mask and two cells
// for each group, the first for position 0, 1 or 2, the second for 1, 2 or 3: a lone one of
// positions 0 and 1 is the first, a lone one of 2 and 3 the second; the others are zero.
// The multiplier lets the pairs find their places by the mask again (xdna-emu, vmac_hw.rs:
// decode_mask).
//
// More than two cells of a group, or half of a 16-bit element, are refused: what the load unit
// makes of them is not known. A buffer begins at a multiple of 32 bytes, for the same reason.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "vector.hpp"

namespace sotto::npu::host {

/// The sizes that aie_api has on AIE2 (detail/aie2/sparse_vector_native_types.hpp).
template <typename T, unsigned Elems>
concept SparseSize =
    (Nibble<T> && Elems == 256) ||
    ((std::is_same_v<T, int8> || std::is_same_v<T, uint8>)&&(Elems == 128 || Elems == 256)) ||
    ((std::is_same_v<T, int16> || std::is_same_v<T, uint16> ||
      std::is_same_v<T, bfloat16>)&&(Elems == 64 || Elems == 128));

/// Which of a group's four cells its two stored ones are; -1 for none.
struct SparsePair {
  int first = -1, second = -1;
};

/// From the group's mask, a bit for each cell.
inline SparsePair sparse_pair(unsigned mask) {
  const int lowest = std::countr_zero(mask), highest = std::bit_width(mask) - 1;
  switch (std::popcount(mask)) {
    case 0:
      return {};
    case 1:
      return lowest < 2 ? SparsePair{lowest, -1} : SparsePair{-1, lowest};
    case 2:
      return {lowest, highest};
    default:
      fail(ErrorKind::unsupported, "a sparse vector has ", std::popcount(mask),
           " values in a group of four: the core takes two at most");
  }
}

/// The mask of a group's cells from that of its bytes, which begins with bit 0.
template <typename T>
unsigned sparse_cells(std::uint64_t bytes) {
  if constexpr (sizeof(T) == 1) {
    return static_cast<unsigned>(bytes & 15);
  } else {
    unsigned cells = 0;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned halves = static_cast<unsigned>(bytes >> (2 * i)) & 3;
      if (halves == 1 || halves == 2) {
        fail(ErrorKind::unsupported, "the mask of a sparse vector has one byte of a 16-bit value");
      }
      cells |= (halves & 1) << i;
    }
    return cells;
  }
}

}  // namespace sotto::npu::host

namespace aie {

template <typename T, unsigned Elems>
  requires sotto::npu::host::SparseSize<T, Elems>
class sparse_vector {
  static constexpr unsigned kCellsInGroup = 4;

 public:
  using value_type = T;
  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return sotto::npu::host::element_bits_v<T>; }
  static constexpr unsigned bits() { return Elems * type_bits(); }
  static constexpr unsigned bytes() { return bits() / 8; }
  static constexpr unsigned sparsity_ratio() { return 2; }
  static constexpr unsigned mask_bits() { return bytes(); }
  static constexpr unsigned memory_bits() { return bits() / sparsity_ratio() + mask_bits(); }
  static constexpr unsigned memory_bytes() { return memory_bits() / 8; }
  static constexpr bool is_signed() { return vector<T, Elems>::is_signed(); }
  static constexpr bool is_integral() { return vector<T, Elems>::is_integral(); }
  static constexpr bool is_floating_point() { return vector<T, Elems>::is_floating_point(); }

  /// Undefined on the core. Here multiplying by it fails: every bit of the mask is set.
  sparse_vector() { masks_.fill(~std::uint64_t{0}); }

  template <unsigned ElemsIn>
    requires(ElemsIn == Elems || 2 * ElemsIn == Elems)
  sparse_vector& insert(unsigned index, const sparse_vector<T, ElemsIn>& part) {
    data_.insert(index, part.extract_data());
    std::copy(part.masks().begin(), part.masks().end(),
              masks_.begin() + index * part.masks().size());
    return *this;
  }
  template <unsigned ElemsOut>
    requires(2 * ElemsOut == Elems)
  sparse_vector<T, ElemsOut> extract(unsigned index) const {
    sparse_vector<T, ElemsOut> part;
    part.set(data_.template extract<ElemsOut / 2>(index),
             masks_.data() + index * masks_.size() / 2);
    return part;
  }

  /// The pairs of the groups, one after another.
  vector<T, Elems / 2> extract_data() const { return data_; }

  /// One bit for each byte of all the elements, lowest first.
  const std::array<std::uint64_t, mask_bits() / 64>& masks() const { return masks_; }
  void set(const vector<T, Elems / 2>& data, const std::uint64_t* masks) {
    data_ = data;
    std::copy_n(masks, masks_.size(), masks_.begin());
  }

  /// The mask of the cells of group number `group`.
  unsigned cells(unsigned group) const {
    const unsigned bit = group * kCellsInGroup * sizeof(T);
    return sotto::npu::host::sparse_cells<T>(masks_[bit / 64] >> (bit % 64));
  }

  /// Reads the vector from memory; returns where the next one begins.
  const char* load_compressed(const char* from) {
    std::array<char, bytes() / 2> pairs{};
    char* to = pairs.data();
    for (std::uint64_t& mask : masks_) {
      std::memcpy(&mask, from, sizeof(mask));
      const char* value = from + sizeof(mask);
      for (unsigned byte = 0; byte < 64; byte += kCellsInGroup * sizeof(T), to += 2 * sizeof(T)) {
        const auto pair =
            sotto::npu::host::sparse_pair(sotto::npu::host::sparse_cells<T>(mask >> byte));
        if (pair.first >= 0) value = copy_cell(to, value);
        if (pair.second >= 0) value = copy_cell(to + sizeof(T), value);
      }
      from += (value - from + 3) / 4 * 4;
    }
    std::memcpy(static_cast<void*>(&data_), pairs.data(), sizeof(pairs));
    return from;
  }

 private:
  static const char* copy_cell(char* to, const char* from) {
    std::memcpy(to, from, sizeof(T));
    return from + sizeof(T);
  }

  vector<T, Elems / 2> data_;
  std::array<std::uint64_t, mask_bits() / 64> masks_;
};

/// Reads one sparse vector after another.
template <typename T, unsigned Elems, aie_dm_resource Resource = aie_dm_resource::none>
class sparse_vector_input_buffer_stream {
 public:
  using elem_type = std::remove_const_t<T>;
  using vector_type = sparse_vector<elem_type, Elems>;
  using value_type = vector_type;

  sparse_vector_input_buffer_stream(const elem_type* from)
      : from_(reinterpret_cast<const char*>(from)) {
    sotto::npu::host::check_aligned(from, vector_decl_align, vector_type::memory_bytes());
  }

  vector_type pop() {
    vector_type v;
    from_ = v.load_compressed(from_);
    return v;
  }
  sparse_vector_input_buffer_stream& operator>>(vector_type& v) {
    v = pop();
    return *this;
  }

 private:
  const char* from_;
};

}  // namespace aie
