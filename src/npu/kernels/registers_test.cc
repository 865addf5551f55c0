// Every kernel that rounds sets the core's registers itself, and does so first: it must not live on
// what the kernel before it left behind.
#include <gtest/gtest.h>

#include <cstring>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

/// What the kernels read and write.
struct alignas(64) Numbers {
  bfloat16 in[kTile * kTile], out[kTile * kTile], low[kTile * kTile];
  bfloat16 rows[kTileBlocks * kOperand], columns[kTileBlocks * kOperand],
      inverse[kTileBlocks * kOperand];
  float c[kTile * kTile];
  float sums[kTileBlocks * kSum], squares[kTileBlocks * kSum], offsets[kTileBlocks * kSum];
};

class RegistersTest : public testing::KernelTest {
 protected:
  RegistersTest() {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (bfloat16& x : n_.in) x = testing::to_bf16(normal(random));
    for (bfloat16& x : n_.rows) x = testing::to_bf16(normal(random));
    for (bfloat16& x : n_.columns) x = testing::to_bf16(normal(random));
    for (bfloat16& x : n_.inverse) x = testing::to_bf16(normal(random));
    for (float& x : n_.c) x = normal(random);
    for (float& x : n_.sums) x = 2 + std::abs(normal(random));
    for (float& x : n_.squares) x = 100 + normal(random);
  }

  /// Runs `kernel` on a core as it leaves reset, or with another saturation left behind; then once
  /// more on the same numbers, with the registers as it left them, which must change nothing.
  void expect_registers(const char* name, host::Saturation saturation,
                        const std::function<void()>& kernel,
                        host::Saturation before = host::Saturation::none) {
    start_ = n_;
    state_ = {.saturation = before};
    kernel();
    EXPECT_EQ(state_.rounding, host::Rounding::conv_even) << name;
    EXPECT_EQ(state_.saturation, saturation) << name;
    first_ = n_;
    EXPECT_NE(std::memcmp(&first_, &start_, sizeof n_), 0) << name;
    n_ = start_;
    kernel();
    EXPECT_EQ(std::memcmp(&first_, &n_, sizeof n_), 0) << name;
    n_ = start_;
  }

  Numbers n_ = {}, start_, first_;
};

TEST_F(RegistersTest, OfRowsAndStatistics) {
  using enum host::Saturation;
  expect_registers("scale", none, [&] { scale_bf16(n_.out, n_.in, n_.in[0], 64); });
  expect_registers(
      "gelu", none, [&] { gelu_bf16(n_.out, n_.in, 64); }, saturate);
  expect_registers("softmax", saturate, [&] { softmax_bf16(n_.out, n_.in, 64); });
  expect_registers("layer_norm", none,
                   [&] { layer_norm_bf16(n_.out, n_.in, n_.in, n_.in, 1, 64); });
  expect_registers("finish_statistics", none,
                   [&] { finish_statistics(n_.rows, n_.inverse, n_.sums, n_.squares, 0x1p-6f); });
}

TEST_F(RegistersTest, OfEpilogues) {
  using enum host::Saturation;
  expect_registers(
      "gelu_sums", none, [&] { gelu_sums(n_.c); }, saturate);
  expect_registers("normalise_sums", none,
                   [&] { normalise_sums(n_.c, n_.rows, n_.columns, n_.inverse); });
  expect_registers("round", none, [&] { round_strip_k(n_.out, n_.c); });
  expect_registers("parts", none, [&] { round_parts(n_.out, n_.low, n_.c); });
}

TEST_F(RegistersTest, OfAttention) {
  using enum host::Saturation;
  bfloat16 *q = n_.in, *k = n_.in;
  expect_registers("reference", none, [&] { attention_reference(n_.offsets, n_.sums, q, k, 64); });
  expect_registers("weights", saturate,
                   [&] { attention_weights(n_.out, n_.sums, n_.squares, q, k, n_.offsets, 64); });
  expect_registers("largest", none, [&] { attention_largest(n_.squares, q, k, n_.offsets, 64); });
  for (float& x : n_.squares) x = -x;
  expect_registers("raise", saturate,
                   [&] { attention_raise(n_.c, n_.sums, n_.offsets, n_.squares, 0); });
  expect_registers("finish", none, [&] { attention_finish(n_.out, n_.c, n_.sums, 0); });
  expect_registers("invert", none, [&] { invert_sums(n_.inverse, n_.sums); });
}

}  // namespace
}  // namespace sotto::npu::kernels
