// The designs that "sotto npu" knows by name.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/npu.h"
#include "npu/design/check/check.h"
#include "npu/design/examples/gemm.h"

namespace sotto::apps {

struct NpuExample {
  std::string_view name, about;
  std::vector<int> shape = {};  ///< its own; empty: it has none that could be chosen
  bool has_type = false;
  std::function<npu::design::Design(const std::vector<int>& shape, npu::design::GemmType)> make;
};
std::span<const NpuExample> npu_examples();

struct NamedDesign {
  std::string name;  ///< with its shape: "gemm 512x512x512 int8"
  npu::design::Design design;
};
/// Throws Error{usage} when there is no such design, or it has no such shape or type.
NamedDesign make_npu_design(const NpuOptions& options);

}  // namespace sotto::apps
