#include "npu/recorder/record.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

#include "base/error.h"
#include "npu/kernels/host/bf16.h"
#include "npu/recorder/addresses.h"
#include "npu/recorder/canonical.h"
#include "npu/recorder/place.h"
#include "npu/recorder/simplify.h"
#include "npu/recorder/trace.h"

namespace sotto::npu::recorded_kernels {

std::vector<recorder::Call> calls(
    const recorder::Sizes& sizes);  // calls.cc, compiled with the recorded kernels

}  // namespace sotto::npu::recorded_kernels

namespace sotto::npu::recorder {
namespace {

/// Numbers of a buffer, T at a time.
template <typename T, typename Next>
void fill(Buffer<std::byte>& bytes, Next next) {
  for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    const T value = next();
    std::memcpy(bytes.data() + at, &value, sizeof(T));
  }
}

}  // namespace

std::vector<Buffer<std::byte>> make_buffers(const Call& call) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1);
  const auto bits = [&](float value) {
    return host::narrow_to_bf16(value, host::Rounding::conv_even);
  };
  std::vector<Buffer<std::byte>> buffers;
  for (const CallBuffer& wanted : call.buffers) {
    Buffer<std::byte>& bytes = buffers.emplace_back(static_cast<size_t>(wanted.bytes));
    switch (wanted.fill) {
      case Fill::zeros:
        break;
      case Fill::bfloat16s:
        fill<uint16_t>(bytes, [&] { return bits(normal(random)); });
        break;
      case Fill::small_bfloat16s:
        fill<uint16_t>(bytes, [&] { return bits(normal(random) / 16); });
        break;
      case Fill::floats:
        fill<float>(bytes, [&] { return normal(random); });
        break;
      case Fill::positive_floats:
        fill<float>(bytes, [&] { return 100 + 10 * normal(random); });
        break;
      case Fill::bytes:
        fill<uint8_t>(bytes, [&] { return static_cast<uint8_t>(random()); });
        break;
    }
  }
  return buffers;
}

Kernel record(const std::string& name, const std::vector<Memory>& memory,
              const std::function<void()>& run) {
  host::CoreState state;
  const host::CoreScope scope(state);
  Recorder recorder;
  for (const Memory& buffer : memory) {
    recorder.add_object(buffer.name, buffer.bytes->data(),
                        static_cast<int64_t>(buffer.bytes->size()), buffer.bank);
  }
  run();
  Trace trace = recorder.finish();
  bring_into_canonical_order(trace);
  simplify(trace);
  place(trace);
  lower_addresses(trace);
  return emit(name, std::move(trace));
}

std::vector<std::string> recordable() {
  std::vector<std::string> names;
  for (const Call& call : recorded_kernels::calls({})) names.push_back(call.name);
  return names;
}

Kernel record(const std::string& name, const Sizes& sizes) {
  for (const Call& call : recorded_kernels::calls(sizes)) {
    if (call.name != name) continue;
    std::vector<Buffer<std::byte>> buffers = make_buffers(call);
    std::vector<Memory> memory;
    std::vector<std::byte*> pointers;
    for (size_t i = 0; i < buffers.size(); ++i) {
      memory.push_back({call.buffers[i].name, &buffers[i], call.buffers[i].bank});
      pointers.push_back(buffers[i].data());
    }
    std::optional<int64_t> returned;
    Kernel kernel = record(name, memory, [&] { returned = call.run(pointers); });
    kernel.returned = returned;
    kernel.size = call.size;
    return kernel;
  }
  fail(ErrorKind::unsupported, "no kernel ", name, " to record");
}

}  // namespace sotto::npu::recorder
