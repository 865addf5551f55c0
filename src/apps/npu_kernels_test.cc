// "sotto npu kernels" as a user meets it.
#include "apps/npu_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/npu_testing.h"
#include "base/error.h"
#include "base/testing.h"
#include "npu/cycles/compilers.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

class NpuKernelsTest : public testing::NpuCommandTest {
 protected:
  NpuKernelsTest() : NpuCommandTest({"npu", "kernels"}) {}
};

// A tile of 16 KB in stores of 32 bytes: 512, which nothing multiplies.
TEST_F(NpuKernelsTest, TableHasARowForEach) {
  const std::string table = text({"zero_sums", "gemm_int8_short"});
  EXPECT_THAT(table, StartsWith("kernel "));
  EXPECT_THAT(table, ContainsRegex("\nzero_sums +64 x 64 +- +5[0-9][0-9] +[0-9]+ +- +2 +2 +st "));
  // 64 x 24 x 64 products.
  EXPECT_THAT(table, ContainsRegex("\ngemm_int8_short +64 x 24 x 64 +98,304 "));
  EXPECT_THAT(table, HasSubstr("nothing here is measured on an NPU"));
  EXPECT_THAT(table, Not(HasSubstr("\ngemm_bf16 ")));
}

TEST_F(NpuKernelsTest, TableSaysWhatIsAssumedOfGuardedLoops) {
  EXPECT_THAT(
      text({"zero_sums", "gemm_int8_short"}),
      ContainsRegex("\nGuarded loops.*: gemm_int8_short \\(1; [0-9]+ bytes\\)\\.\nOf each 7 "));
  EXPECT_THAT(text({"zero_sums"}), Not(HasSubstr("Guarded")));
}

TEST_F(NpuKernelsTest, JsonHasTheSameFigures) {
  const nlohmann::json all = nlohmann::json::parse(text({"--json", "gemm_int8_short"}));
  ASSERT_EQ(all.at("kernels").size(), 1u);
  const nlohmann::json& kernel = all["kernels"][0];
  npu::cycles::Costs costs;
  const npu::cycles::KernelCost& cost = costs.of("gemm_int8_short");
  EXPECT_EQ(kernel.at("scheduled_cycles"), cost.cycles);
  EXPECT_EQ(kernel.at("compiled_cycles"),
            npu::cycles::compiled_cycles(cost.cycles, npu::cycles::kPeano));
  EXPECT_EQ(kernel.at("macs"), 64 * 24 * 64);
  EXPECT_DOUBLE_EQ(kernel.at("share_of_peak"),
                   64. * 24 * 64 / 256 / static_cast<double>(cost.cycles));
  EXPECT_EQ(kernel.at("bank_bytes"), (std::vector<int>{0, 64 * 24, 64 * 24, 4 * 64 * 64}));
  EXPECT_EQ(all.at("measured"), false);
  EXPECT_EQ(kernel.at("loops").at(0).at("guarded"), true);
  EXPECT_EQ(kernel["loops"][0].at("plain_twin_bytes"), cost.loops.at(0).plain_bytes);
  EXPECT_EQ(all.at("assumed_of_guards").at("cycles"), npu::cycles::kGuardCycles);
}

TEST_F(NpuKernelsTest, ExplainDrawsTheInnerLoop) {
  const std::string loop = text({"--explain", "passthrough"});
  EXPECT_THAT(loop, StartsWith("passthrough, 2048 words: "));
  EXPECT_THAT(loop, HasSubstr("\n2 cycles an iteration; 2 are the least (st)\n"));
  EXPECT_THAT(loop, HasSubstr("\npointers: p1 to out (bank 1), p0 to in (bank 2)\n"));
  // Two loads of this iteration beside stores of earlier ones.
  EXPECT_THAT(loop,
              ContainsRegex("\ncycle \\| ld. +\\| st\n"
                            "    0 \\| 0 vld. w[lh][0-9]+, \\[p0\\], #32 \\| [1-9] vst [^|]*\n"
                            "    1 \\| 0 vld. [^|]*\\| [1-9] vst [^|]*\n\n"));
}

TEST_F(NpuKernelsTest, AKernelIsNamedByItsBeginning) {
  EXPECT_THAT(text({"--explain", "pass"}), StartsWith("passthrough, 2048 words: "));
  EXPECT_THAT(text({"--asm", "gemm_int8_s"}), StartsWith("// gemm_int8_short, 64 x 24 x 64: "));
  EXPECT_THAT(text({"pass"}), HasSubstr("\npassthrough "));
}

TEST_F(NpuKernelsTest, GemmIsThatOfTheEncoder) {
  if (sotto::testing::kSlowBuild) GTEST_SKIP() << "skipped: to compile it takes a minute here";
  EXPECT_THAT(text({"--explain", "gemm"}), StartsWith("gemm_bf16_tile, 64 x 64 x 64: "));
}

TEST_F(NpuKernelsTest, AssemblyIsAFunctionWithItsLoop) {
  const std::string code = text({"--asm", "zero_sums"});
  EXPECT_THAT(code, StartsWith("// zero_sums, 64 x 64: "));
  EXPECT_THAT(code, HasSubstr("\n//   c: 16384 bytes at 0xc000, bank 3\n"));
  EXPECT_THAT(code, HasSubstr("\n  .globl zero_sums\n"));
  EXPECT_THAT(code, HasSubstr("\nzero_sums:\n"));
  EXPECT_THAT(code, ContainsRegex("movxm ls, #\\.L_zero_sums_0_start"));
  EXPECT_THAT(code, HasSubstr("\n.L_zero_sums_0_start:\n"));
  EXPECT_THAT(code, HasSubstr("\n.L_zero_sums_0_end:\n"));
  EXPECT_THAT(code, HasSubstr("  ret lr\n  nop\n  nop\n  nop\n  nop\n  nop\n"));
}

TEST_F(NpuKernelsTest, OuterLoopsJumpToTheirLabel) {
  const std::string code = text({"--asm", "gemm_int8_short"});
  EXPECT_THAT(code, ContainsRegex("jnz r[0-9]+, #\\.L_gemm_int8_short_0\n"));
  EXPECT_THAT(code, HasSubstr("\n.L_gemm_int8_short_0:\n"));
}

TEST_F(NpuKernelsTest, WrongUsageExitsWith2) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"gen"}, {"zero_sums", "gen"}, {"--explain", "gen"}, {"--asm", "gen"}}) {
    expect_usage(arguments, "there is no kernel 'gen'; near are gemm_bf16, gemm_bf16_short, ");
  }
  expect_usage({"conv"}, "there is no kernel 'conv'; there are passthrough, scale_bf16, ");
  expect_usage({"--asm", "zero"}, "'zero' is the beginning of 2 kernels: zero_sums, zero_blocks");
  expect_usage({"--asm", "zero_sums", "--explain", "zero_sums"}, "one of them at a time");
  expect_usage({"--asm", "zero_sums", "--json"}, "--json does not go with it");
  expect_usage({"--explain", "zero_sums", "zero_sums"}, "KERNEL does not go with it");
  expect_usage({"--explain"}, "--explain needs a value");
}

TEST(NpuKernels, EveryCallHasASize) {
  for (const std::string& name : npu::recorder::recordable()) {
    EXPECT_NE(npu::recorder::record(name).size, "") << name;
  }
}

}  // namespace
}  // namespace sotto::apps
