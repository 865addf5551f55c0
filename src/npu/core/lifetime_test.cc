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

/// Fills the lower half of a vector, adds it to itself and stores the sum's lower half.
Loop half_filled() {
  Loop loop;
  const int p = loop.state(RegisterClass::p), q = loop.state(RegisterClass::p);
  const int x = loop.value(RegisterClass::x), y = loop.value(RegisterClass::x);
  loop.registers[static_cast<size_t>(x)].padded = true;
  loop.add({.opcode = Opcode::vldb,
            .mode = AddressMode::increment,
            .immediate = 32,
            .defs = {low(x), whole(p)},
            .uses = {whole(p)},
            .access = Access{.object = 0, .stride = 32}});
  loop.add(
      {.opcode = Opcode::vadd, .suffix = ".16", .defs = {whole(y)}, .uses = {whole(x), whole(x)}});
  loop.add({.opcode = Opcode::vst,
            .mode = AddressMode::increment,
            .immediate = 32,
            .defs = {whole(q)},
            .uses = {low(y), whole(q)},
            .access = Access{.object = 1, .stride = 32}});
  loop.trips = 4;
  return loop;
}

TEST(Lifetime, PaddingTakesNoRegister) {
  const Loop loop = half_filled();
  ASSERT_EQ(problem_of(loop), "");
  const Lifetimes lifetimes =
      lifetimes_of(loop, {3, {{0, Opcode::vldb}, {8, Opcode::vadd}, {10, Opcode::vst}}});
  EXPECT_EQ(lifetimes[2][0].length(), 2);  // seen from 8 on, read in 9
  EXPECT_TRUE(lifetimes[2][1].is_empty());
}

TEST(Lifetime, StraightCodeFreesWhatItHasUsed) {
  Loop loop = half_filled();
  loop.trips = 1;
  loop.is_straight = true;
  loop.registers[1].live_out = true;
  const Lifetimes lifetimes =
      lifetimes_of(loop, {11, {{0, Opcode::vldb}, {8, Opcode::vadd}, {10, Opcode::vst}}});
  EXPECT_EQ(lifetimes[0][0].begin, 0);  // p enters
  EXPECT_EQ(lifetimes[0][0].end, 2);    // and is written in cycle 1 for the last time
  EXPECT_EQ(lifetimes[1][0].begin, 0);
  EXPECT_EQ(lifetimes[1][0].end, 12);
}

TEST(Lifetime, RegistersThatNobodyTouchesTakeNone) {
  Loop loop = half_filled();
  const int unused = loop.value(RegisterClass::cm);
  const Schedule schedule{3, {{0, Opcode::vldb}, {8, Opcode::vadd}, {10, Opcode::vst}}};
  EXPECT_TRUE(lifetimes_of(loop, schedule)[static_cast<size_t>(unused)][0].is_empty());
  loop.registers[static_cast<size_t>(unused)].live_out = true;
  EXPECT_TRUE(lifetimes_of(loop, schedule)[static_cast<size_t>(unused)][0].throughout);
}

TEST(Allocate, TakesTheWantedRegister) {
  Loop loop = increment_loop(16);
  loop.registers[2].wanted = Register{RegisterClass::x, 9};
  const std::optional<Allocation> made = allocate(loop, by_hand(), 2, 0);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->of(2, 0), (Register{RegisterClass::x, 9}));
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
