// For tests of single rules: designs that are valid, and what a check says of one that a test has
// spoiled.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "npu/design/build.h"
#include "npu/design/check/check.h"

namespace sotto::npu::design::testing {

inline std::vector<Finding> findings_of(Design design) {
  try {
    check(std::move(design));
    return {};
  } catch (const DesignError& error) {
    return error.findings();
  }
}

inline std::string joined(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& finding : findings) all += to_string(finding) + "\n";
  return all;
}

inline void expect_accepted(const Design& design) {
  const std::vector<Finding> findings = findings_of(design);
  EXPECT_TRUE(findings.empty()) << joined(findings);
}

/// Exactly one rule is broken, and a message of it holds this text.
inline void expect_only(const Design& design, Category category, const std::string& text) {
  const std::vector<Finding> findings = findings_of(design);
  ASSERT_FALSE(findings.empty()) << "accepted; expected " << name(category) << ": " << text;
  bool said = false;
  for (const Finding& finding : findings) {
    EXPECT_EQ(name(finding.category), name(category)) << to_string(finding);
    EXPECT_GT(finding.where.line(), 0u);
    said |= finding.message.find(text) != std::string::npos;
  }
  EXPECT_TRUE(said) << "no message holds \"" << text << "\":\n" << joined(findings);
}

/// Host to core to host in one column, in objects of `count` words.
struct Chain1 {
  Builder b{npu1(1), "chain"};
  ShimTile shim = b.shim(0);
  CoreTile core = b.core(0, 2);
  FifoOf<i32> in, out;
  HostOf<i32> input, output;
  KernelOf<Out<i32>, In<i32>> copy;
  TaskRef filled, drained;

  struct Sizes {
    int count = 256;
    int objects = 4;
    int in_depth = 2, out_depth = 2;
  };
  Chain1() : Chain1(Sizes{}) {}
  explicit Chain1(Sizes sizes) {
    draw(sizes);
    program();
    fill_and_drain();
  }
  Chain1(Sizes sizes, std::nullptr_t) { draw(sizes); }  ///< no program, no sequence

  void draw(Sizes sizes) {
    in = b.fifo<i32>("in", sizes.count, {{shim}}, {{.tile = core, .depth = sizes.in_depth}});
    out = b.fifo<i32>("out", sizes.count, {{.tile = core, .depth = sizes.out_depth}}, {{shim}});
    copy = b.kernel<Out<i32>, In<i32>>("copy", {.program_bytes = 512, .stack_bytes = 64});
    input = b.host<i32>("input", sizes.count * sizes.objects);
    output = b.host<i32>("output", sizes.count * sizes.objects);
  }
  void program() {
    b.program(core, {acquire(in.consumer()), acquire(out.producer()),
                     call(copy(out.producer(), in.consumer())), release(in.consumer()),
                     release(out.producer())});
  }
  void fill_and_drain() {
    filled = b.fill(in, input);
    drained = b.drain(out, output);
    b.wait(drained);
    b.wait(filled);
  }
  Design& design() { return b.design(); }
};

/// Host to memory tile to host: one link, no core. Objects of `count` words arrive and leave.
struct Memory1 {
  Builder b{npu1(1), "memory"};
  ShimTile shim = b.shim(0);
  MemoryTile memory = b.memory(0);
  FifoOf<i32> in, out;

  explicit Memory1(int count = 256, FifoEnd sends = {}, int sent = 0, FifoOptions options = {},
                   int depth = 2) {
    sends.tile = memory;
    in = b.fifo<i32>("in", count, {{shim}}, {{memory}});
    out = b.fifo<i32>("out", sent == 0 ? count : sent, sends, {{shim}}, options);
    b.via(memory, in, out, {.depth = depth});
    const auto input = b.host<i32>("input", 4 * count);
    const auto output = b.host<i32>("output", 4 * out_count() * options.repeat);
    const TaskRef filled = b.fill(in, input), drained = b.drain(out, output);
    b.wait(drained);
    b.wait(filled);
  }
  int out_count() { return b.design().fifos[1].object.count; }
  Design& design() { return b.design(); }
};

}  // namespace sotto::npu::design::testing
