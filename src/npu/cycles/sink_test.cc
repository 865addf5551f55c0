#include "npu/cycles/sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

/// Constants that straight code before, and inside, the first outer loop sets.
std::pair<int, int> constants(const std::vector<Step>& steps) {
  int outside = 0, inside = 0;
  bool begun = false;
  for (const Step& step : steps) {
    begun |= step.kind == Step::Kind::begin;
    for (const core::Operation& operation : step.piece.graph.operations) {
      const bool sets = operation.uses.empty() && !operation.access && operation.defs.size() == 1;
      (begun ? inside : outside) += sets && step.kind == Step::Kind::straight;
    }
  }
  return {outside, inside};
}

// The steps of k are a loop that this call runs once. Only what counts them stays before it.
TEST(Sink, ConstantsGoWhereTheyAreReadInALoopThatRunsOnce) {
  const auto [outside, inside] = constants(flow_of(recorder::record("gemm_bf16")));
  EXPECT_EQ(outside, 1);
  EXPECT_GT(inside, 15);
}

TEST(Sink, ConstantsStayBeforeALoopThatRunsAgain) {
  const std::vector<Step> steps = flow_of(recorder::record("gemm_bf16", {.k_blocks = 16}));
  const auto [outside, inside] = constants(steps);
  EXPECT_GT(outside, 15);
  EXPECT_LT(inside, 12);
}

// A pointer that lies on the stack while a loop runs costs a store and a load.
TEST(Sink, NothingIsAliveInALoopThatOnlyComesAfterIt) {
  const std::vector<Step> steps = flow_of(recorder::record("gemm_bf16"));
  const auto loop = std::find_if(steps.begin(), steps.end(), [](const Step& step) {
    return step.kind == Step::Kind::inner_loop;
  });
  ASSERT_NE(loop, steps.end());
  const recorder::Piece& stores = std::next(loop)->piece;
  for (const recorder::Entry& entry : stores.entries) {
    EXPECT_NE(stores.graph.registers[static_cast<size_t>(entry.reg)].cls, core::RegisterClass::p);
  }
}

}  // namespace
}  // namespace sotto::npu::cycles
