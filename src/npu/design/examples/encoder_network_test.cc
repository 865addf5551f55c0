// The network that the encoder's cores (npu/kernels/encoder_core.cc, phase.h) are written for can
// be drawn, placed and routed: 4 x 4 cores that own their locks, everything in the banks that the
// kernels want.
#include "npu/design/examples/encoder_network.h"

#include <gtest/gtest.h>

#include <map>

#include "npu/design/check/check_testing.h"
#include "npu/design/lower.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

constexpr int kWorkspaceBytes = EncoderNetwork{}.workspace_bytes;

TEST(EncoderNetwork, IsPlacedAsItsKernelsWant) {
  const ArrayProgram program = lower(check(encoder_network()));
  std::map<std::string, std::uint32_t> banks;
  for (const ProgramBuffer& buffer : program.buffers) {
    banks[buffer.name] = buffer.address / static_cast<std::uint32_t>(kCoreMemory.bank_bytes());
  }
  EXPECT_EQ(banks["a_row2.in3[0]"], 1u);
  EXPECT_EQ(banks["b_column3.in2[1]"], 2u);
  EXPECT_EQ(banks["c23"], 3u);
  EXPECT_EQ(banks["workspace23"], 0u);
  EXPECT_EQ(banks["strip32.out[1]"], 0u);
  EXPECT_EQ(program.cores.size(), 16u);
  for (const ProgramCore& core : program.cores) {
    ASSERT_EQ(core.operations.size(), 1u);
    const auto& call = std::get<KernelCall>(core.operations[0]);
    EXPECT_EQ(call.arguments.size(), 18u);
    for (std::size_t i = 8; i < 14; ++i) {  // six different locks of its own
      const int lock = std::get<Immediate>(call.arguments[i]).value;
      EXPECT_TRUE(lock >= 48 && lock < 64);
    }
  }
}

TEST(EncoderNetwork, FillsItsCores) {
  // 3,328 stack + 2 x 2,048 strips + 8,320 workspace = 15,744 of 16,384 in bank 0, 16,384 in each
  // other one.
  expect_accepted(encoder_network({.workspace_bytes = kWorkspaceBytes + 640}));
  expect_only(encoder_network({.workspace_bytes = kWorkspaceBytes + 641}), Category::memory_bytes,
              "there are 65536");
}

TEST(EncoderNetwork, SevenObjectsOfAAndBWaitInAMemoryTile) {
  // Descriptors: A and B d in and d out each, strips 4 x 2, results 2 x 4. All six channels in are
  // taken, three of them even. d = 7: 7 + 7 + 2 and 8 on even channels, 2 + 2 + 2 and 7 + 7 on odd
  // ones. d = 8 would be 48 in all, but neither 18 nor 12 nor 6 and multiples of 8 make 24.
  expect_only(encoder_network({.depth = 8}), Category::dma_descriptors,
              "memory (0,1): 48 descriptors");
}

}  // namespace
}  // namespace sotto::npu::design
