#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "npu/design/check/check.h"
#include "npu/design/check/check_testing.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/seed_layer.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

TEST(Examples, Passthrough) {
  const CheckedDesign checked = check(passthrough(4096));
  EXPECT_EQ(checked.plan().rounds, std::vector<std::int64_t>{4});
  expect_accepted(passthrough(1024));
  expect_only(passthrough(1000), Category::balance, "not a multiple of an object's 1024");
}

TEST(Examples, GemmOfAnyShape) {
  for (const GemmShape shape : {GemmShape{256, 64, 256}, GemmShape{512, 256, 1024},
                                GemmShape{256, 4096, 256}, GemmShape{1024, 64, 16384}}) {
    expect_accepted(gemm(shape));
  }
  const CheckedDesign checked = check(gemm({512, 256, 1024}));
  EXPECT_EQ(checked.plan().rounds, std::vector<std::int64_t>(16, 2 * 4));  // tiles of C per core
  EXPECT_THROW(gemm({100, 64, 256}), Error);
  // 16,640 columns are 65 runs of 256: one more than an iteration has.
  expect_only(gemm({256, 64, 16640}), Category::runs, "starts 65 times further on");
}

TEST(Examples, GemmUsesEveryStreamOfItsMemoryTiles) {
  const CheckedDesign checked = check(gemm({256, 64, 256}));
  const Plan& plan = checked.plan();
  for (int column = 0; column < 4; ++column) {
    const TileId memory{column, 1};
    int from_north = 0;
    for (const Connection& made : plan.connections) {
      from_north += made.tile == memory && made.input.bundle == Bundle::north;
    }
    EXPECT_EQ(from_north, 4);
  }
}

TEST(Examples, TheSeedsLayoutIsExplainedInOneScreen) {
  const std::vector<Finding> findings = findings_of(seed_layer());
  const auto count = [&](Category category) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const Finding& finding) { return finding.category == category; });
  };
  EXPECT_EQ(count(Category::no_producer), 5);
  EXPECT_EQ(static_cast<std::size_t>(count(Category::no_producer) + count(Category::no_consumer)),
            findings.size());
  EXPECT_LE(findings.size(), 20u);
  std::vector<std::string> lines;
  for (const Finding& finding : findings) {
    lines.push_back(to_string(finding));
    EXPECT_LE(lines.back().size(), 110u) << lines.back();
  }
  for (const char* fifo : {"q", "k", "v", "weights", "hidden"}) {
    EXPECT_THAT(lines, ::testing::Contains(::testing::AllOf(
                           ::testing::HasSubstr("seed_layer.cc:"),
                           ::testing::HasSubstr(concat("no_producer: fifo '", fifo, "' at core (")),
                           ::testing::HasSubstr("the core has no program, so nobody fills it"))));
  }
}

}  // namespace
}  // namespace sotto::npu::design
