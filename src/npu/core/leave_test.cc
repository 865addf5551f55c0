#include "npu/core/leave.h"

#include <gtest/gtest.h>

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/instructions_testing.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pipeline.h"
#include "npu/core/replay.h"
#include "npu/core/return.h"
#include "npu/core/weave.h"

namespace sotto::npu::core {
namespace {

using namespace testing;

constexpr Register kCondition{RegisterClass::r, 1}, kValue{RegisterClass::r, 2};

Instruction leave() {
  return {.opcode = Opcode::jnz_leave, .uses = {kCondition, kValue}};
}
Instruction store(Register from, Register to, int object) {
  return {.opcode = Opcode::vst,
          .mode = AddressMode::offset,
          .uses = {from, to},
          .access = Access{.object = object}};
}
Instruction set(Register to, int64_t value) {
  return {.opcode = Opcode::mova, .immediate = value, .defs = {to}};
}
Instruction move(Register to, Register from) {
  return {.opcode = Opcode::mov, .defs = {to}, .uses = {from}};
}

Image finished(Weaver& weaver) {
  Image image = weaver.finish();
  add_return(image);
  add_leave(image, {move(kR0, kValue)});
  EXPECT_EQ(problem_of(image), "");
  return image;
}

/// Registers hold numbers; the jump is taken.
class Taken : public Semantics {
 public:
  explicit Taken(bool taken) : taken_(taken) {}
  void address(Execution&) override {}
  void execute(Execution& execution) override {
    stores_ += execution.access != nullptr && info(execution.opcode).memory == MemoryUse::store;
    if (execution.defs.empty()) return;
    execution.defs[0][0] =
        execution.uses.empty() ? static_cast<Token>(execution.immediate) : execution.uses[0][0];
  }
  bool is_taken(const Tokens&) const override { return taken_; }
  int stores() const { return stores_; }

 private:
  const bool taken_;
  int stores_ = 0;
};

TEST(Leave, StoresBehindItWaitUntilItIsDecided) {
  Weaver weaver;
  weaver.add(store(kW0, kP0, 1));
  weaver.add(leave());
  weaver.add(store(kW1, kP1, 2));
  const Image image = finished(weaver);
  EXPECT_EQ(bundle_of(image, Opcode::jnz_leave), 0);  // beside the first store
  EXPECT_EQ(image.end(), 1 + kDelaySlots + 6);
  Taken stays(false), leaves(true);
  EXPECT_FALSE(replay(image, {}, stays).left);
  EXPECT_EQ(stays.stores(), 2);
  const core::Run run = replay(image, {}, leaves);
  EXPECT_EQ(run.problem, "");
  EXPECT_TRUE(run.left);
  EXPECT_EQ(leaves.stores(), 1);
  // The jump with its delay slots, the return with its own.
  EXPECT_EQ(run.cycles, 2 * (1 + kDelaySlots));
}

TEST(Leave, ReturnsWhatItsRegisterHoldsAlthoughItIsSetAnewSoon) {
  Weaver weaver;
  weaver.add(set(kValue, 7));
  weaver.add(leave());
  weaver.add(set(kValue, 8));
  weaver.add(set(kR0, 9));
  const Image image = finished(weaver);
  Taken stays(false), leaves(true);
  const size_t r0 = static_cast<size_t>(kR0.first_unit());
  EXPECT_EQ(replay(image, {}, stays).registers[r0], 9u);
  EXPECT_EQ(replay(image, {}, leaves).registers[r0], 7u);
}

TEST(Leave, TheCallerMeetsNothingThatIsUnderWay) {
  Weaver weaver;
  weaver.add(leave());
  for (int i = 0; i < 9; ++i) weaver.add(load(kW0, kP0));
  const Image image = finished(weaver);
  // In the last delay slot a load is issued, which writes in the seventh cycle.
  EXPECT_EQ(image.bundles.size() - static_cast<size_t>(image.leave), 6u);
  Image shorter = image;
  shorter.bundles.pop_back();
  EXPECT_NE(problem_of(shorter), "");
}

TEST(Leave, NoLoopBeginsInItsDelaySlots) {
  const Pipeline made = pipeline(increment_loop(64));
  Weaver weaver;
  weaver.add(leave());
  weaver.add(made.program, 0);
  const Image image = finished(weaver);
  ASSERT_EQ(image.loops.size(), 1u);
  EXPECT_GT(image.loops[0].first, bundle_of(image, Opcode::jnz_leave) + kDelaySlots);

  Image beside = image;
  Bundle& bundle = beside.bundles[static_cast<size_t>(image.loops[0].first)];
  bundle.instructions = {leave()};
  EXPECT_NE(problem_of(beside), "");
}

TEST(Leave, WaitsForTheStoresOfALoopBefore) {
  const Pipeline made = pipeline(increment_loop(64));
  Weaver weaver;
  weaver.add(made.program, 0);
  weaver.add(leave());
  const Image image = finished(weaver);
  int last = 0;
  for (int at = 0; at < image.end(); ++at) {
    for (const Instruction& one : image.bundles[static_cast<size_t>(at)].instructions) {
      if (one.opcode == Opcode::vst) last = at;
    }
  }
  EXPECT_GT(last, 0);
  EXPECT_GE(bundle_of(image, Opcode::jnz_leave) + kDelaySlots, last);
}

TEST(Leave, WhatItLeadsToIsAligned) {
  Weaver weaver;
  weaver.add(set(kCondition, 1));
  weaver.add(leave());
  Image image = finished(weaver);
  ASSERT_GT(image.leave, 0);
  image.bundles.insert(image.bundles.begin(), Bundle{});
  ++image.leave;
  EXPECT_EQ(problem_of(image), "what the jump out of the call leads to is not aligned");
}

TEST(Leave, OneJumpOnlyLeadsOut) {
  Weaver none, two;
  none.add(load(kW0, kP0));
  two.add(leave());
  two.add(leave());
  for (Weaver* const weaver : {&none, &two}) {
    Image image = weaver->finish();
    add_return(image);
    EXPECT_ANY_THROW(add_leave(image, {move(kR0, kValue)}));
  }
}

}  // namespace
}  // namespace sotto::npu::core
