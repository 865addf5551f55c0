#include "npu/core/emit.h"

#include <gtest/gtest.h>

#include "npu/core/hardware_loop.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pipeline.h"

namespace sotto::npu::core {
namespace {

TEST(Emit, CyclesAreIntervalsAndOneIteration) {
  const Pipeline made = pipeline(gemm_loop(4, 4, 40));
  // The loop is set up within its ramp.
  EXPECT_EQ(made.program.cycles(),
            39 * 16 + made.schedule.last_cycle() + 1);  // 40 iterations start, 16 cycles apart
  const RampCost ramps = ramps_of(made.program);
  EXPECT_EQ(ramps.in, (made.schedule.stages() - 1) * 16);
  EXPECT_EQ(made.program.cycles(), ramps.in + ramps.out + made.program.loop->trips * 16);
}

TEST(Emit, ARemainderStartsInTheRamp) {
  // Unrolled twice: of 41 iterations one more starts before the kernel than of 40.
  for (int64_t trips = 30; trips < 34; ++trips) {
    const Pipeline made = pipeline(increment_loop(trips));
    ASSERT_EQ(made.allocation.unroll, 2);
    const int64_t steady = trips - (made.schedule.stages() - 1);
    EXPECT_EQ(made.program.loop->trips, steady / 2);
    EXPECT_EQ(made.program.cycles(), (trips - 1) * 2 + made.schedule.last_cycle() + 1);
  }
}

TEST(Emit, TheLoopIsAlignedAndSetUpInTime) {
  for (int64_t trips = 12; trips < 30; ++trips) {
    const Program program = pipeline(convert_loop(trips)).program;
    ASSERT_TRUE(program.loop.has_value());
    int address = 0, start = 0, end = 0;
    for (int i = 0; i <= program.loop->last; ++i) {
      if (i == program.loop->first) start = address;
      if (i == program.loop->last) end = address;
      address += program.bundles[static_cast<size_t>(i)].bytes;
    }
    EXPECT_EQ(start % kBlockAlignment, 0);
    EXPECT_EQ(end % kBlockAlignment, 0);
    EXPECT_EQ(program.bundles[static_cast<size_t>(program.loop->last)].bytes, kLoopEndBytes);
    EXPECT_GE(end, kLoopSetupBytes);
  }
}

TEST(Emit, AShortLoopIsStraightCode) {
  const Pipeline made = pipeline(gemm_loop(2, 2, 2));
  EXPECT_FALSE(made.program.loop.has_value());
  EXPECT_EQ(made.program.cycles(), made.schedule.interval + made.schedule.last_cycle() + 1);
}

}  // namespace
}  // namespace sotto::npu::core
