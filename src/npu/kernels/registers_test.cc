// Every kernel that rounds sets the core's registers itself: it must not live on what the kernel
// before it left behind.
#include <gtest/gtest.h>

#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::normal_matrix;

class RegistersTest : public testing::KernelTest {
 protected:
  RegistersTest() { std::fill(sums_.begin(), sums_.end(), 1.0f); }

  /// Runs `kernel` on a core as it leaves reset, or with another saturation left behind.
  void expect_registers(const char* name, host::Saturation saturation,
                        const std::function<void()>& kernel,
                        host::Saturation before = host::Saturation::none) {
    state_ = {.saturation = before};
    kernel();
    EXPECT_EQ(state_.rounding, host::Rounding::conv_even) << name;
    EXPECT_EQ(state_.saturation, saturation) << name;
  }

  static constexpr std::size_t kBlocks = kTileBlocks * kOperand;
  Buffer<bfloat16> in_ = testing::pack_a(normal_matrix(kTile, kTile, 1));
  Buffer<bfloat16> out_{kTile * kTile}, low_{kTile * kTile}, rows_{kBlocks}, columns_{kBlocks},
      inverse_{kBlocks};
  Buffer<float> c_{kTile * kTile}, sums_{kTileBlocks * kSum}, squares_{kTileBlocks * kSum};
};

TEST_F(RegistersTest, OfRowsAndStatistics) {
  using enum host::Saturation;
  expect_registers("scale", none, [&] { scale_bf16(out_.data(), in_.data(), in_[0], 64); });
  expect_registers(
      "gelu", none, [&] { gelu_bf16(out_.data(), in_.data(), 64); }, saturate);
  expect_registers("softmax", saturate, [&] { softmax_bf16(out_.data(), in_.data(), 64); });
  expect_registers("layer_norm", none, [&] {
    layer_norm_bf16(out_.data(), in_.data(), in_.data(), in_.data(), 1, 64);
  });
  expect_registers("finish_statistics", none, [&] {
    finish_statistics(rows_.data(), inverse_.data(), sums_.data(), squares_.data(), 64);
  });
}

TEST_F(RegistersTest, OfEpilogues) {
  using enum host::Saturation;
  bfloat16 *out = out_.data(), *low = low_.data(), *rows = rows_.data(), *columns = columns_.data();
  bfloat16* inverse = inverse_.data();
  const float* c = c_.data();
  const auto expect_wrapping = [&](const char* name, const std::function<void()>& kernel) {
    expect_registers(name, none, kernel, saturate);
  };
  expect_wrapping("residual", [&] { epilogue_residual(out, low, c, rows, columns, 0, 0, 16); });
  expect_wrapping("gelu", [&] { epilogue_gelu(out, c, rows, columns, 0, 0, 16); });
  expect_wrapping("gelu_sums", [&] { gelu_sums(c_.data(), rows, columns); });
  expect_wrapping("parts", [&] { epilogue_parts(out, low, c, 0, 0, 16); });
  for (const auto epilogue :
       {epilogue_norm_a, epilogue_norm_k, epilogue_norm_v, epilogue_norm_gelu}) {
    expect_wrapping("norm", [&] { epilogue(out, c, rows, columns, inverse, 0, 0, 16); });
  }
}

TEST_F(RegistersTest, OfAttention) {
  using enum host::Saturation;
  Buffer<float> offsets(kTileBlocks * kSum);
  bfloat16 *p = out_.data(), *q = in_.data(), *k = in_.data();
  expect_registers("reference", none,
                   [&] { attention_reference(offsets.data(), sums_.data(), q, k, 64); });
  expect_registers("weights", saturate,
                   [&] { attention_weights(p, sums_.data(), q, k, offsets.data(), 64, 0, 8); });
  expect_registers("rescale", saturate, [&] {
    attention_rescale(c_.data(), sums_.data(), offsets.data(), q, k, 64, 0);
  });
  expect_registers("finish", none, [&] { attention_finish(p, c_.data(), sums_.data(), 0); });
}

}  // namespace
}  // namespace sotto::npu::kernels
