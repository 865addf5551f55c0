#include "engine/encoders.h"

#include "base/error.h"
#include "cpu/encoder.h"
#include "cpu/kernels.h"

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

std::unique_ptr<model::Encoder> make_encoder(Device device, const model::Dims& dims,
                                             const model::Weights& weights, Isa isa,
                                             ThreadPool& pool) {
  check_device(device);
  return cpu::make_encoder(dims, weights, cpu::kernels_for(isa), pool);
}

}  // namespace sotto::engine
