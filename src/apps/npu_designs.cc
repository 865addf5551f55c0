#include "apps/npu_designs.h"

#include <array>

#include "base/error.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/seed_layer.h"

namespace sotto::apps {

using npu::design::GemmShape;

std::span<const NpuExample> npu_examples() {
  static const std::array examples = {
      NpuExample{"passthrough", "data from the host through one core and back", false,
                 [](const GemmShape&) { return npu::design::passthrough(); }},
      NpuExample{"gemm", "a matrix product on 4 x 4 cores, bfloat16 to float32; --shape MxKxN",
                 true, [](const GemmShape& shape) { return npu::design::gemm(shape); }},
      NpuExample{"seed_layer", "a layer of an encoder as it must not be drawn: see what check says",
                 false, [](const GemmShape&) { return npu::design::seed_layer(); }},
  };
  return examples;
}

NamedDesign make_npu_design(const std::string& name, const std::optional<GemmShape>& shape) {
  for (const NpuExample& example : npu_examples()) {
    if (example.name != name) continue;
    if (!example.has_shape) {
      if (shape) fail(ErrorKind::usage, "--shape: the design ", name, " has only one shape");
      return {name, example.make({})};
    }
    const GemmShape used = shape.value_or(GemmShape{});
    return {concat(name, " ", used.m, "x", used.k, "x", used.n), example.make(used)};
  }
  fail(ErrorKind::usage, "there is no design '", name, "': sotto npu list names them");
}

std::span<const NpuKernelCost> npu_kernel_costs() {
  static const std::array costs = {
      // 64 iterations of two cycles, and 36 around them.
      NpuKernelCost{"passthrough", "1,024 words", 64 * 2 + 36, {128, 128}},
      NpuKernelCost{"zero_sums", "a tile of 64 x 64", 542, {512}},
      // Of c, 256 sums of 64 bytes come and go, and 24 more at both ends.
      NpuKernelCost{"gemm_bf16", "64 x 64 x 64", 2189, {1072, 1024, 2048}},
  };
  return costs;
}

}  // namespace sotto::apps
