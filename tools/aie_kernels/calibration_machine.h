// What the model of the core says where silicon was probed bundle by bundle.
#pragma once

namespace sotto::aie_kernels {

/// Of eight products that are added to one accumulator, `distance` bundles apart, how many are in
/// the sum.
int products_that_land(bool is_float, int distance);

/// Cycles that a bundle with two accesses takes longer when both are in one bank than when not.
int conflict_cycles(bool with_store);

}  // namespace sotto::aie_kernels
