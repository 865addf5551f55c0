// Every kernel's code, executed on the core without interlocks, gives the host's bits; and code
// with one thing wrong does not.
#include "npu/cycles/compile.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/numbers.h"
#include "base/testing.h"
#include "npu/cycles/compilers.h"
#include "npu/cycles/cost.h"
#include "npu/cycles/run.h"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

/// Enough for code that is right, and less than what follows when it finds none; cost.cc looks for
/// better code.
constexpr core::Effort kQuick{.seeds = 2, .moves = 100, .tried_operations = 2'000};

/// Operations of the largest piece.
size_t largest_piece(const std::vector<recorder::Region>& regions) {
  size_t largest = 0;
  for (const recorder::Region& region : regions) {
    largest = std::max({largest, region.piece.graph.operations.size(), largest_piece(region.body)});
  }
  return largest;
}

class CompiledKernel : public ::testing::TestWithParam<std::string> {};

TEST_P(CompiledKernel, GivesTheHostsBits) {
  const recorder::Kernel kernel = recorder::record(GetParam());
  if (sotto::testing::kSlowBuild && largest_piece(kernel.regions) > 60) {
    GTEST_SKIP() << "skipped: scheduling its loops takes minutes in this build";
  }
  const Compiled compiled = compile(kernel, kQuick);
  EXPECT_EQ(check(compiled, kernel), "");
  EXPECT_LE(compiled.image.bytes(), 16 * 1024);
  EXPECT_GE(run(compiled, kernel).cycles, compiled.image.cycles());
}

INSTANTIATE_TEST_SUITE_P(All, CompiledKernel, ::testing::ValuesIn(recorder::recordable()),
                         [](const auto& info) { return info.param; });

struct Mutants {
  int all = 0, caught = 0;
};

/// Instructions one bundle earlier, where their slot is free.
Mutants too_early(const Compiled& compiled, const recorder::Kernel& kernel) {
  Mutants mutants;
  for (size_t at = 1; at < compiled.image.bundles.size(); ++at) {
    const auto& here = compiled.image.bundles[at].instructions;
    for (size_t i = 0; i < here.size(); ++i) {
      const core::SlotSet slot = core::occupied_by(core::info(here[i].opcode).slot);
      const core::Bundle& before = compiled.image.bundles[at - 1];
      core::SlotSet taken;
      for (const core::Instruction& other : before.instructions) {
        taken = taken | core::occupied_by(core::info(other.opcode).slot);
      }
      if (slot.meets(taken)) continue;
      Compiled mutant = compiled;
      auto& from = mutant.image.bundles[at].instructions;
      mutant.image.bundles[at - 1].instructions.push_back(from[i]);
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
      if (!core::lay_out(mutant.image)) continue;
      ++mutants.all;
      mutants.caught += !check(mutant, kernel).empty();
    }
  }
  return mutants;
}

/// Vectors and sums read from the next register.
Mutants wrong_register(const Compiled& compiled, const recorder::Kernel& kernel) {
  Mutants mutants;
  for (size_t at = 0; at < compiled.image.bundles.size(); ++at) {
    const auto& here = compiled.image.bundles[at].instructions;
    for (size_t i = 0; i < here.size(); ++i) {
      if (here[i].uses.empty()) continue;
      const core::RegisterClass cls = here[i].uses[0].cls;
      if (cls != core::RegisterClass::x && cls != core::RegisterClass::bm) continue;
      Compiled mutant = compiled;
      core::Register& use = mutant.image.bundles[at].instructions[i].uses[0];
      use.index = static_cast<uint8_t>((use.index + 1) % core::register_file(cls).count);
      ++mutants.all;
      mutants.caught += !check(mutant, kernel).empty();
    }
  }
  return mutants;
}

TEST(Mutants, ReadsThatComeTooEarlyGiveOtherBits) {
  Mutants mutants;
  for (const char* const name : {"round_parts", "round_strip_a"}) {
    const recorder::Kernel kernel = recorder::record(name);
    const Mutants more = too_early(compile(kernel, kQuick), kernel);
    mutants.all += more.all;
    mutants.caught += more.caught;
  }
  EXPECT_GT(mutants.all, 40);
  // The others read nothing that is so new.
  EXPECT_GT(mutants.caught, mutants.all / 4);
}

TEST(Mutants, WrongRegistersGiveOtherBits) {
  const recorder::Kernel kernel = recorder::record("round_parts");
  const Mutants mutants = wrong_register(compile(kernel, kQuick), kernel);
  EXPECT_GT(mutants.all, 40);
  // Some hold the same, or lanes that nobody looks at.
  EXPECT_GT(mutants.caught, mutants.all / 4 * 3);
}

// Registers of shifts hold nothing when a call begins.
TEST(Mutants, AShiftThatIsNotSetGivesOtherBits) {
  const recorder::Kernel kernel = recorder::record("gelu_bf16_tail");
  const Compiled compiled = compile(kernel, kQuick);
  int shifts = 0;
  for (size_t at = 0; at < compiled.image.bundles.size(); ++at) {
    const auto& here = compiled.image.bundles[at].instructions;
    for (size_t i = 0; i < here.size(); ++i) {
      if (core::interchangeable(here[i].opcode)[0] != core::Opcode::mov_imm_s) continue;
      Compiled mutant = compiled;
      auto& from = mutant.image.bundles[at].instructions;
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_NE(check(mutant, kernel), "") << core::register_name(here[i].defs[0]);
      ++shifts;
    }
  }
  EXPECT_GE(shifts, 4);
}

TEST(Mutants, AJumpTooFewIsSeen) {
  const recorder::Kernel kernel = recorder::record("gemm_bf16_short");
  Compiled compiled = compile(kernel, kQuick);
  for (core::Repeat& loop : compiled.image.loops) loop.trips -= loop.is_hardware ? 0 : 1;
  EXPECT_THAT(check(compiled, kernel), ::testing::Not(""));
}

// Two stores of 32 bytes an iteration take two cycles; 128 iterations of them, a ramp of seven
// bundles (a load takes eight cycles to be seen), one that sets the first pointer, and the call,
// whose return stands beside the last six bundles.
TEST(Cost, OfThePassThrough) {
  Costs costs;
  const KernelCost& cost = costs.of("passthrough");
  ASSERT_EQ(cost.loops.size(), 1u);
  EXPECT_EQ(cost.loops[0].interval, 2);
  EXPECT_EQ(cost.loops[0].binding, "st");
  EXPECT_EQ(cost.bank_stalls, 0);
  EXPECT_EQ(cost.cycles, 2 * 128 + 7 + 1 + kCallCycles - kReturnCycles);
  EXPECT_EQ(cost.bank_bytes, (std::array<int64_t, 4>{0, 8192, 8192, 0}));
}

// The same under every compiler that builds this, and what the page says.
TEST(Cost, IsThatOfTheTable) {
  const std::string page = read_text_file(sotto::testing::source_path("docs/npu/cycles.md"));
  Costs costs;
  for (const char* const name :
       {"passthrough", "scale_bf16", "zero_sums", "gemm_bf16_short", "gemm_int8_short",
        "zero_blocks", "row_statistics", "bias_sums", "add_plane", "normalise_sums", "clear_sums",
        "round_strip_a", "round_strip_k", "round_strip_v", "round_parts"}) {
    const std::string cycles = grouped(costs.of(name).cycles);
    const bool is_there = page.find(concat("| `", name, "` | ", cycles, " |")) != page.npos;
    EXPECT_TRUE(is_there) << name << " takes " << cycles;
  }
}

TEST(Cost, CountsProducts) {
  Costs costs(kQuick);
  const KernelCost& bytes = costs.of("gemm_int8_short");
  EXPECT_EQ(bytes.macs, 64 * 24 * 64);
  EXPECT_DOUBLE_EQ(bytes.peak_cycles, 64 * 24 * 64 / 256.);
  // Lane by lane: an eighth of what the multiplier can.
  const KernelCost& lanes = costs.of("scale_bf16");
  EXPECT_EQ(lanes.macs, 1024);
  EXPECT_DOUBLE_EQ(lanes.peak_cycles, 1024 / 128.);
}

TEST(Cost, TheHotLoopIsTheOneThatTakesMost) {
  KernelCost cost;
  EXPECT_EQ(hot_loop(cost), nullptr);
  cost.loops.resize(3);
  cost.loops[0].cycles = 100;
  cost.loops[0].runs = 1;
  cost.loops[1].cycles = 30;
  cost.loops[1].runs = 4;
  EXPECT_EQ(hot_loop(cost), &cost.loops[1]);
}

TEST(Compilers, FactorIsTheNotes) {
  const std::string page = read_text_file(sotto::testing::source_path("docs/npu/calibration.md"));
  std::array<char, 128> line;
  std::snprintf(line.data(), line.size(),
                "\nFactor %.3f, the median of %d rows, from %.3f to %.3f:", kPeano.factor,
                kPeano.rows, kPeano.least, kPeano.most);
  EXPECT_THAT(page, ::testing::HasSubstr(line.data()));
  EXPECT_EQ(compiled_cycles(1000, kPeano), std::lround(1000 * kPeano.factor));
}

TEST(Cost, GrowsWithTheSizesOfACall) {
  Costs costs(kQuick);
  const int64_t half = costs.of("layer_norm_bf16", {.rows = 2}).cycles;
  const int64_t whole = costs.of("layer_norm_bf16", {.rows = 4}).cycles;
  EXPECT_GT(whole, half + half / 2);
  EXPECT_LT(whole, 2 * half);
}

}  // namespace
}  // namespace sotto::npu::cycles
