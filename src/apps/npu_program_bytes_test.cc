// What designs say of their kernels' program is at least what npu/cycles compiles these to, with
// the code that calls them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "apps/npu_designs.h"
#include "base/testing.h"
#include "npu/cycles/cost.h"
#include "npu/design/examples/encoder_network.h"

namespace sotto::apps {
namespace {

constexpr int kProgramMemory = 16384;
/// A kernel's own code round the recorded ones that it calls: a loop, tests and calls.
constexpr int kGlue = 128;

/// The recorded calls whose code a kernel is made of. A second one of the same kernel is what the
/// first does not run: what is left of a length.
const std::map<std::string, std::vector<std::string>> kParts = {
    {"passthrough", {"passthrough"}},
    {"zero_sums", {"zero_sums"}},
    {"gemm_bf16", {"gemm_bf16", "gemm_bf16_short"}},
    {"gemm_int8", {"gemm_int8", "gemm_int8_short"}},
    {"gelu_bf16", {"gelu_bf16", "gelu_bf16_tail"}},
    {"softmax_bf16", {"softmax_bf16"}},
    {"layer_norm_bf16", {"layer_norm_bf16"}},
    {"attention_reference", {"zero_blocks", "attention_largest"}},
    {"attention_keys", {"attention_weights", "attention_largest", "attention_raise"}},
    {"attention_values", {"gemm_bf16_tile"}},
    {"attention_finish", {"attention_finish"}},
};

/// What encoder_core.cc calls.
const std::vector<std::string> kEncoderCore = {
    "passthrough",       "bias_sums",         "gemm_bf16_tile",  "row_statistics", "zero_blocks",
    "finish_statistics", "normalise_sums",    "gelu_sums",       "clear_sums",     "add_plane",
    "round_strip_a",     "round_strip_k",     "round_strip_v",   "round_parts",    "invert_sums",
    "attention_largest", "attention_weights", "attention_raise",
};

int bytes_of(npu::cycles::Costs& costs, const std::vector<std::string>& parts) {
  int bytes = 0;
  for (const std::string& part : parts) bytes += costs.of(part).program_bytes;
  return bytes;
}

class ProgramBytes : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::kSlowBuild) GTEST_SKIP() << "skipped: to compile kernels takes minutes here";
  }
  npu::cycles::Costs costs_;
};

TEST_F(ProgramBytes, OfEveryDesignAreEnough) {
  std::map<std::string, int> declared;
  for (const NpuExample& example : npu_examples()) {
    if (example.name == "seed_layer") continue;  // its kernels are invented
    for (const auto type : {npu::design::GemmType::bf16, npu::design::GemmType::int8}) {
      for (const npu::design::Kernel& kernel : example.make(example.shape, type).kernels) {
        int& least = declared.try_emplace(kernel.symbol, kernel.program_bytes).first->second;
        least = std::min(least, kernel.program_bytes);
      }
    }
  }
  EXPECT_EQ(declared.size(), kParts.size());
  for (const auto& [symbol, bytes] : declared) {
    ASSERT_TRUE(kParts.contains(symbol)) << symbol;
    const std::vector<std::string>& parts = kParts.at(symbol);
    EXPECT_GE(bytes, bytes_of(costs_, parts) + (parts.size() > 2 ? kGlue : 0)) << symbol;
  }
}

TEST_F(ProgramBytes, OfTheEncodersCoreAreEnough) {
  const int kernels = bytes_of(costs_, kEncoderCore);
  for (const std::string& kernel : kEncoderCore) {
    RecordProperty(kernel, costs_.of(kernel).program_bytes);
  }
  RecordProperty("kernels", kernels);
  EXPECT_GE(npu::design::kEncoderCoreBytes, kernels + npu::design::kEncoderCoreCode);
  RecordProperty("in all", kernels + npu::design::kEncoderCoreCode + npu::design::kStartUpBytes);
  EXPECT_LE(npu::design::kEncoderCoreBytes + npu::design::kStartUpBytes, kProgramMemory);
  for (const npu::design::Kernel& kernel : npu::design::encoder_network().kernels) {
    EXPECT_EQ(kernel.program_bytes, npu::design::kEncoderCoreBytes) << kernel.symbol;
  }
}

}  // namespace
}  // namespace sotto::apps
