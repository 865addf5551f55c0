// What the tests of the CPU engine share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/isa.h"
#include "model/compute_type.h"
#include "model/config.h"

namespace sotto::cpu::testing {

/// No size is a multiple of a tile, and a head is 12 wide.
inline constexpr model::Dims kOddDims = {.n_mels = 7,
                                         .n_audio_ctx = 77,
                                         .n_audio_state = 36,
                                         .n_audio_head = 3,
                                         .n_audio_layer = 2,
                                         .n_audio_ffn = 50,
                                         .n_vocab = 101,
                                         .n_text_ctx = 41,
                                         .n_text_state = 36,
                                         .n_text_head = 3,
                                         .n_text_layer = 2,
                                         .n_text_ffn = 50};

inline std::string isa_name(const ::testing::TestParamInfo<Isa>& info) {
  return std::string(name_of(info.param));
}

/// All that models compute in.
inline constexpr model::ComputeType kComputeTypes[] = {
    model::ComputeType::float32, model::ComputeType::bfloat16, model::ComputeType::int8,
    model::ComputeType::int8_float32, model::ComputeType::int8_two_bytes};

/// Parameters of a test in every type under every instruction set.
using IsaAndType = std::tuple<Isa, model::ComputeType>;
inline std::string isa_and_type_name(const ::testing::TestParamInfo<IsaAndType>& info) {
  const auto [isa, type] = info.param;
  return concat(name_of(isa), "_", name_of(type));
}

/// ‖actual − expected‖ / ‖expected‖
template <typename Actual, typename Expected>
double relative_l2(const Actual& actual, const Expected& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = expected[i];
    error += (actual[i] - e) * (actual[i] - e);
    norm += e * e;
  }
  return std::sqrt(error / norm);
}

/// Numbers of a normal distribution, always the same for a seed.
inline std::vector<float> normal_numbers(std::size_t n, std::uint32_t seed, float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> numbers(n);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

}  // namespace sotto::cpu::testing
