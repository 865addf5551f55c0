// The second design of docs/writing-a-design.md: the first one, with a core that handles its locks
// itself.
#include <aie_api/aie.hpp>

#include "apps/own_design.h"

using namespace sotto::npu::design;
namespace sim = sotto::npu::sim;
using sotto::apps::HostBuffers, sotto::apps::numbers;

constexpr int kWords = 256, kObjects = 8;
constexpr int kNumbers = kObjects * kWords;

Design locks() {
  Builder b(sotto::npu::npu1(1), "locks");
  const ShimTile shim = b.shim(0);
  const CoreTile core = b.core(0, 2);

  const auto in = b.fifo<i32>("in", kWords, {{shim}}, {{core}});
  const auto out = b.fifo<i32>("out", kWords, {{core}}, {{shim}});
  const auto from = in.consumer();
  const auto to = out.producer();

  const auto adder = b.kernel<Out<i32>, Out<i32>, In<i32>, In<i32>, LockId, LockId, LockId, LockId>(
      "adder", {.program_bytes = 512});
  b.program_with_locks(core,
                       adder(to.buffer(0), to.buffer(1), from.buffer(0), from.buffer(1),
                             from.empty(), from.full(), to.empty(), to.full()),
                       {{from, kObjects}, {to, kObjects}});

  const auto input = b.host<i32>("input", kNumbers);
  const auto output = b.host<i32>("output", kNumbers);
  const TaskRef filled = b.fill(in, input);
  const TaskRef drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

void adder(std::int32_t* out_0, std::int32_t* out_1, const std::int32_t* in_0,
           const std::int32_t* in_1, int in_empty, int in_full, int out_empty, int out_full) {
  for (bool odd = false;; odd = !odd) {
    acquire_greater_equal(static_cast<unsigned>(in_full), 1);
    acquire_greater_equal(static_cast<unsigned>(out_empty), 1);
    std::int32_t* out = odd ? out_1 : out_0;
    const std::int32_t* in = odd ? in_1 : in_0;
    for (int i = 0; i < kWords; ++i) out[i] = in[i] + 1;
    sim::spend_cycles(100);
    release(static_cast<unsigned>(in_empty), 1);
    release(static_cast<unsigned>(out_full), 1);
  }
}

void fill(const HostBuffers& hosts) {
  const auto input = numbers<std::int32_t>(hosts[0]);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::int32_t>(i);
}

std::string verdict(const HostBuffers& hosts) {
  const auto output = numbers<std::int32_t>(hosts[1]);
  for (std::size_t i = 0; i < output.size(); ++i) {
    if (output[i] != static_cast<std::int32_t>(i) + 1) return "number " + std::to_string(i);
  }
  return "";
}

int main(int argc, char** argv) {
  sim::KernelLibrary kernels;
  kernels.add_program("adder", sim::host_function(adder));
  return sotto::apps::own_design_main(argc, argv, {"locks", locks, kernels, fill, verdict});
}
