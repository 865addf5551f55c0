#include "npu/core/compact.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>

#include "npu/core/hardware_loop.h"
#include "npu/core/instructions_testing.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pack.h"
#include "npu/core/passage.h"
#include "npu/core/pipeline.h"
#include "npu/core/replay.h"

namespace sotto::npu::core {
namespace {

using namespace testing;

using ::testing::ElementsAre;

constexpr int kLongAfter = 40;

/// Each instruction `gap` bundles after the one before.
Image apart(const std::vector<Instruction>& all, int gap) {
  Image image;
  for (const Instruction& made : all) {
    image.bundles.push_back({{made}, 2});
    image.bundles.resize(image.bundles.size() + static_cast<size_t>(gap - 1));
  }
  return image;
}

void append(Image& image, const Program& program, int piece) {
  const int at = static_cast<int>(image.bundles.size());
  for (Bundle bundle : program.bundles) {
    for (Instruction& made : bundle.instructions) made.piece = piece;
    image.bundles.push_back(std::move(bundle));
  }
  if (!program.loop) return;
  image.loops.push_back({at + program.loop->first, at + program.loop->last, program.loop->trips,
                         program.loop->iterations, true});
}

TEST(Compact, WaitsForOperandsAndForNothingElse) {
  Image image = apart({load(kW0, kP0), copy(kW1, kW0), constant(kP1, 64)}, 12);
  compact(image);
  // A load is written in cycle 7, a move reads in cycle 1; the constant has room beside the load.
  EXPECT_EQ(image.bundles.size(), 8u);
  EXPECT_EQ(bundle_of(image, Opcode::vmov_w), 7);
  EXPECT_LT(bundle_of(image, Opcode::mov_imm_p) + bundle_of(image, Opcode::mova_p), 7);
}

TEST(Compact, LeavesAnOldValueToItsReader) {
  // The copy reads what was in the register before the constant came.
  Image image = apart({load(kW0, kP0), constant(kP0, 64)}, 12);
  compact(image);
  EXPECT_LE(image.bundles.size(), 2u);
  EXPECT_LE(bundle_of(image, Opcode::vldb),
            std::max(bundle_of(image, Opcode::mov_imm_p), bundle_of(image, Opcode::mova_p)));
}

TEST(Compact, AJumpStaysBeforeItsDelaySlots) {
  const Instruction count = {
      .opcode = Opcode::add_imm, .immediate = -1, .defs = {kR0}, .uses = {kR0}};
  Image image = apart({count, load(kW0, kP0), copy(kW1, kW0)}, 12);
  Bundle jump;
  jump.instructions.push_back({.opcode = Opcode::jnz, .uses = {kR0}});
  image.bundles.push_back(jump);
  image.bundles.resize(image.bundles.size() + kDelaySlots);
  image.loops.push_back({0, static_cast<int>(image.bundles.size()) - 1, 3, 1, false});
  compact(image);
  EXPECT_EQ(problem_of(image), "");
  EXPECT_EQ(bundle_of(image, Opcode::jnz), image.loops[0].last - kDelaySlots);
  EXPECT_EQ(image.loops[0].last + 1, 8);
}

/// All but where the hardware loop lies.
Tokens values(Tokens registers) {
  for (const RegisterClass cls : {RegisterClass::ls, RegisterClass::le}) {
    registers[static_cast<size_t>(Register{cls, 0}.first_unit())] = 0;
  }
  return registers;
}

/// Runs a piece of code, a long gap and another piece, as they are and packed.
void expect_the_same(const Loop& first, const Loop& second) {
  Image image;
  append(image, pipeline(first).program, 0);
  image.bundles.resize(image.bundles.size() + kLongAfter);
  append(image, pipeline(second).program, 1);
  ASSERT_TRUE(lay_out(image));
  Image packed = image;
  compact(packed);
  EXPECT_LE(packed.bundles.size() + kLongAfter / 2, image.bundles.size());
  HashSemantics wanted_memory, memory;
  const Run wanted = replay(image, {}, wanted_memory);
  const Run run = replay(packed, {}, memory);
  EXPECT_EQ(wanted.problem, "");
  EXPECT_EQ(run.problem, "");
  EXPECT_EQ(values(run.registers), values(wanted.registers));
  EXPECT_TRUE(same_memory(wanted_memory, memory));
  EXPECT_LT(run.cycles, wanted.cycles);
}

TEST(Compact, LoopsComputeTheSame) {
  expect_the_same(increment_loop(32), increment_loop(32));
  expect_the_same(gemm_loop(2, 2, 20), convert_loop(30));
  expect_the_same(convert_loop(30), gemm_loop(4, 4, 20));
  expect_the_same(chain_loop(3, 12), gemm_loop(2, 2, 2));
}

TEST(Compact, RandomLoopsComputeTheSame) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    Loop first = random_loop(seed, 14), second = random_loop(seed + 100, 18);
    first.trips = 10;
    second.trips = 12;
    expect_the_same(first, second);
  }
}

TEST(Passages, AreBetweenLoops) {
  Image image;
  image.bundles.resize(12);
  image.loops = {{3, 4, 5, 1, true}, {2, 9, 2, 1, false}};
  const std::vector<Passage> passages = passages_of(image);
  ASSERT_EQ(passages.size(), 4u);
  EXPECT_EQ(passages[0].end, 2);
  EXPECT_EQ(passages[1].first, 2);
  EXPECT_EQ(passages[1].end, 3);
  EXPECT_EQ(passages[2].first, 5);
  EXPECT_EQ(passages[2].end, 10);
  EXPECT_EQ(passages[3].first, 10);
}

TEST(Passages, AnOuterLoopIsEnteredFromBothSides) {
  Image image;
  image.bundles.resize(7);
  image.loops = {{1, 1, 2, 1, true}, {0, 5, 3, 1, false}};
  // Before the loop nothing; or its last bundles, and then again nothing or its last bundles, …
  const auto before = ways_to(image, {0, 1});
  ASSERT_GT(before.size(), 2u);
  EXPECT_THAT(before.back(), ElementsAre());
  EXPECT_THAT(before[before.size() - 2], ElementsAre(5, 4, 3, 2, 1, 1, 0));
  // Behind its last bundle the code after it, or its beginning.
  const auto after = ways_from(image, {2, 6});
  EXPECT_THAT(after.back(), ElementsAre(6));
  EXPECT_THAT(after[after.size() - 2], ElementsAre(0, 1, 1, 2, 3, 4, 5, 6));
}

TEST(Pack, FindsNoPlacesWhereThereAreNone) {
  const Image image = apart({load(kW0, kP0), copy(kW1, kW0)}, 12);
  const Passage all{0, 24};
  const Constraints constraints = constraints_of(image, all);
  for (const bool backwards : {false, true}) {
    EXPECT_TRUE(find_places(image, all, constraints, 8, backwards).has_value());
    EXPECT_FALSE(find_places(image, all, constraints, 7, backwards).has_value());
  }
}

}  // namespace
}  // namespace sotto::npu::core
