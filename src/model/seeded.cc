#include "model/seeded.h"

#include <cmath>
#include <memory>

#include "base/buffer.h"

namespace sotto::model {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;  // 2^64 / the golden ratio

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

/// Steele, Lea and Flood's splitmix64.
std::uint64_t next_random(std::uint64_t& state) {
  state += kGolden;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

bool is_layer_norm_weight(std::string_view name) {
  return name.ends_with("_ln.weight") || name.ends_with("ln_post.weight") ||
         name.ends_with(".ln.weight");
}

void fill_random(std::string_view name, std::uint64_t seed, double offset, double scale,
                 std::span<float> out) {
  std::uint64_t state = fnv1a64(name) ^ (seed * kGolden);
  for (float& value : out) {
    const double u = static_cast<double>(next_random(state) >> 40) * 0x1p-23 - 1;
    value = static_cast<float>(offset + scale * u);
  }
}

void fill_weights(std::string_view name, const Shape& shape, std::uint64_t seed,
                  std::span<float> out) {
  const double offset = is_layer_norm_weight(name) ? 1 : 0;
  const double fan_in = static_cast<double>(out.size()) / static_cast<double>(shape[0]);
  fill_random(name, seed, offset, shape.size() == 1 ? 0.1 : std::sqrt(3 / fan_in), out);
}

/// openai/whisper's sinusoids(): row t holds sin(t·f) and then cos(t·f) for width/2 frequencies f
/// that fall from 1 to 1/10000 in equal ratios.
void fill_sinusoids(const Shape& shape, std::span<float> out) {
  const auto width = static_cast<std::size_t>(shape[1]);
  const std::size_t half = width / 2;
  const double step = std::log(10000.0) / static_cast<double>(half - 1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto t = static_cast<double>(i / width);
    const std::size_t column = i % width;
    const double angle = t * std::exp(-step * static_cast<double>(column % half));
    out[i] = static_cast<float>(column < half ? std::sin(angle) : std::cos(angle));
  }
}

}  // namespace

std::vector<float> seeded_numbers(std::string_view name, std::uint64_t seed, std::size_t size,
                                  double offset, double scale) {
  std::vector<float> numbers(size);
  fill_random(name, seed, offset, scale, numbers);
  return numbers;
}

Weights seeded_weights(const Dims& dims, std::uint64_t seed) {
  Weights weights;
  weights.source = "seeded weights";
  for (const Part part : {Part::encoder, Part::decoder}) {
    for (auto& [name, shape] : required_tensors(dims, part)) {
      Tensor tensor{DType::f32, shape, nullptr};
      const auto data = std::make_shared<Buffer<float>>(static_cast<std::size_t>(tensor.size()));
      if (name == "encoder.positional_embedding") {
        fill_sinusoids(shape, data->span());
      } else {
        fill_weights(name, shape, seed, data->span());
      }
      tensor.data = reinterpret_cast<const std::byte*>(data->data());
      weights.keep(data);
      weights.add(name, std::move(tensor));
    }
  }
  return weights;
}

}  // namespace sotto::model
