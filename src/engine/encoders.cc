#include "engine/encoders.h"

#include <utility>

#include "base/error.h"
#include "cpu/decoder.h"
#include "cpu/encoder.h"

namespace sotto::engine {

std::string_view name_of(Device device) {
  switch (device) {
    case Device::cpu:
      return "cpu";
    case Device::npu:
      return "npu";
    case Device::npu_sim:
      return "npu-sim";
  }
  SOTTO_CHECK(false);
}

Device parse_device(std::string_view name) {
  for (const Device device : {Device::cpu, Device::npu, Device::npu_sim}) {
    if (name_of(device) == name) return device;
  }
  fail(ErrorKind::usage, "there is no device '", name, "': the devices are cpu, npu and npu-sim");
}

void check_device(Device device) {
  if (device == Device::cpu) return;
  fail(ErrorKind::unsupported, "device ", name_of(device), " cannot be used: Sotto has neither ",
       "the encoder's program for the NPU nor the simulator that runs it yet; take device cpu");
}

std::string name_of(const ComputeTypes& types) {
  const std::string encoder(model::name_of(types.encoder));
  if (types.encoder == types.decoder) return encoder;
  return concat(encoder, ", the decoder in ", model::name_of(types.decoder));
}

void check_compute_type(Device device, std::optional<model::ComputeType> wanted, Isa isa) {
  check_device(device);
  if (!wanted) return;
  cpu::encoder_type(wanted, isa);
  cpu::decoder_type(wanted, isa);
}

ComputeTypes compute_types(Device device, std::optional<model::ComputeType> wanted, Isa isa,
                           const model::Dims& dims) {
  check_device(device);
  using model::ComputeType;
  // The errors of bytes average out over a row. In a model narrower than any released one they move
  // a timestamp by 20 ms in one window of four (measured with the model that ships), and all of its
  // weights stay in the cache anyway.
  constexpr int kNarrowest = 384;
  if (dims.n_text_state < kNarrowest) {
    if (!wanted) wanted = ComputeType::float32;
    if (wanted == ComputeType::int8 || wanted == ComputeType::int8_float32) {
      wanted = ComputeType::int8_two_bytes;
    }
  }
  return {.encoder = cpu::encoder_type(wanted, isa), .decoder = cpu::decoder_type(wanted, isa)};
}

std::unique_ptr<model::Encoder> make_encoder(Device device, const model::Dims& dims,
                                             const model::Weights& weights, Isa isa,
                                             model::ComputeType type, ThreadPool& pool,
                                             std::shared_ptr<cpu::PackedWeights> packed) {
  check_device(device);
  return cpu::make_encoder(dims, weights, isa, type, pool, std::move(packed));
}

}  // namespace sotto::engine
