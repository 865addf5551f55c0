// Random designs that the checker accepts: streams through memory tiles and cores, broadcasts,
// joins, layouts, several tasks; and kernels of random length.
#pragma once

#include <random>

#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim::testing {

struct RandomDesign {
  design::Design design;
  KernelLibrary library;
};

/// The same for the same seed: objects of a few dozen words, so many of them or up to five.
RandomDesign random_design(std::uint32_t seed, int objects = 0);

}  // namespace sotto::npu::sim::testing
