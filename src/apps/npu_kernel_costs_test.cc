// What the simulator's shipped kernels cost is what npu/cycles computes, now where that is quick,
// or what it said when docs/npu/cycles.md was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/error.h"
#include "base/file.h"
#include "base/numbers.h"
#include "base/testing.h"
#include "npu/cycles/cost.h"
#include "npu/kernels/control.h"
#include "npu/recorder/record.h"
#include "npu/sim/shipped_kernels.h"

namespace sotto::apps {
namespace {

using npu::sim::Cost;
using npu::sim::Cycle;

/// Of a call with so many pointers, then these numbers.
Cost cost_of(std::string_view symbol, int pointers, const std::vector<int>& numbers) {
  npu::sim::CallArguments call(static_cast<std::size_t>(pointers), {.is_pointer = true});
  for (const int number : numbers) call.push_back({.number = number});
  for (const npu::sim::ShippedKernel& kernel : npu::sim::shipped_kernels()) {
    if (kernel.symbol == symbol) return kernel.cost(call);
  }
  ADD_FAILURE() << symbol;
  return {};
}

TEST(ShippedKernels, CostWhatTheirCodeTakes) {
  npu::cycles::Costs costs;
  EXPECT_EQ(cost_of("zero_sums", 1, {}).cycles, costs.of("zero_sums").cycles);
  EXPECT_EQ(cost_of("passthrough", 2, {2048}).cycles, costs.of("passthrough").cycles);
  if (testing::kSlowBuild) GTEST_SKIP() << "skipped: to schedule them takes minutes in this build";
  for (const int kb : {1, 2, 3, 5, 7}) {
    EXPECT_EQ(cost_of("gemm_bf16", 3, {kb}).cycles, costs.of("gemm_bf16", {.k_blocks = kb}).cycles);
  }
  for (const int half : {1, 2, 4, 7}) {  // of a pair of blocks of k
    EXPECT_EQ(cost_of("gemm_int8", 3, {2 * half}).cycles,
              costs.of("gemm_int8", {.k_blocks = half}).cycles);
  }
  namespace kernels = npu::kernels;
  const Cycle call = npu::cycles::kCallCycles, zeros = costs.of("zero_blocks").cycles - 2 * 32;
  EXPECT_EQ(
      cost_of("attention_reference", 4, {60}).cycles,
      zeros + 2 * 16 + costs.of("attention_largest").cycles + call + kernels::kThroughReference);
  const Cycle around = call + kernels::kThroughKeys + costs.of("passthrough").cycles - 1792 / 8;
  const auto keys = [&](int valid) { return cost_of("attention_keys", 6, {valid}).cycles; };
  const auto weights = [&](int valid) {
    return costs.of("attention_weights", {.valid = valid}).cycles;
  };
  EXPECT_EQ(keys(60), around + weights(60) + zeros + 2 * 128);
  EXPECT_EQ(keys(64), keys(60) - zeros - 2 * 128);
  // As code of its own that call needs not quite the same constants.
  EXPECT_NEAR(static_cast<double>(keys(28) - keys(60)),
              static_cast<double>(weights(28) - weights(60)), 2);
  EXPECT_EQ(cost_of("attention_values", 3, {}).cycles, costs.of("gemm_bf16_tile").cycles);
  EXPECT_EQ(cost_of("attention_finish", 3, {0}).cycles, costs.of("attention_finish").cycles);
}

TEST(ShippedKernels, CostWhatThePageSays) {
  const std::string page = read_text_file(testing::source_path("docs/npu/cycles.md"));
  const auto expect = [&](std::string_view row, Cycle cycles) {
    EXPECT_THAT(page, ::testing::HasSubstr(concat("| `", row, "` | ", grouped(cycles), " |")));
  };
  expect("gemm_bf16", cost_of("gemm_bf16", 3, {8}).cycles);
  expect("gemm_int8", cost_of("gemm_int8", 3, {16}).cycles);
  expect("gelu_bf16", cost_of("gelu_bf16", 2, {2048}).cycles);
  expect("softmax_bf16", cost_of("softmax_bf16", 2, {1500}).cycles);
  expect("layer_norm_bf16", cost_of("layer_norm_bf16", 4, {4, 512}).cycles);
  expect("gemm_bf16_tile", cost_of("attention_values", 3, {}).cycles);
}

/// Accesses of 256 bits that a recorded call makes to each bank.
void count_accesses(const std::vector<npu::recorder::Region>& regions,
                    std::array<Cycle, 4>& banks) {
  using npu::recorder::Region;
  for (const Region& region : regions) {
    count_accesses(region.body, banks);
    const Cycle runs =
        region.kind == Region::Kind::inner_loop ? region.trips * region.runs : region.runs;
    for (const npu::core::Operation& operation : region.piece.graph.operations) {
      if (!operation.access || operation.access->bank < 0) continue;
      banks[static_cast<std::size_t>(operation.access->bank)] += runs;
    }
  }
}

/// Each argument's bank is that of recorder/calls.cc. `counted` are accesses of other code.
void expect_banks(std::string_view symbol, const char* recorded, const std::vector<int>& banks,
                  const std::vector<int>& numbers, const npu::recorder::Sizes& sizes = {},
                  std::array<Cycle, 4> counted = {}) {
  std::array<Cycle, 4> said{};
  count_accesses(npu::recorder::record(recorded, sizes).regions, counted);
  const Cost cost = cost_of(symbol, static_cast<int>(banks.size()), numbers);
  ASSERT_EQ(cost.bank_cycles.size(), banks.size()) << symbol;
  for (std::size_t i = 0; i < banks.size(); ++i) {
    said[static_cast<std::size_t>(banks[i])] += cost.bank_cycles[i];
  }
  EXPECT_EQ(said, counted) << symbol;
}

TEST(ShippedKernels, UseBanksAsRecorded) {
  expect_banks("passthrough", "passthrough", {1, 2}, {2048});
  expect_banks("zero_sums", "zero_sums", {3}, {});
  expect_banks("gemm_bf16", "gemm_bf16", {3, 1, 2}, {8});
  expect_banks("gemm_bf16", "gemm_bf16", {3, 1, 2}, {3}, {.k_blocks = 3});
  expect_banks("gemm_int8", "gemm_int8", {3, 1, 2}, {16});
  expect_banks("gemm_int8", "gemm_int8", {3, 1, 2}, {6}, {.k_blocks = 3});
  expect_banks("gelu_bf16", "gelu_bf16", {2, 1}, {2048});
  expect_banks("softmax_bf16", "softmax_bf16", {2, 1}, {1500});
  expect_banks("layer_norm_bf16", "layer_norm_bf16", {2, 1, 3, 3}, {4, 512});
  expect_banks("attention_values", "gemm_bf16_tile", {3, 1, 2}, {});
  // o is touched by raising references only.
  // Row sums are copied, and their copy is used, in the same bank; weights are set to zero before.
  expect_banks("attention_keys", "attention_weights", {3, 0, 0, 1, 1, 2}, {60}, {}, {64, 256});
  expect_banks("attention_keys", "attention_weights", {3, 0, 0, 1, 1, 2}, {64}, {.valid = 64},
               {64});
  expect_banks("attention_finish", "attention_finish", {0, 3, 0}, {0});
}

}  // namespace
}  // namespace sotto::apps
