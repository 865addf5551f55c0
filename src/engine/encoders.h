// The one switch between the engines that can run Whisper's encoder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "model/compute_type.h"
#include "model/config.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace sotto::cpu {
class PackedWeights;
}

namespace sotto::engine {

enum class Device {
  cpu,
  npu,      ///< the AMD Ryzen AI NPU
  npu_sim,  ///< its simulator
};

/// "cpu", "npu", "npu-sim"
std::string_view name_of(Device device);

/// The device of that name. Throws Error{usage}.
Device parse_device(std::string_view name);

/// Throws Error{unsupported} that says what is missing when `device` cannot be used here.
void check_device(Device device);

/// What the two halves of the model compute in.
struct ComputeTypes {
  model::ComputeType encoder;
  model::ComputeType decoder;
};

/// "int8", or "int8, the decoder in float32".
std::string name_of(const ComputeTypes& types);

/// Throws Error{unsupported} when the device's encoder or the CPU's decoder cannot compute in the
/// wanted type.
void check_compute_type(Device device, std::optional<model::ComputeType> wanted, Isa isa);

/// The wanted type for both halves, or for each the fastest one on `isa` that is exact enough for a
/// model of these sizes. Throws as check_compute_type() does.
ComputeTypes compute_types(Device device, std::optional<model::ComputeType> wanted, Isa isa,
                           const model::Dims& dims);

/// The encoder on `device`, checked by check_device(): never another device instead. What runs on
/// the CPU uses `isa`, which this machine has, and `type`, which compute_types() gave. `pool` must
/// outlive it; the weights need not. Throws as cpu::make_encoder().
std::unique_ptr<model::Encoder> make_encoder(Device device, const model::Dims& dims,
                                             const model::Weights& weights, Isa isa,
                                             model::ComputeType type, ThreadPool& pool,
                                             std::shared_ptr<cpu::PackedWeights> packed);

}  // namespace sotto::engine
