#include "npu/core/lifetime.h"

#include <gtest/gtest.h>

#include "npu/core/allocate.h"
#include "npu/core/loops_testing.h"

namespace sotto::npu::core {
namespace {

/// The increment loop: loads in cycles 0 and 1, the addition in cycle 8, stores in cycles 10
/// and 11.
Schedule by_hand() {
  return {2,
          {{0, Opcode::vldb},
           {1, Opcode::vldb},
           {8, Opcode::vadd},
           {10, Opcode::vst},
           {11, Opcode::vst}}};
}

TEST(Lifetime, ARegisterIsFreeWhileALoadIsUnderWay) {
  const Lifetimes lifetimes = lifetimes_of(increment_loop(16), by_hand());
  const std::vector<Lifetime>& x = lifetimes[3];
  EXPECT_EQ(x[0].begin, 8);  // 0 + 7 + 1
  EXPECT_EQ(x[0].end, 9);    // 8 + 1
  EXPECT_EQ(x[1].begin, 9);  // 1 + 7 + 1
  EXPECT_EQ(x[1].end, 9);
  const std::vector<Lifetime>& y = lifetimes[4];
  EXPECT_EQ(y[0].begin, 10);  // 8 + 2, seen at once through the bypass
  EXPECT_EQ(y[0].end, 11);    // 10 + 1
  EXPECT_EQ(y[1].end, 12);    // 11 + 1
}

TEST(Lifetime, PressureCountsUnitsAtOnce) {
  const auto pressure = pressure_of(increment_loop(16), by_hand());
  // one: 2 units throughout; x: low and high in cycle 9; y: low in 10, 11 and high in 10, 11, 12.
  // In odd cycles 2 + (x) 2 + (y) 2, in even ones 2 + (x) 1 + (y) 3.
  EXPECT_EQ(pressure[static_cast<size_t>(RegisterPool::vectors)], 6);
  EXPECT_EQ(pressure[static_cast<size_t>(RegisterPool::pointers)], 2);
}

TEST(Allocate, LongLifetimesUnroll) {
  const Loop loop = increment_loop(16);
  Schedule schedule = by_hand();
  EXPECT_EQ(least_unroll(loop, schedule), 2);  // the upper half of y lives for 3 cycles of 2
  EXPECT_FALSE(allocate(loop, schedule, 1, 0).has_value());
  EXPECT_TRUE(allocate(loop, schedule, 2, 0).has_value());
}

TEST(Allocate, KeepsFixedRegisters) {
  Loop loop = increment_loop(16);
  loop.registers[0].fixed = Register{RegisterClass::p, 5};
  loop.registers[2].fixed = Register{RegisterClass::x, 7};
  const std::optional<Allocation> made = allocate(loop, by_hand(), 2, 0);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->of(0, 3), (Register{RegisterClass::p, 5}));
  EXPECT_EQ(made->of(2, 9), (Register{RegisterClass::x, 7}));
}

TEST(Allocate, ValuesThatEnterAreSafeFromTheRamp) {
  // 16 sums enter and leave: each has a register that nothing else touches, in and out.
  const Loop loop = gemm_loop(4, 4, 4);
  const std::vector<Edge> edges = dependences(loop);
  const std::optional<Schedule> schedule = find_schedule(
      loop, edges, Distances(static_cast<int>(loop.operations.size()), edges, 16), 16, 0);
  ASSERT_TRUE(schedule.has_value());
  const std::optional<Allocation> made =
      allocate(loop, *schedule, least_unroll(loop, *schedule), 0);
  ASSERT_TRUE(made.has_value());
  for (size_t a = 0; a < loop.registers.size(); ++a) {
    for (size_t b = a + 1; b < loop.registers.size(); ++b) {
      if (loop.registers[a].cls != RegisterClass::bm || loop.registers[b].cls != RegisterClass::bm)
        continue;
      EXPECT_FALSE(made->of(static_cast<int>(a), -1).overlaps(made->of(static_cast<int>(b), -1)));
    }
  }
}

}  // namespace
}  // namespace sotto::npu::core
