// The declared aie::mask: one bit per lane.
#pragma once

#include "types.hpp"

namespace aie {

template <unsigned Elems>
class mask {
 public:
  static constexpr unsigned size() { return Elems; }

  mask();
  mask(const mask&);
  mask& operator=(const mask&);
  template <typename... Words>
    requires(sizeof...(Words) <= (Elems + 31) / 32)
  static mask from_uint32(Words... words);
  template <typename... Words>
    requires(sizeof...(Words) <= (Elems + 63) / 64)
  static mask from_uint64(Words... words);
  template <unsigned Part, unsigned... Parts>
  static mask from_masks(const mask<Part>& first, const mask<Parts>&... others);
  uint32 to_uint32() const;
  uint64 to_uint64() const;
  uint32 to_uint32(unsigned i) const;
  uint64 to_uint64(unsigned i) const;

  bool test(unsigned lane) const;
  bool operator[](unsigned lane) const;
  void set(unsigned lane, bool value = true);
  void clear(unsigned lane);
  void toggle(unsigned lane);
  void set();
  void clear();
  unsigned count() const;
  bool empty() const;
  bool full() const;
  unsigned ctz() const;
  unsigned clz() const;
  template <unsigned ElemsOut>
  mask<ElemsOut> extract(unsigned index) const;
  template <unsigned ElemsOut>
  mask<ElemsOut> get_submask(unsigned index) const;
  template <unsigned ElemsIn>
  mask& insert(unsigned index, const mask<ElemsIn>& part);
  mask operator~() const;
  mask operator&(const mask&) const;
  mask operator|(const mask&) const;
  mask operator^(const mask&) const;
  mask& operator&=(const mask&);
  mask& operator|=(const mask&);
  mask& operator^=(const mask&);
  mask operator<<(unsigned lanes) const;
  mask operator>>(unsigned lanes) const;
  mask& operator<<=(unsigned lanes);
  mask& operator>>=(unsigned lanes);
  bool operator==(const mask&) const;

 private:
  uint32 opaque_[(Elems + 31) / 32];
};

}  // namespace aie
