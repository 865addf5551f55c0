// The first design of docs/writing-a-design.md: one core that adds one to every number.
#include "apps/own_design.h"

using namespace sotto::npu::design;  // the words of a design
namespace sim = sotto::npu::sim;
using sotto::apps::HostBuffers, sotto::apps::numbers;

constexpr int kWords = 256;           // of an object: what the core works on at a time
constexpr int kNumbers = 8 * kWords;  // of a dispatch

Design first() {
  Builder b(sotto::npu::npu1(1), "first");
  const ShimTile shim = b.shim(0);
  const CoreTile core = b.core(0, 2);

  const auto in = b.fifo<i32>("in", kWords, {{shim}}, {{core}});
  const auto out = b.fifo<i32>("out", kWords, {{core}}, {{shim}});

  const auto add_one = b.kernel<Out<i32>, In<i32>, Number>("add_one", {.program_bytes = 256});
  b.program(core, {
                      acquire(in.consumer()),
                      acquire(out.producer()),
                      call(add_one(out.producer(), in.consumer(), kWords)),
                      release(in.consumer()),
                      release(out.producer()),
                  });

  const auto input = b.host<i32>("input", kNumbers);
  const auto output = b.host<i32>("output", kNumbers);
  const TaskRef filled = b.fill(in, input);
  const TaskRef drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

void add_one(std::int32_t* out, const std::int32_t* in, int words) {
  for (int i = 0; i < words; ++i) out[i] = in[i] + 1;
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
  kernels.add("add_one", sim::host_function(add_one), sim::Cycle{100});
  return sotto::apps::own_design_main(argc, argv, {"first", first, kernels, fill, verdict});
}
