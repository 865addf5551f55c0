// Reads the weights of a layer by their names.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cpu/blocks.h"
#include "model/weights.h"

namespace sotto::cpu {

/// Weights under a common prefix, for example "encoder.blocks.0".
class Parameters {
 public:
  /// For layers that keep their weights in `packed`.
  Parameters(const model::Weights& weights, std::string prefix, const PackedWeights& packed)
      : weights_(weights), prefix_(std::move(prefix)), packed_(packed) {}

  Parameters operator/(std::string_view name) const {
    return {weights_, prefix_ + "." + std::string(name), packed_};
  }

  /// The tensor `name` as f32 numbers; nothing when the weights are packed already. Throws
  /// Error{model} as Weights::read() does.
  std::vector<float> read(const std::string& name, const model::Shape& shape) const {
    if (packed_.packed_before()) return {};
    std::size_t size = 1;
    for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
    std::vector<float> numbers(size);
    weights_.read(prefix_ + "." + name, shape, numbers);
    return numbers;
  }

 private:
  const model::Weights& weights_;
  std::string prefix_;
  const PackedWeights& packed_;
};

struct LinearParameters {
  std::vector<float> weight;  ///< n_out × n_in
  std::vector<float> bias;    ///< n_out
};

inline LinearParameters read_linear_parameters(const Parameters& p, int n_out, int n_in) {
  return {.weight = p.read("weight", {n_out, n_in}), .bias = p.read("bias", {n_out})};
}

/// Projections of an attention ("query", "key", "value"), all width × width, as one linear layer
/// with their outputs in this order. Whisper's keys have no bias.
inline LinearParameters read_projection_parameters(const Parameters& p,
                                                   std::initializer_list<std::string_view> names,
                                                   int width) {
  LinearParameters all;
  for (const std::string_view name : names) {
    const std::vector<float> part = (p / name).read("weight", {width, width});
    all.weight.insert(all.weight.end(), part.begin(), part.end());
    if (name == "key") {
      all.bias.insert(all.bias.end(), part.empty() ? 0 : static_cast<std::size_t>(width), 0.0f);
    } else {
      const std::vector<float> part_bias = (p / name).read("bias", {width});
      all.bias.insert(all.bias.end(), part_bias.begin(), part_bias.end());
    }
  }
  return all;
}

/// Linear is BlocksLinear, RowsLinear or another layer that is made as they are.
template <typename Linear, typename Place>
Linear read_linear(const Place& runtime, const Parameters& p, int n_out, int n_in) {
  const LinearParameters linear = read_linear_parameters(p, n_out, n_in);
  return Linear(runtime, linear.weight, linear.bias, n_out, n_in);
}

template <typename Linear, typename Place>
Linear read_projections(const Place& runtime, const Parameters& p,
                        std::initializer_list<std::string_view> names, int width) {
  const LinearParameters linear = read_projection_parameters(p, names, width);
  return Linear(runtime, linear.weight, linear.bias, static_cast<int>(names.size()) * width, width);
}

inline LayerNorm read_layer_norm(const Runtime& runtime, const Parameters& p, int width) {
  return LayerNorm(runtime, p.read("weight", {width}), p.read("bias", {width}), width);
}

}  // namespace sotto::cpu
