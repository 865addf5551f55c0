// What the tests of the host API share: registers full of numbers, and modes set for one test.
#pragma once

#include <gtest/gtest.h>

#include <aie_api/aie.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace sotto::npu::host::testing {

/// The current thread's core as it leaves reset, for the length of a test.
class CoreTest : public ::testing::Test {
 protected:
  CoreState state_;

 private:
  CoreScope scope_{state_};
};

inline constexpr Rounding kAllRoundings[] = {Rounding::floor,           Rounding::ceil,
                                             Rounding::symmetric_floor, Rounding::symmetric_ceil,
                                             Rounding::negative_inf,    Rounding::positive_inf,
                                             Rounding::symmetric_zero,  Rounding::symmetric_inf,
                                             Rounding::conv_even,       Rounding::conv_odd};

/// 0, 1, 2, … from `first` on.
template <typename T, unsigned Elems>
aie::vector<T, Elems> ramp(int first = 0) {
  aie::vector<T, Elems> v;
  for (unsigned i = 0; i < Elems; ++i) v[i] = static_cast<T>(first + static_cast<int>(i));
  return v;
}

/// Any integer of the type; floats within ±scale.
template <typename T, unsigned Elems>
aie::vector<T, Elems> random_vector(unsigned seed, float scale = 4.0f) {
  std::mt19937 engine(seed);
  aie::vector<T, Elems> v;
  for (unsigned i = 0; i < Elems; ++i) {
    if constexpr (is_floating_v<T>) {
      v[i] = static_cast<T>(std::uniform_real_distribution<float>(-scale, scale)(engine));
    } else {
      v[i] = static_cast<T>(engine());
    }
  }
  return v;
}

template <typename T, unsigned Elems>
std::vector<T> lanes(const aie::vector<T, Elems>& v) {
  return std::vector<T>(v.data(), v.data() + Elems);
}
template <typename Tag, unsigned Elems>
std::vector<accum_lane_t<Tag>> lanes(const aie::accum<Tag, Elems>& acc) {
  return std::vector<accum_lane_t<Tag>>(acc.data(), acc.data() + Elems);
}

}  // namespace sotto::npu::host::testing

/// So that failures print numbers.
inline void PrintTo(bfloat16 value, std::ostream* out) {
  *out << static_cast<float>(value);
}
