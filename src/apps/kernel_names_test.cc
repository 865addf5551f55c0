#include "apps/kernel_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using ::testing::Contains;

const std::vector<std::string> kKnown = {"passthrough", "gemm_bf16", "gemm_bf16_tile",
                                         "gelu_sums",   "zero_sums", "layer_norm_bf16"};

std::string refusal(std::string_view given) {
  try {
    return "taken as " + kernel_named(given, kKnown);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
}

TEST(KernelNames, AreWholeOrTheBeginningOfOnlyOne) {
  EXPECT_EQ(kernel_named("gemm_bf16", kKnown), "gemm_bf16");  // though another begins so
  EXPECT_EQ(kernel_named("layer", kKnown), "layer_norm_bf16");
  EXPECT_EQ(kernel_named("gelu", kKnown), "gelu_sums");
}

TEST(KernelNames, GemmIsTheEncodersAndThereIsOne) {
  EXPECT_EQ(kernel_named("gemm", kKnown), "gemm_bf16_tile");
  EXPECT_THAT(npu::recorder::recordable(), Contains(std::string(kGemm)));
}

TEST(KernelNames, RefusalsListWhatCouldBeMeant) {
  EXPECT_EQ(refusal("gem"), "'gem' is the beginning of 2 kernels: gemm_bf16, gemm_bf16_tile");
  EXPECT_EQ(refusal("sums"), "there is no kernel 'sums'; near are gelu_sums, zero_sums");
  EXPECT_EQ(refusal("pasthrough"), "there is no kernel 'pasthrough'; near are passthrough");
  EXPECT_EQ(refusal("lay_norm"), "there is no kernel 'lay_norm'; near are layer_norm_bf16");
  const std::string all =
      "there are passthrough, gemm_bf16, gemm_bf16_tile, gelu_sums, zero_sums, layer_norm_bf16";
  EXPECT_EQ(refusal("convolution"), "there is no kernel 'convolution'; " + all);
  EXPECT_EQ(refusal(""), "there is no kernel ''; " + all);
}

}  // namespace
}  // namespace sotto::apps
