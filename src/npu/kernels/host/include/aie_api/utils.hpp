// Helpers for kernels on a simulator or a host: printing registers.
#pragma once

#include <cstdio>

#include "accum.hpp"
#include "mask.hpp"
#include "vector.hpp"

namespace aie {

/// Prints `text`, then the lanes, then a newline if asked to.
template <typename T, unsigned Elems>
void print(const vector<T, Elems>& v, bool newline = false, const char* text = "") {
  std::printf("%s", text);
  for (unsigned i = 0; i < Elems; ++i) {
    if constexpr (sotto::npu::host::is_floating_v<T>) {
      std::printf("%g ", static_cast<double>(static_cast<float>(v.data()[i])));
    } else {
      std::printf("%lld ", static_cast<long long>(v.data()[i]));
    }
  }
  if (newline) std::printf("\n");
}
template <unsigned Elems>
void print(const mask<Elems>& m, bool newline = false, const char* text = "") {
  std::printf("%s", text);
  for (unsigned i = 0; i < Elems; ++i) std::printf("%d ", m.test(i) ? 1 : 0);
  if (newline) std::printf("\n");
}

}  // namespace aie
