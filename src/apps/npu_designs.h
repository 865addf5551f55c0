// The designs that "sotto npu" knows by name, and what a call of their kernels costs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "npu/design/check/check.h"
#include "npu/design/examples/gemm.h"

namespace sotto::apps {

struct NpuExample {
  std::string_view name, about;
  bool has_shape = false;
  std::function<npu::design::Design(const npu::design::GemmShape&)> make;
};
std::span<const NpuExample> npu_examples();

struct NamedDesign {
  std::string name;  ///< with its shape: "gemm 512x512x512"
  npu::design::Design design;
};
/// Throws Error{usage} when there is no such design, or it has no such shape.
NamedDesign make_npu_design(const std::string& name,
                            const std::optional<npu::design::GemmShape>& shape);

/// Of one call, as the examples call it.
struct NpuKernelCost {
  std::string_view symbol, call;
  std::int64_t cycles;
  /// Accesses of 256 bits to each argument that is a pointer.
  std::vector<std::int64_t> accesses;
};
/// From code that npu/cycles schedules and runs (docs/npu/cycles.md), computed beforehand: that of
/// the product takes minutes. npu_test.cc compares.
std::span<const NpuKernelCost> npu_kernel_costs();
inline constexpr std::string_view kNpuCostSource =
    "computed from scheduled code, see docs/npu/cycles.md; not measured";

}  // namespace sotto::apps
