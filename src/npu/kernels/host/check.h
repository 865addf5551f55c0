// What the core would do silently wrong fails loudly here.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace sotto::npu::host {

[[noreturn]] [[gnu::cold]] inline void bad_index(unsigned index, unsigned size) {
  fail(ErrorKind::unsupported, "index ", index, " of a vector register with ", size,
       " such parts: the core would access another lane");
}

/// `index`, which must be below `size`.
inline unsigned check_index(unsigned index, unsigned size) {
  if (index >= size) [[unlikely]] {
    bad_index(index, size);
  }
  return index;
}

[[noreturn]] [[gnu::cold]] inline void bad_address(const void* address, std::uintptr_t alignment,
                                                   std::uintptr_t bytes) {
  fail(ErrorKind::unsupported, "vector access of ", bytes, " bytes at ", address,
       ", which is not a multiple of ", alignment,
       ": the core would drop the lower bits of the address; align the buffer or use the "
       "unaligned form");
}

/// Fails unless `address` is a multiple of `alignment`, a power of two.
inline void check_aligned(const void* address, std::uintptr_t alignment, std::uintptr_t bytes) {
  if ((reinterpret_cast<std::uintptr_t>(address) & (alignment - 1)) != 0) [[unlikely]] {
    bad_address(address, alignment, bytes);
  }
}

[[noreturn]] [[gnu::cold]] inline void bad_shift(int shift, int lowest) {
  fail(ErrorKind::unsupported, "shift by ", shift,
       " bits between a vector and an accumulator: ", lowest,
       " … 63 mean something; what the core makes of others is not known");
}

/// Fails unless lowest <= shift <= 63.
constexpr void check_shift(int shift, int lowest) {
  if (shift < lowest || shift > 63) [[unlikely]] {
    bad_shift(shift, lowest);
  }
}

}  // namespace sotto::npu::host
