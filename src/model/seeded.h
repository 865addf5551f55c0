// Made-up weights, for tests and for measurements, whose time does not depend on the numbers: every
// number follows from a name and a seed, so that another language can make the same ones.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/weights.h"

namespace sotto::model {

/// Pseudo-random numbers that follow from a name and a seed: state = fnv1a64(name) xor
/// seed · 0x9E3779B97F4A7C15; each element is the next splitmix64 output z (state +=
/// 0x9E3779B97F4A7C15 first), taken as
///   u = (z >> 40) · 2⁻²³ − 1 in [−1, 1),  value = float(offset + scale · u).
std::vector<float> seeded_numbers(std::string_view name, std::uint64_t seed, std::size_t size,
                                  double offset, double scale);

/// Random weights for all tensors of a model of these sizes, in f32: seeded_numbers() of the
/// tensor's name, row-major. offset is 1 for the weights of LayerNorms, else 0; scale is 0.1 for
/// one dimension, and sqrt(3 / fan_in) for more, fan_in being the product of all sizes but the
/// first. encoder.positional_embedding is openai/whisper's sinusoids() instead.
Weights seeded_weights(const Dims& dims, std::uint64_t seed);

}  // namespace sotto::model
