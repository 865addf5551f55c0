// The forms of erf-GELU with tables (gelu_forms_testing.h has the others and says what costs what).
// Their costs are lower bounds: aie_api also sends keys through memory, to lengthen its loops, and
// lets no load or store pass the reading of a table.
#pragma once

#include <bit>

#include "npu/kernels/gelu_forms_testing.h"

namespace sotto::npu::kernels::testing {

/// Straight pieces of h of bfloat16 t, with float32 offsets.
template <unsigned pieces>
struct StraightPieces {
  using Table = aie::lut<4, float, bfloat16>;
  // Sixteen lanes: t, floor; min, max, two shuffles (one to an accumulator); product; sum.
  static constexpr Cost kCost =
      kPartsCost +
      Cost{.vector = 2 + 2, .store = 2 + 2, .move = 2 * 4, .load = 2 * 4, .port = 2 + 2};
  const void* table;

  SumPair operator()(const SumPair& x) const {
    constexpr int kStepBits = 2 - std::countr_zero(pieces);
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const aie::linear_approx<bfloat16, Table> h(Table(pieces, table, table), kStepBits);
    const Operand t = magnitude.to_vector<bfloat16>();
    return aie::add(positive, join(h.compute(t.extract<16>(0)), h.compute(t.extract<16>(1))));
  }
};

/// 128 straight pieces of h of z, in fixed point with all of z: slopes in Q26, offsets in Q17.
struct FixedStraightPieces {
  using Table = aie::lut<4, int16, int16>;
  static constexpr unsigned kPieces = 128;
  // Sixteen lanes: bit_and, to acc64, product to subtract, bias, index, min, shuffle, offset to
  // acc64, product, store.
  static constexpr Cost kCost =
      kPartsCost + kFixedCost + kCentredCost + kAddCost +
      Cost{.vector = 2 * 3, .store = 2 * 2, .move = 2 * 5, .load = 2 * 4, .port = 2 * 3};
  const void* table;

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const aie::linear_approx<int16, Table> h(Table(kPieces, table, table), 9, kPieces / 2, 9);
    return add_small(positive, h.compute(centred(fixed_q14(magnitude))).to_vector<int16>(9));
  }
};

/// h of the nearest of 1024 points in Q17. The look-up rounds t to 2^-10 before it drops the rest,
/// so that entry i is for t from i / 256 - 1 / 2048 to i / 256 + 7 / 2048.
struct NearestPoint {
  using Table = aie::lut<4, int16, int16>;
  static constexpr unsigned kPoints = 1024;
  // Sixteen lanes: to acc64, index, min, shuffle; and one shuffle to join them.
  static constexpr Cost kCost = kPartsCost + kFixedCost + kAddCost +
                                Cost{.store = 2, .move = 2 * 3 + 1, .load = 2 * 4, .port = 2};
  const void* table;

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const aie::parallel_lookup<uint16, Table> h(Table(kPoints, table, table), 6);
    return add_small(positive, h.fetch(fixed_q14(magnitude)));
  }
};

}  // namespace sotto::npu::kernels::testing
