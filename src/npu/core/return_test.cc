#include "npu/core/return.h"

#include <gtest/gtest.h>

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/instructions_testing.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pipeline.h"
#include "npu/core/weave.h"

namespace sotto::npu::core {
namespace {

using namespace testing;

Instruction store(Register from, Register to) {
  return {.opcode = Opcode::vst,
          .mode = AddressMode::offset,
          .uses = {from, to},
          .access = Access{.object = 1}};
}
Instruction convert_and_store(Register to) {
  return {.opcode = Opcode::vst_conv,
          .mode = AddressMode::offset,
          .uses = {{RegisterClass::bm, 0}, to},
          .access = Access{.object = 1}};
}
Instruction add_in_alu() {
  return {.opcode = Opcode::add, .defs = {kR0}, .uses = {kR0, kR0}};
}

/// One instruction in each bundle.
Image straight(const std::vector<Instruction>& code) {
  Image image;
  for (const Instruction& made : code) {
    Bundle& bundle = image.bundles.emplace_back();
    bundle.instructions.push_back(made);
    bundle.bytes = bundle_bytes(bundle.slots());
  }
  return image;
}

Image returning(Image image) {
  add_return(image);
  EXPECT_EQ(problem_of(image), "");
  return image;
}

TEST(Return, OfAnEmptyCallIsItselfAndItsDelaySlots) {
  const Image image = returning({});
  EXPECT_EQ(bundle_of(image, Opcode::ret), 0);
  EXPECT_EQ(beside_return(image), 0);
  EXPECT_EQ(image.bundles.size(), 1u + kDelaySlots);
  EXPECT_EQ(image.bytes(), 4 + 2 * kDelaySlots);
}

TEST(Return, StandsBesideTheLastSixBundles) {
  const Image image = returning(straight(std::vector<Instruction>(9, store(kW0, kP0))));
  EXPECT_EQ(image.bundles.size(), 9u);
  EXPECT_EQ(bundle_of(image, Opcode::ret), 3);
  EXPECT_EQ(beside_return(image), 6);
}

TEST(Return, WaitsForSlotsThatAreTaken) {
  const Image image = returning(straight(std::vector<Instruction>(9, add_in_alu())));
  EXPECT_EQ(bundle_of(image, Opcode::ret), 9);
  EXPECT_EQ(beside_return(image), 0);
}

// It accesses memory two cycles later than a load does, and a load writes its register in the
// seventh cycle.
TEST(Return, TheCallerDoesNotMeetWhatIsUnderWay) {
  const Image stores = returning(straight(std::vector<Instruction>(9, convert_and_store(kP0))));
  EXPECT_EQ(stores.bundles.size(), 11u);
  EXPECT_EQ(beside_return(stores), 4);
  EXPECT_EQ(returning(straight(std::vector<Instruction>(9, load(kW0, kP0)))).bundles.size(), 15u);
  EXPECT_EQ(returning(straight({load(kW0, kP0), store(kW1, kP0), store(kW1, kP0)})).bundles.size(),
            7u);
}

// The lock unit is held in the cycles 1 to 4; streams keep away from it from cycle 0 on.
TEST(Return, TheCallerFindsSharedUnitsFree) {
  const Register r0 = kR0;
  EXPECT_EQ(over({.opcode = Opcode::acq, .uses = {r0, r0}}, 0), 5);
  EXPECT_EQ(over(store(kW0, kP0), 0), 1);
  EXPECT_EQ(over(load(kW0, kP0), 0), 7);
}

TEST(Return, ComesAfterTheLastLoop) {
  const Pipeline made = pipeline(increment_loop(64));
  Weaver weaver;
  weaver.add(made.program, 0);
  const Image image = returning(weaver.finish());
  ASSERT_EQ(image.loops.size(), 1u);
  EXPECT_GT(bundle_of(image, Opcode::ret), image.loops[0].last);
}

TEST(Return, AnywhereElseIsRefused) {
  const Image right = returning(straight(std::vector<Instruction>(9, convert_and_store(kP0))));

  Image late = right;
  late.bundles.pop_back();
  EXPECT_EQ(problem_of(late), "the return is not before its delay slots");

  Image twice = right;
  twice.bundles[0].instructions.push_back(right.bundles[5].instructions.back());
  twice.bundles[0].bytes = bundle_bytes(twice.bundles[0].slots());
  EXPECT_EQ(problem_of(twice), "there are two returns");

  Image early = straight(std::vector<Instruction>(9, convert_and_store(kP0)));
  early.bundles[3].instructions.push_back(right.bundles[5].instructions.back());
  early.bundles[3].bytes = bundle_bytes(early.bundles[3].slots());
  EXPECT_EQ(problem_of(early), "the caller meets what is under way");

  const Pipeline made = pipeline(increment_loop(64));
  Image inside = image_of(made.program);
  add_return(inside);
  inside.loops[0].last = bundle_of(inside, Opcode::ret);
  EXPECT_NE(problem_of(inside), "");
}

}  // namespace
}  // namespace sotto::npu::core
