#include "npu/core/weave.h"

#include <gtest/gtest.h>

#include "npu/core/alignment.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/instructions_testing.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pipeline.h"
#include "npu/core/replay.h"

namespace sotto::npu::core {
namespace {

using namespace testing;

TEST(Weaver, WaitsForWhatIsUnderWay) {
  Weaver weaver;
  weaver.add(load(kW0, kP0));
  weaver.add(copy(kW1, kW0));
  // A load is written in cycle 7, a move reads in cycle 1: 7 bundles between.
  EXPECT_EQ(bundle_of(weaver.finish(), Opcode::vmov_w), 7);
}

TEST(Weaver, DoesNotOverwriteWhatIsStillRead) {
  Weaver weaver;
  weaver.add(copy(kW1, kW0));
  weaver.add(load(kW0, kP0));
  // It reads in cycle 1 and the load writes in cycle 7: beside it, even before it would be right.
  EXPECT_EQ(bundle_of(weaver.finish(), Opcode::vldb), 0);
}

TEST(Weaver, PutsCodeBesideCode) {
  Weaver weaver;
  weaver.add(load(kW0, kP0));
  weaver.add(copy(kW1, kW0));
  weaver.add(constant(kP1, 64));  // the slot of the move
  const Image image = weaver.finish();
  EXPECT_EQ(image.bundles.size(), 8u);
  EXPECT_EQ(bundle_of(image, Opcode::mov_imm_p), 0);
}

TEST(Weaver, CodeAfterALoopWaitsForItsLastIterations) {
  const Pipeline made = pipeline(increment_loop(32));
  ASSERT_TRUE(made.program.loop.has_value());
  Weaver weaver;
  weaver.add(made.program, 0);
  weaver.add(made.program, 1);
  const Image image = weaver.finish();
  EXPECT_EQ(problem_of(image), "");
  ASSERT_EQ(image.loops.size(), 2u);
  EXPECT_GT(image.loops[1].first, image.loops[0].last);
  EXPECT_EQ(image.cycles(),
            static_cast<int64_t>(image.bundles.size()) +
                (image.loops[0].trips - 1) * (image.loops[0].last - image.loops[0].first + 1) +
                (image.loops[1].trips - 1) * (image.loops[1].last - image.loops[1].first + 1));
}

TEST(Weaver, AJumpHasItsDelaySlots) {
  Weaver weaver;
  const int label = weaver.label();
  weaver.add({.opcode = Opcode::add_imm, .immediate = -1, .defs = {kR0}, .uses = {kR0}});
  weaver.add(load(kW0, kP0));
  weaver.add(copy(kW1, kW0));
  weaver.jump(label, kR0, 3);
  const Image image = weaver.finish();
  EXPECT_EQ(problem_of(image), "");
  ASSERT_EQ(image.loops.size(), 1u);
  const Repeat& loop = image.loops[0];
  EXPECT_EQ(bundle_of(image, Opcode::jnz), loop.last - kDelaySlots);
  EXPECT_GE(loop.last, 7);  // the move
  EXPECT_EQ(image.cycles(), 3 * (loop.last + 1));
}

TEST(Weaver, WhatAJumpLeadsToIsAligned) {
  Weaver weaver;
  weaver.add(load(kW0, kP0));
  const int label = weaver.label();
  weaver.add(copy(kW1, kW0));
  weaver.jump(label, kR0, 3);
  Image image = weaver.finish();
  EXPECT_EQ(problem_of(image), "");
  ASSERT_GT(image.loops[0].first, 0);
  EXPECT_EQ(bytes_between(image.bundles, 0, image.loops[0].first) % kBlockAlignment, 0);
  image.bundles.insert(image.bundles.begin(), Bundle{});
  ++image.loops[0].first;
  ++image.loops[0].last;
  EXPECT_EQ(problem_of(image), "what the loop jumps to is not aligned");
}

TEST(Weaver, AJumpThatIsNotThereIsSeen) {
  Weaver weaver;
  const int label = weaver.label();
  weaver.add(load(kW0, kP0));
  weaver.jump(label, kR0, 3);
  Image image = weaver.finish();
  --image.loops[0].last;
  EXPECT_NE(problem_of(image), "");
}

}  // namespace
}  // namespace sotto::npu::core
