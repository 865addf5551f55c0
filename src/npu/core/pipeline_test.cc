#include "npu/core/pipeline.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "npu/core/loops_testing.h"
#include "npu/core/replay.h"

namespace sotto::npu::core {
namespace {

std::string verdict(const Pipeline& made) {
  return check_against(made.loop, made.allocation, made.program);
}

TEST(Pipeline, GemmReachesItsProducts) {
  const Pipeline made = pipeline(gemm_loop(2, 4, 16));
  EXPECT_EQ(made.bounds.resources, 8);    // 2 · 4 products; 12 loads on two units are 6
  EXPECT_EQ(made.bounds.recurrences, 8);  // 8 updates of pb; a product follows itself after 4
  EXPECT_EQ(made.schedule.interval, 8);
  EXPECT_EQ(verdict(made), "");
}

TEST(Pipeline, SixteenAccumulatorsNeedNoSpill) {
  const Pipeline made = pipeline(gemm_loop(4, 4, 8));
  EXPECT_EQ(made.schedule.interval, 16);  // 16 products
  EXPECT_EQ(made.spills, 0);
  EXPECT_EQ(verdict(made), "");
}

TEST(Pipeline, StoresBindTheIncrement) {
  const Pipeline made = pipeline(increment_loop(32));
  EXPECT_EQ(made.bounds.binding, "st");
  EXPECT_EQ(made.schedule.interval, 2);  // 2 stores
  EXPECT_GT(made.allocation.unroll, 1);  // a load is under way for 7 cycles, but holds no register
  EXPECT_EQ(verdict(made), "");
}

TEST(Pipeline, ConversionIsBoundByLoadUnitA) {
  const Pipeline made = pipeline(convert_loop(64));
  EXPECT_EQ(made.schedule.interval, 2);  // 2 loads of 256 bits
  EXPECT_EQ(verdict(made), "");
}

TEST(Pipeline, DependentProductsAreFourApart) {
  for (int length = 1; length <= 5; ++length) {
    const Pipeline made = pipeline(chain_loop(length, 9));
    EXPECT_EQ(made.bounds.recurrences, 4 * length);
    EXPECT_EQ(made.schedule.interval, 4 * length);
    EXPECT_EQ(verdict(made), "") << length;
  }
}

TEST(Pipeline, EveryTripCountIsRight) {
  for (int64_t trips = 1; trips <= 24; ++trips) {
    EXPECT_EQ(verdict(pipeline(increment_loop(trips))), "") << trips;
  }
}

TEST(Pipeline, RandomLoopsComputeWhatTheyDoInOrder) {
  for (uint32_t seed = 0; seed < 24; ++seed) {
    const Loop loop = random_loop(seed, 10 + 2 * static_cast<int>(seed));
    ASSERT_EQ(problem_of(loop), "") << seed;
    const Pipeline made = pipeline(loop, {.seeds = 4, .moves = 60});
    EXPECT_GE(made.schedule.interval, made.bounds.interval()) << seed;
    EXPECT_EQ(verdict(made), "") << seed;
  }
}

TEST(Pipeline, StraightCodeComputesTheSame) {
  for (uint32_t seed = 100; seed < 130; ++seed) {
    Loop loop = random_loop(seed, 20, false);
    loop.trips = 1;
    for (VirtualRegister& reg : loop.registers) reg.live_out |= reg.storage == Storage::state;
    EXPECT_EQ(verdict(straight(loop)), "") << seed;
  }
}

/// Ten constants of 1024 bits, of which nine would fit, each the beginning of a sum.
Loop ten_constants() {
  Loop loop;
  loop.name = "constants";
  loop.trips = 6;
  const int p = loop.state(RegisterClass::p, "p"), config = loop.value(RegisterClass::r, "config");
  const int x = loop.value(RegisterClass::x, "x"), shift = loop.value(RegisterClass::s, "shift");
  for (int i = 0; i < 10; ++i) {
    const int constant = loop.value(RegisterClass::cm, concat("constant ", i));
    const int sum = loop.value(RegisterClass::cm, concat("sum ", i));
    loop.add({.opcode = Opcode::vmac,
              .defs = {whole(sum)},
              .uses = {whole(constant), whole(x), whole(x), whole(config)}});
    loop.add({.opcode = Opcode::vst_srs_bm,
              .suffix = ".s16.s32",
              .mode = AddressMode::increment,
              .immediate = 32,
              .defs = {whole(p)},
              .uses = {part(sum, 0, 2), whole(shift), whole(p)},
              .access = Access{.object = 0, .offset = 32 * i, .stride = 320}});
  }
  return loop;
}

TEST(Pipeline, InvariantsThatDoNotFitLieOnTheStack) {
  const Pipeline made = pipeline(ten_constants(), {.seeds = 4, .moves = 60});
  EXPECT_EQ(verdict(made), "");
  EXPECT_GE(made.kept.size(), 2u);  // at least one register is left for the sums
  EXPECT_EQ(made.stack_bytes, 128 * static_cast<int>(made.kept.size()));
  EXPECT_LE(made.schedule.interval, 40);  // four loads for each
}

TEST(Pipeline, OneIterationAfterTheOther) {
  const Pipeline made = one_by_one(ten_constants());
  EXPECT_EQ(made.schedule.stages(), 1);
  EXPECT_EQ(verdict(made), "");
}

TEST(Pipeline, SpillsWhatDoesNotFit) {
  // Twelve vectors that a chain of 12 dependent products uses, and a second one in the opposite
  // order: 12 · 48 cycles of life in 24 cycles an iteration are 24 vectors at once; there are 12.
  Loop loop;
  loop.name = "two chains";
  loop.trips = 6;
  const int p = loop.state(RegisterClass::p, "p"), config = loop.value(RegisterClass::r, "config");
  std::vector<int> vectors;
  for (int i = 0; i < 12; ++i) {
    vectors.push_back(loop.value(RegisterClass::x, concat("v", i)));
    for (int half = 0; half < 2; ++half) {
      loop.add({.opcode = Opcode::vld,
                .mode = AddressMode::increment,
                .immediate = 32,
                .defs = {part(vectors.back(), half, 1), whole(p)},
                .uses = {whole(p)},
                .access = Access{.object = 0, .offset = 64 * i + 32 * half, .stride = 768}});
    }
  }
  int sum = loop.value(RegisterClass::bm, "start");
  for (int i = 0; i < 24; ++i) {
    const int vector = vectors[static_cast<size_t>(i < 12 ? i : 23 - i)];
    const int next = loop.value(RegisterClass::bm, concat("s", i));
    loop.add({.opcode = Opcode::vmac_f,
              .defs = {whole(next)},
              .uses = {whole(sum), whole(vector), whole(vector), whole(config)}});
    sum = next;
  }
  const int out = loop.state(RegisterClass::p, "out");
  loop.add({.opcode = Opcode::vst_conv,
            .suffix = ".bf16.fp32",
            .mode = AddressMode::increment,
            .immediate = 32,
            .defs = {whole(out)},
            .uses = {whole(sum), whole(out)},
            .access = Access{.object = 1, .stride = 32}});
  const Pipeline without = pipeline(loop, {.seeds = 4, .max_spills = 0, .moves = 20});
  EXPECT_EQ(verdict(without), "");
  const Pipeline made = pipeline(loop, {.seeds = 4, .moves = 20});
  EXPECT_EQ(verdict(made), "");
  EXPECT_GT(made.spills, 0);
  EXPECT_LT(made.schedule.interval, without.schedule.interval);
  EXPECT_EQ(made.stack_bytes, 64 * made.spills * made.allocation.unroll);
}

}  // namespace
}  // namespace sotto::npu::core
