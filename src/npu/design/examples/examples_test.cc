#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "npu/design/check/check.h"
#include "npu/design/check/check_testing.h"
#include "npu/design/examples/attention.h"
#include "npu/design/examples/gelu.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/layer_norm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/seed_layer.h"
#include "npu/design/examples/softmax.h"

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
  for (const GemmType type : {GemmType::bf16, GemmType::int8}) {
    for (const int grid : {1, 2, 4}) {
      // 16,640 columns are 65 passes of 256: one more than an iteration has.
      for (const GemmShape shape : {GemmShape{256, 64, 256},
                                    {256, 4096, 256},
                                    {500, 512, 384},
                                    {1, 1, 1},
                                    {3, 5, 7},
                                    {300, 509, 301},
                                    {1000, 64, 6},
                                    {255, 100, 130},
                                    {256, 64, 16640}}) {
        expect_accepted(gemm(shape, {type, grid}));
      }
    }
  }
  const CheckedDesign checked = check(gemm({512, 256, 1024}));
  EXPECT_EQ(checked.plan().rounds, std::vector<std::int64_t>(16, 2 * 4));  // tiles of C per core
  EXPECT_THROW(gemm({0, 64, 256}), Error);
  EXPECT_THROW(gemm({64, 64, 64}, {.grid = 3}), Error);
}

TEST(Examples, GemmCutsWhatDoesNotFit) {
  // 500 rows are two bands of 256, the second from 244 on; 130 columns four tiles of 36, the last
  // from 94 on; 100 of k two tiles of 64, in the second of which 28 are zeros.
  const Tiling tiling({500, 100, 130}, {});
  EXPECT_EQ(tiling.first_row(1, 0), 244);
  EXPECT_EQ(tiling.first_row(1, 3), 500 - 64);
  EXPECT_EQ(tiling.n, 36);
  EXPECT_EQ(tiling.first_column(0, 3), 130 - 36);
  EXPECT_EQ(tiling.k_tiles, 2);
  EXPECT_EQ(tiling.zeros_before(), 28);
  // Rows of 101 operands of bfloat16 are 102 apart: the last row of B is zero.
  EXPECT_EQ(Tiling({64, 101, 64}, {}).pitch_k, 102);
  EXPECT_EQ(Tiling({64, 101, 64}, {}).zeros_after(), 1);
}

TEST(Examples, RowsAndHeads) {
  for (const Design& design :
       {layer_norm(), layer_norm(4, 16), softmax(), softmax(16, 2), gelu(), gelu(16, 2),
        attention(), attention({1, 1}), attention({300, 150}), attention({64, 64})}) {
    expect_accepted(design);
  }
  EXPECT_THROW(layer_norm(6, 512), Error);
  EXPECT_THROW(softmax(24, 1500), Error);
  EXPECT_THROW(attention({64 * 4 * 64 + 1, 64}), Error);
  // A DMA moves words of two elements.
  EXPECT_EQ(findings_of(gelu(16, 3)).front().category, Category::word_rule);
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
