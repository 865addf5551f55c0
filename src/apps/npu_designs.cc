#include "apps/npu_designs.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "npu/design/examples/attention.h"
#include "npu/design/examples/gelu.h"
#include "npu/design/examples/layer_norm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/seed_layer.h"
#include "npu/design/examples/softmax.h"

namespace sotto::apps {
namespace {

using npu::design::GemmType;
using Shape = std::vector<int>;

NpuExample gemm_example(std::string_view name, int grid, std::string_view about) {
  return {name, about, {512, 512, 512}, true, [grid](const Shape& shape, GemmType type) {
            return npu::design::gemm({shape[0], shape[1], shape[2]}, {type, grid});
          }};
}

std::string shape_text(const Shape& shape) {
  std::string text;
  for (const int size : shape) text += concat(text.empty() ? "" : "x", size);
  return text;
}

}  // namespace

std::span<const NpuExample> npu_examples() {
  static const std::array examples = {
      NpuExample{"passthrough",
                 "data from the host through one core and back",
                 {},
                 false,
                 [](const Shape&, GemmType) { return npu::design::passthrough(); }},
      NpuExample{
          "layer_norm",
          "LayerNorm on one core; --shape ROWSxWIDTH",
          {64, 512},
          false,
          [](const Shape& shape, GemmType) { return npu::design::layer_norm(shape[0], shape[1]); }},
      gemm_example("gemm_1x1", 1, "a matrix product on one core; --shape MxKxN, --type"),
      gemm_example("gemm_2x2", 2, "on 2 x 2 cores; --shape MxKxN, --type"),
      gemm_example("gemm", 4, "on all 4 x 4 cores; --shape MxKxN, --type"),
      NpuExample{
          "softmax",
          "softmax of rows on 16 cores; --shape ROWSxWIDTH",
          {1504, 1500},
          false,
          [](const Shape& shape, GemmType) { return npu::design::softmax(shape[0], shape[1]); }},
      NpuExample{
          "gelu",
          "GELU of rows on 16 cores; --shape ROWSxWIDTH",
          {1504, 2048},
          false,
          [](const Shape& shape, GemmType) { return npu::design::gelu(shape[0], shape[1]); }},
      NpuExample{"attention",
                 "fused attention of four heads; --shape QUERIESxKEYS",
                 {1500, 1500},
                 false,
                 [](const Shape& shape, GemmType) {
                   return npu::design::attention({shape[0], shape[1]});
                 }},
      NpuExample{"seed_layer",
                 "a layer of an encoder as it must not be drawn: see what check says",
                 {},
                 false,
                 [](const Shape&, GemmType) { return npu::design::seed_layer(); }},
  };
  return examples;
}

NamedDesign make_npu_design(const NpuOptions& options) {
  const auto examples = npu_examples();
  const auto found = std::ranges::find_if(
      examples, [&](const NpuExample& example) { return example.name == options.design; });
  if (found == examples.end()) {
    fail(ErrorKind::usage, "there is no design '", options.design, "': sotto npu list names them");
  }
  if (!options.shape.empty() && found->shape.empty()) {
    fail(ErrorKind::usage, "--shape: the design ", found->name, " has only one shape");
  }
  if (!options.shape.empty() && options.shape.size() != found->shape.size()) {
    fail(ErrorKind::usage, "--shape: '", shape_text(options.shape), "' is not a shape such as ",
         shape_text(found->shape), " of the design ", found->name);
  }
  if (options.type && !found->has_type) {
    fail(ErrorKind::usage, "--type: the design ", found->name, " has only one type");
  }
  const Shape& shape = options.shape.empty() ? found->shape : options.shape;
  std::string name(found->name);
  if (!shape.empty()) name += " " + shape_text(shape);
  const GemmType type = options.type.value_or(GemmType::bf16);
  if (found->has_type) name += type == GemmType::int8 ? " int8" : " bf16";
  return {name, found->make(shape, type)};
}

}  // namespace sotto::apps
