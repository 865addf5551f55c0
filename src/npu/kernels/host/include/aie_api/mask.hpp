// aie::mask<Elems>: one bit per lane, written by comparisons and read by select.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>

#include "npu/kernels/host/check.h"

namespace aie {

template <unsigned Elems>
class mask {
 public:
  static constexpr unsigned size() { return Elems; }

  explicit mask(bool all = false) {
    if (all) set();
  }

  /// From words of 32 or 64 bits, lowest lanes first; bits beyond the last lane are ignored.
  template <typename... Words>
    requires(sizeof...(Words) <= (Elems + 31) / 32)
  static mask from_uint32(Words... words) {
    mask result;
    unsigned shift = 0;
    ((result.words_[shift / 64] |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(words))
                                   << (shift % 64),
      shift += 32),
     ...);
    return result.trimmed();
  }
  template <typename... Words>
    requires(sizeof...(Words) <= (Elems + 63) / 64)
  static mask from_uint64(Words... words) {
    mask result;
    unsigned word = 0;
    ((result.words_[word++] = static_cast<std::uint64_t>(words)), ...);
    return result.trimmed();
  }

  /// The lanes of `first`, then those of the others, all equally many.
  template <unsigned Part, unsigned... Parts>
    requires(Part + (Parts + ... + 0) == Elems && ((Parts == Part) && ...))
  static mask from_masks(const mask<Part>& first, const mask<Parts>&... others) {
    mask result;
    unsigned index = 0;
    result.insert(index++, first);
    (result.insert(index++, others), ...);
    return result;
  }

  /// Lanes 32 i, 32 i + 1, … (64 i, …).
  std::uint32_t to_uint32(unsigned i) const {
    sotto::npu::host::check_index(i, (Elems + 31) / 32);
    return static_cast<std::uint32_t>(words_[i / 2] >> (i % 2 * 32));
  }
  std::uint64_t to_uint64(unsigned i) const {
    return words_[sotto::npu::host::check_index(i, (Elems + 63) / 64)];
  }
  std::uint32_t to_uint32() const
    requires(Elems <= 32)
  {
    return static_cast<std::uint32_t>(words_[0]);
  }
  std::uint64_t to_uint64() const
    requires(Elems <= 64)
  {
    return words_[0];
  }

  bool test(unsigned lane) const {
    sotto::npu::host::check_index(lane, Elems);
    return (words_[lane / 64] >> (lane % 64) & 1) != 0;
  }
  bool operator[](unsigned lane) const { return test(lane); }
  void set(unsigned lane, bool value = true) {
    sotto::npu::host::check_index(lane, Elems);
    const std::uint64_t bit = std::uint64_t{1} << (lane % 64);
    words_[lane / 64] = value ? words_[lane / 64] | bit : words_[lane / 64] & ~bit;
  }
  void clear(unsigned lane) { set(lane, false); }
  void toggle(unsigned lane) { set(lane, !test(lane)); }
  void set() { *this = ~mask(); }
  void clear() { *this = mask(); }

  unsigned count() const {
    unsigned total = 0;
    for (const std::uint64_t word : words_) total += static_cast<unsigned>(std::popcount(word));
    return total;
  }
  bool empty() const { return count() == 0; }
  bool full() const { return count() == Elems; }

  /// Lanes below the first that is set; Elems if none is.
  unsigned ctz() const {
    for (unsigned lane = 0; lane < Elems; ++lane) {
      if (test(lane)) return lane;
    }
    return Elems;
  }
  /// Lanes above the last that is set; Elems if none is.
  unsigned clz() const {
    for (unsigned lane = Elems; lane > 0; --lane) {
      if (test(lane - 1)) return Elems - lane;
    }
    return Elems;
  }

  template <unsigned ElemsOut>
  mask<ElemsOut> extract(unsigned index) const {
    const unsigned at = ElemsOut * sotto::npu::host::check_index(index, Elems / ElemsOut);
    mask<ElemsOut> result;
    for (unsigned i = 0; i < ElemsOut; ++i) result.set(i, test(at + i));
    return result;
  }
  template <unsigned ElemsOut>
  mask<ElemsOut> get_submask(unsigned index) const {
    return extract<ElemsOut>(index);
  }
  template <unsigned ElemsIn>
  mask& insert(unsigned index, const mask<ElemsIn>& part) {
    const unsigned at = ElemsIn * sotto::npu::host::check_index(index, Elems / ElemsIn);
    for (unsigned i = 0; i < ElemsIn; ++i) set(at + i, part.test(i));
    return *this;
  }

  mask operator~() const {
    mask result;
    for (unsigned i = 0; i < words_.size(); ++i) result.words_[i] = ~words_[i];
    return result.trimmed();
  }
  mask operator&(const mask& other) const {
    mask result;
    for (unsigned i = 0; i < words_.size(); ++i) result.words_[i] = words_[i] & other.words_[i];
    return result;
  }
  mask operator|(const mask& other) const {
    mask result;
    for (unsigned i = 0; i < words_.size(); ++i) result.words_[i] = words_[i] | other.words_[i];
    return result;
  }
  mask operator^(const mask& other) const {
    mask result;
    for (unsigned i = 0; i < words_.size(); ++i) result.words_[i] = words_[i] ^ other.words_[i];
    return result;
  }
  mask& operator&=(const mask& other) { return *this = *this & other; }
  mask& operator|=(const mask& other) { return *this = *this | other; }
  mask& operator^=(const mask& other) { return *this = *this ^ other; }
  /// Towards higher (lower) lanes; what enters is clear.
  mask operator<<(unsigned lanes) const {
    mask result;
    for (unsigned i = lanes; i < Elems; ++i) result.set(i, test(i - lanes));
    return result;
  }
  mask operator>>(unsigned lanes) const {
    mask result;
    for (unsigned i = lanes; i < Elems; ++i) result.set(i - lanes, test(i));
    return result;
  }
  mask& operator<<=(unsigned lanes) { return *this = *this << lanes; }
  mask& operator>>=(unsigned lanes) { return *this = *this >> lanes; }
  bool operator==(const mask&) const = default;

 private:
  mask trimmed() const {
    mask result = *this;
    if constexpr (Elems % 64 != 0) {
      result.words_.back() &= (std::uint64_t{1} << (Elems % 64)) - 1;
    }
    return result;
  }

  std::array<std::uint64_t, (Elems + 63) / 64> words_{};
};

}  // namespace aie
