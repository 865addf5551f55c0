// What silicon did where it was probed bundle by bundle (ignite-xdna, on a Phoenix), and what the
// model of the core says of the same.
#pragma once

#include <array>

namespace sotto::npu::core::testing {

inline constexpr int kProbedProducts = 8;
/// Of as many products that are added to one accumulator, 1 to 6 bundles apart, how many are in the
/// sum: those that come too close to the one before read a stale sum, and that one is lost.
inline constexpr std::array<int, 6> kLandOfFloat = {2, 4, 4, 8, 8, 8};  // bfloat16
inline constexpr std::array<int, 6> kLandOfInt = {4, 8, 8, 8, 8, 8};    // int8
/// Cycles that a bundle with two accesses takes longer when both are in one bank.
inline constexpr int kConflictCycles = 1;

/// The first of these by the model.
int products_that_land(bool is_float, int distance);
/// The second: of two loads, or of a load and a store.
int conflict_cycles(bool with_store);

}  // namespace sotto::npu::core::testing
