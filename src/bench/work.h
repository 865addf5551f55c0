// What each part of a model has to do at least: products by the numbers they are made of, and bytes
// that are read. Divided by what the machine can do, that is the time which no program of these
// numbers can beat.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "cpu/convolution_type.h"
#include "model/compute_type.h"
#include "model/config.h"

namespace sotto::bench {

/// What parts are short of.
enum class Resource { float32, bfloat16, int16, int8, memory };
inline constexpr std::array kResources = {Resource::float32, Resource::bfloat16, Resource::int16,
                                          Resource::int8, Resource::memory};
inline constexpr std::size_t kNumberTypes = 4;  ///< all resources but memory

/// "float32", "bfloat16", "int16", "int8", "memory"
std::string_view name_of(Resource resource);

/// One number for each resource.
class PerResource {
 public:
  double& operator[](Resource resource) { return values_[static_cast<std::size_t>(resource)]; }
  double operator[](Resource resource) const { return values_[static_cast<std::size_t>(resource)]; }
  /// Products of all numbers.
  double products() const;

 private:
  std::array<double, kResources.size()> values_{};
};

/// Products, and bytes of memory.
using Work = PerResource;
/// The same in a second.
using Rates = PerResource;

/// The seconds that the work takes at these rates: products one after the other, memory beside
/// them. Nothing when a rate that is needed is not known, or when there is no work.
std::optional<double> floor_seconds(const Work& work, const Rates& rates);

/// What the floor is made of: "memory", or the numbers, "int8 + bfloat16". Empty as
/// floor_seconds().
std::string bound_of(const Work& work, const Rates& rates);

/// The stages of the encoder, for one window.
Work convolutions_work(const model::Dims& dims, cpu::ConvolutionType convolutions);
Work linear_layers_work(const model::Dims& dims, model::ComputeType type);
Work attention_work(const model::Dims& dims, model::ComputeType type);
/// All of them.
Work encoder_work(const model::Dims& dims, model::ComputeType type,
                  cpu::ConvolutionType convolutions);

/// Keys and values of a window for the decoder's cross-attention.
Work cross_kv_work(const model::Dims& dims, model::ComputeType type);

/// One token for each of `batch` sequences that have `n_past` tokens each, of n_windows windows:
/// the weights are read once, keys and values of each window and of each sequence's tokens.
Work step_work(const model::Dims& dims, model::ComputeType type, int batch, int n_windows,
               int n_past);

}  // namespace sotto::bench
