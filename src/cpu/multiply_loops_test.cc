#include "cpu/multiply_loops.h"

#include <gtest/gtest.h>

#include "cpu/cpu_testing.h"

namespace sotto::cpu {
namespace {

class MultiplyLoopsTest : public ::testing::TestWithParam<Isa> {};

TEST_P(MultiplyLoopsTest, RunForTheNumbersThatTheInstructionSetHas) {
  const MultiplyLoops& loops = multiply_loops_for(GetParam());
  EXPECT_GT(loops.float32.products, 0);
  EXPECT_GT(loops.int8.products, 0);
  EXPECT_GT(loops.int16.products, 0);
  EXPECT_EQ(loops.bfloat16.products > 0, GetParam() == Isa::avx512_bf16);
  ThreadPool pool(2);
  for (const MultiplyLoop& loop : {loops.float32, loops.int8, loops.int16, loops.bfloat16}) {
    if (loop.products == 0) continue;
    // No machine multiplies less than a million or more than 10^15 numbers a second.
    const double rate = multiply_rate(loop, pool, 0.0005);
    EXPECT_GT(rate, 1e6);
    EXPECT_LT(rate, 1e15);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, MultiplyLoopsTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
