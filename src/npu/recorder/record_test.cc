// Every kernel: recorded bits are those of the plain kernel, and so are those of the regions.
#include "npu/recorder/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "npu/kernels/host/core_state.h"
#include "npu/recorder/run.h"

namespace sotto::npu::recorder {
namespace {

class RecordedKernel : public ::testing::TestWithParam<Call> {};

void print(const std::vector<Region>& regions, int depth) {
  for (const Region& region : regions) {
    std::printf("%*s%s x%ld runs %ld ops %zu\n", 2 * depth, "",
                region.name.empty() ? "straight" : region.name.c_str(), long(region.trips),
                long(region.runs), region.piece.graph.operations.size());
    for (const auto& op : region.piece.graph.operations) {
      std::printf("%*s  %s%s %ld mode%d", 2 * depth, "",
                  core::info(core::choices(op.opcode)[0]).mnemonic, op.suffix.c_str(),
                  long(op.immediate), int(op.mode));
      const auto show = [&](const core::Operand& o) {
        std::printf(" %s", region.piece.graph.registers[size_t(o.reg)].name.c_str());
        if (o.units) std::printf("[%d+%d]", o.first, o.units);
        if (o.distance) std::printf("@%d", o.distance);
      };
      std::printf(" :");
      for (const auto& d : op.defs) show(d);
      std::printf(" <-");
      for (const auto& u : op.uses) show(u);
      std::printf("\n");
    }
    print(region.body, depth + 1);
  }
}

void expect_sound(const std::vector<Region>& regions) {
  for (const Region& region : regions) {
    EXPECT_EQ(core::problem_of(region.piece.graph), "") << region.name;
    expect_sound(region.body);
  }
}

TEST_P(RecordedKernel, GivesThePlainBits) {
  const Call& call = GetParam();
  auto buffers = make_buffers(call);
  std::vector<std::byte*> pointers;
  for (auto& buffer : buffers) pointers.push_back(buffer.data());
  {
    host::CoreState state;
    const host::CoreScope scope(state);
    call.run(pointers);
  }
  const Kernel kernel = record(call.name);
  if (std::getenv("DUMP")) print(kernel.regions, 0);
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(kernel.objects[i].after, buffers[i])) << "recorded " << i;
  }
  expect_sound(kernel.regions);
  const std::vector<std::byte> memory = run(kernel);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const auto* const begin = memory.data() + kernel.objects[i].address;
    EXPECT_TRUE(std::equal(buffers[i].begin(), buffers[i].end(), begin)) << "regions " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecordedKernel, ::testing::ValuesIn(kernels::calls()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sotto::npu::recorder
