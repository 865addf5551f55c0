#include "npu/core/pipeline.h"

#include <gtest/gtest.h>

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
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const Loop loop = random_loop(seed, 10 + static_cast<int>(seed));
    ASSERT_EQ(problem_of(loop), "") << seed;
    const Pipeline made = pipeline(loop);
    EXPECT_GE(made.schedule.interval, made.bounds.interval()) << seed;
    EXPECT_EQ(verdict(made), "") << seed;
  }
}

TEST(Pipeline, StraightCodeComputesTheSame) {
  for (uint32_t seed = 100; seed < 130; ++seed) {
    Loop loop = random_loop(seed, 20, false);
    loop.trips = 1;
    EXPECT_EQ(verdict(straight(loop)), "") << seed;
  }
}

TEST(Pipeline, SpillsWhatDoesNotFit) {
  // 20 accumulators of 512 bits are alive across all sums; there are 18.
  Loop loop;
  loop.name = "pressure";
  loop.trips = 6;
  const int p = loop.state(RegisterClass::p, "p"), config = loop.value(RegisterClass::r, "config");
  std::vector<int> loaded;
  for (int i = 0; i < 20; ++i) {
    const int sum = loop.value(RegisterClass::bm, "c" + std::to_string(i));
    for (int half = 0; half < 2; ++half) {
      loop.add({.opcode = Opcode::vlda_am,
                .mode = AddressMode::increment,
                .immediate = 32,
                .defs = {part(sum, half, 1), whole(p)},
                .uses = {whole(p)},
                .access = Access{.object = 0, .offset = 64 * i + 32 * half, .stride = 1280}});
    }
    loaded.push_back(sum);
  }
  // Each needs the last.
  for (int i = 0; i < 20; ++i) {
    const int sum = loop.value(RegisterClass::bm, "s" + std::to_string(i));
    loop.add({.opcode = Opcode::vadd_f,
              .defs = {whole(sum)},
              .uses = {whole(loaded[static_cast<size_t>(i)]),
                       whole(loaded[static_cast<size_t>((i + 10) % 20)]), whole(config)}});
    loop.add({.opcode = Opcode::vst_conv,
              .suffix = ".bf16.fp32",
              .mode = AddressMode::increment,
              .immediate = 32,
              .defs = {whole(p)},
              .uses = {whole(sum), whole(p)},
              .access = Access{.object = 1, .offset = 32 * i, .stride = 640}});
  }
  const Pipeline made = pipeline(loop, {.extra_interval = 0});
  EXPECT_EQ(verdict(made), "");
  EXPECT_EQ(made.stack_bytes, 64 * made.spills);
  std::printf("pressure: interval %d bound %d spills %d\n", made.schedule.interval,
              made.bounds.interval(), made.spills);
}

}  // namespace
}  // namespace sotto::npu::core
