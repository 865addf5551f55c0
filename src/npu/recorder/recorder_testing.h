// What the tests of the recorder share: regions by name, and operations as text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "npu/recorder/record.h"
#include "npu/recorder/run.h"

namespace sotto::npu::recorder::testing {

/// "vlda.conv.fp32.bf16", "vadd.16".
inline std::string text_of(const core::Operation& operation) {
  return core::info(core::choices(operation.opcode)[0]).mnemonic + operation.suffix;
}
inline std::vector<std::string> texts_of(const core::Loop& loop) {
  std::vector<std::string> texts;
  for (const core::Operation& operation : loop.operations) texts.push_back(text_of(operation));
  return texts;
}
inline std::map<std::string, int> counts_of(const core::Loop& loop) {
  std::map<std::string, int> counts;
  for (const core::Operation& operation : loop.operations) ++counts[text_of(operation)];
  return counts;
}

/// All innermost loops, in order.
inline void find_loops(const std::vector<Region>& regions, std::vector<const Region*>& loops) {
  for (const Region& region : regions) {
    if (region.kind == Region::Kind::inner_loop) loops.push_back(&region);
    find_loops(region.body, loops);
  }
}
inline std::vector<const Region*> loops_of(const Kernel& kernel) {
  std::vector<const Region*> loops;
  find_loops(kernel.regions, loops);
  return loops;
}

inline void expect_sound(const std::vector<Region>& regions) {
  for (const Region& region : regions) {
    EXPECT_EQ(core::problem_of(region.piece.graph), "") << region.name;
    EXPECT_EQ(region.piece.effects.size(), region.piece.graph.operations.size());
    EXPECT_EQ(region.piece.cells.size(), region.piece.graph.registers.size());
    expect_sound(region.body);
  }
}

/// The regions are sound and, run one operation after another, leave the same memory as the kernel.
inline void expect_faithful(const Kernel& kernel) {
  expect_sound(kernel.regions);
  const std::vector<std::byte> memory = run(kernel);
  for (const Object& object : kernel.objects) {
    EXPECT_TRUE(
        std::equal(object.after.begin(), object.after.end(), memory.begin() + object.address))
        << object.name;
  }
}

}  // namespace sotto::npu::recorder::testing
