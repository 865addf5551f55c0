#include "bench/work.h"

#include <algorithm>

#include "base/error.h"
#include "cpu/gemv_int8.h"

namespace sotto::bench {
namespace {

using model::ComputeType;

// As the paper writes them: T positions, D width, F width of the feed-forward layers, L layers.

Work products_of(Resource numbers, double count) {
  Work work;
  work[numbers] = count;
  return work;
}

Work sum(const Work& a, const Work& b) {
  Work total;
  for (const Resource resource : kResources) total[resource] = a[resource] + b[resource];
  return total;
}

Resource linear_numbers(ComputeType type) {
  switch (type) {
    case ComputeType::float32:
      return Resource::float32;
    case ComputeType::bfloat16:
      return Resource::bfloat16;
    case ComputeType::int8:
    case ComputeType::int8_float32:
    case ComputeType::int8_two_bytes:
      return Resource::int8;
  }
  SOTTO_CHECK(false);
}

Resource convolution_numbers(cpu::ConvolutionType type) {
  switch (type) {
    case cpu::ConvolutionType::float32:
      return Resource::float32;
    case cpu::ConvolutionType::bfloat16:
      return Resource::bfloat16;
    case cpu::ConvolutionType::int16:
      return Resource::int16;
  }
  SOTTO_CHECK(false);
}

/// Products of bytes for each product of numbers (two_byte_linear.h).
double products_for_one(ComputeType type) {
  return type == ComputeType::int8_two_bytes ? 3 : 1;
}

double memory_seconds(const Work& work, const Rates& rates) {
  return work[Resource::memory] > 0 ? work[Resource::memory] / rates[Resource::memory] : 0;
}

double product_seconds(const Work& work, const Rates& rates) {
  double seconds = 0;
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    if (work[kResources[i]] > 0) seconds += work[kResources[i]] / rates[kResources[i]];
  }
  return seconds;
}

/// Weights of the decoder that a step reads: the embedding, and of each layer self-attention's four
/// matrices, two of the cross-attention's, and the feed-forward layers.
double step_weights(const model::Dims& dims) {
  const double D = dims.n_text_state, F = dims.n_text_ffn, L = dims.n_text_layer;
  return dims.n_vocab * D + L * (6 * D * D + 2 * D * F);
}

/// Bytes of keys and values of n positions.
double key_value_bytes(const model::Dims& dims, ComputeType type, int n) {
  const double positions = double{1} * dims.n_text_layer * n;
  if (type != ComputeType::int8) return 2 * sizeof(float) * dims.n_text_state * positions;
  const int d = dims.n_text_state / dims.n_text_head;
  const auto block = static_cast<double>(cpu::key_block_bytes(d) + cpu::value_block_bytes(d));
  return block / cpu::kKeyBlock * dims.n_text_head * positions;
}

double bytes_of_weight(ComputeType type) {
  switch (type) {
    case ComputeType::float32:
      return sizeof(float);
    case ComputeType::bfloat16:
      return sizeof(float) / 2;
    case ComputeType::int8:
    case ComputeType::int8_float32:
    case ComputeType::int8_two_bytes:
      return products_for_one(type) * sizeof(cpu::PanelGroup) / (cpu::kGemvGroup * cpu::kPanel);
  }
  SOTTO_CHECK(false);
}

}  // namespace

std::string_view name_of(Resource resource) {
  switch (resource) {
    case Resource::float32:
      return "float32";
    case Resource::bfloat16:
      return "bfloat16";
    case Resource::int16:
      return "int16";
    case Resource::int8:
      return "int8";
    case Resource::memory:
      return "memory";
  }
  SOTTO_CHECK(false);
}

double PerResource::products() const {
  double total = 0;
  for (std::size_t i = 0; i < kNumberTypes; ++i) total += values_[i];
  return total;
}

std::optional<double> floor_seconds(const Work& work, const Rates& rates) {
  for (const Resource resource : kResources) {
    if (work[resource] > 0 && rates[resource] <= 0) return std::nullopt;
  }
  const double seconds = std::max(product_seconds(work, rates), memory_seconds(work, rates));
  return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

std::string bound_of(const Work& work, const Rates& rates) {
  if (!floor_seconds(work, rates)) return "";
  if (memory_seconds(work, rates) >= product_seconds(work, rates)) return "memory";
  std::string names;
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    if (work[kResources[i]] <= 0) continue;
    names.append(names.empty() ? "" : " + ").append(name_of(kResources[i]));
  }
  return names;
}

Work convolutions_work(const model::Dims& dims, cpu::ConvolutionType convolutions) {
  const double T = dims.n_audio_ctx, D = dims.n_audio_state;
  return products_of(convolution_numbers(convolutions),
                     2 * T * D * 3 * dims.n_mels + T * D * 3 * D);
}

Work linear_layers_work(const model::Dims& dims, ComputeType type) {
  const double T = dims.n_audio_ctx, D = dims.n_audio_state, F = dims.n_audio_ffn;
  return products_of(linear_numbers(type),
                     products_for_one(type) * dims.n_audio_layer * T * (4 * D * D + 2 * D * F));
}

Work attention_work(const model::Dims& dims, ComputeType type) {
  const double T = dims.n_audio_ctx, D = dims.n_audio_state;
  const bool floats = type == ComputeType::int8_float32 || type == ComputeType::int8_two_bytes;
  return products_of(floats ? Resource::float32 : linear_numbers(type),
                     dims.n_audio_layer * 2 * T * T * D);
}

Work encoder_work(const model::Dims& dims, ComputeType type, cpu::ConvolutionType convolutions) {
  return sum(convolutions_work(dims, convolutions),
             sum(linear_layers_work(dims, type), attention_work(dims, type)));
}

Work cross_kv_work(const model::Dims& dims, ComputeType type) {
  const double T = dims.n_audio_ctx, D = dims.n_text_state;
  // The decoder multiplies bfloat16 as floats.
  const Resource numbers =
      linear_numbers(type) == Resource::int8 ? Resource::int8 : Resource::float32;
  return products_of(numbers, products_for_one(type) * dims.n_text_layer * T * 2 * D * D);
}

Work step_work(const model::Dims& dims, ComputeType type, int batch, int n_windows, int n_past) {
  const bool integers = linear_numbers(type) == Resource::int8;
  Work work;
  work[integers ? Resource::int8 : Resource::float32] =
      products_for_one(type) * batch * step_weights(dims);
  work[type == ComputeType::int8 ? Resource::int8 : Resource::float32] +=
      2.0 * batch * dims.n_text_layer * (dims.n_audio_ctx + n_past) * dims.n_text_state;
  work[Resource::memory] =
      step_weights(dims) * bytes_of_weight(type) +
      key_value_bytes(dims, type, n_windows * dims.n_audio_ctx + batch * n_past);
  return work;
}

}  // namespace sotto::bench
