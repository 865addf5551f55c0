// Rules about DMA channels, descriptors and what their registers hold.
#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// A core that adds up n streams into one.
Design inputs_of_a_core(int n) {
  Builder b(npu1(2), "inputs");
  const ShimTile shims[] = {b.shim(0), b.shim(1)};
  const CoreTile core = b.core(0, 2);
  std::vector<FifoOf<i32>> in;
  std::vector<Statement> body;
  std::vector<TaskRef> tasks;
  const auto host = b.host<i32>("host", 256), result = b.host<i32>("result", 256);
  const auto out = b.fifo<i32>("out", 64, {{core}}, {{shims[0]}});
  for (int i = 0; i < n; ++i) {
    in.push_back(b.fifo<i32>("in" + std::to_string(i), 64, {{shims[i / 2]}}, {{core}}));
    body.push_back(acquire(in.back().consumer()));
    body.push_back(release(in.back().consumer()));
    tasks.push_back(b.fill(in.back(), host));
  }
  body.push_back(acquire(out.producer()));
  body.push_back(release(out.producer()));
  b.program(core, body);
  tasks.push_back(b.drain(out, result));
  for (const TaskRef task : tasks) b.wait(task);
  return b.design();
}

TEST(Dma, ChannelsOfACore) {
  expect_accepted(inputs_of_a_core(2));
  expect_only(inputs_of_a_core(3), Category::dma_channels,
              "core (0,2): 3 streams arrive ('in0', 'in1', 'in2'); its DMA has 2 channels");
}

TEST(Dma, ChannelsThatAreWishedFor) {
  Design d = inputs_of_a_core(2);
  d.fifos[1].consumers[0].channel = 1;
  expect_accepted(d);
  d.fifos[2].consumers[0].channel = 1;
  expect_only(d, Category::dma_channels, "'in1' wishes for channel 1, as 'in0' does");
  d.fifos[2].consumers[0].channel = 2;
  expect_only(d, Category::dma_channels, "'in1' wishes for channel 2, which it has not");
}

TEST(Dma, DescriptorsOfACore) {
  expect_accepted(Chain1({16, 4, 8, 8}).design());
  expect_only(Chain1({16, 4, 9, 8}).design(), Category::dma_descriptors,
              "core (0,2): 17 descriptors ('in' 9, 'out' 8) do not fit its 16");
}

TEST(Dma, DescriptorsOfAMemoryTileHaveParity) {
  expect_accepted(Memory1(16, {}, 0, {}, 24).design());  // 24 for even channels, 24 for odd ones
  expect_only(Memory1(16, {}, 0, {}, 25).design(), Category::dma_descriptors,
              "of which even channels use 24 and odd ones 24");
  // 23 + 23 fit, and 23 + 23 + 2 do only because the two are spread.
  Memory1 d(16, {}, 0, {}, 23);
  const auto buffer = d.b.buffer<i32>("buffer", d.memory, 16);
  const auto chain = [&](const char* name, Direction direction) {
    return d.b.chain({name, d.memory, direction, {Bd{.buffer = buffer, .count = 16}}, false});
  };
  const ChainRef sends = chain("sends", Direction::mm2s);
  d.b.flow("loop", sends, {chain("receives", Direction::s2mm)});
  expect_accepted(d.design());
}

TEST(Dma, WordsOfFourBytes) {
  for (const int count : {6, 8}) {
    Builder b(npu1(1), "bytes");
    const ShimTile shim = b.shim(0);
    const MemoryTile memory = b.memory(0);
    const auto in = b.fifo<u8>("in", 8, {{shim}}, {{memory}});
    const auto out =
        b.fifo<u8>("out", 8, {{.tile = memory, .layout = {{8 / count, 1}, {count, 1}}}}, {{shim}});
    b.via(memory, in, out);
    const auto host = b.host<u8>("a", 8), result = b.host<u8>("b", 8);
    const TaskRef filled = b.fill(in, host, {.layout = {{count, 1}}}),
                  drained = b.drain(out, result);
    b.wait(drained);
    b.wait(filled);
    if (count == 8) {
      expect_accepted(b.design());
    } else {
      const auto findings = findings_of(b.design());
      bool said = false;
      for (const Finding& finding : findings) said |= finding.category == Category::word_rule;
      EXPECT_TRUE(said) << joined(findings);
    }
  }
}

TEST(Dma, SmallElementsAreMovedInRuns) {
  // bf16: the innermost stride must be 1.
  for (const bool transposed : {false, true}) {
    Builder b(npu1(1), "halves");
    const ShimTile shim = b.shim(0);
    const MemoryTile memory = b.memory(0);
    const Layout rows = {{4, 2}, {8, 8}, {2, 1}}, columns = {{8, 1}, {8, 8}};
    const auto in = b.fifo<bf16>("in", 64, {{shim}}, {{memory}});
    const auto out = b.fifo<bf16>(
        "out", 64, {{.tile = memory, .layout = transposed ? columns : rows}}, {{shim}});
    b.via(memory, in, out);
    const auto host = b.host<bf16>("a", 64), result = b.host<bf16>("b", 64);
    const TaskRef filled = b.fill(in, host), drained = b.drain(out, result);
    b.wait(drained);
    b.wait(filled);
    if (transposed) {
      expect_only(b.design(), Category::word_rule,
                  "fifo 'out' at memory (0,1): the innermost stride is 8");
    } else {
      expect_accepted(b.design());
    }
  }
}

TEST(Dma, DimensionsOfACore) {
  Chain1 d({16, 4, 2, 2});
  d.design().fifos[0].consumers[0].layout = {{4, 1}, {2, 8}, {2, 4}};
  expect_accepted(d.design());
  d.design().fifos[0].consumers[0].layout = {{2, 1}, {2, 2}, {2, 8}, {2, 4}};
  expect_only(d.design(), Category::dimensions, "4 dimensions; the DMA has 3");
}

TEST(Dma, DimensionsOfAMemoryTile) {
  const Layout four = {{2, 1}, {2, 2}, {2, 8}, {2, 4}};
  expect_accepted(Memory1(16, {.layout = four}).design());
  const Layout five = {{2, 1}, {2, 2}, {2, 8}, {2, 4}, {2, 16}};
  expect_only(Memory1(32, {.layout = five}).design(), Category::dimensions,
              "5 dimensions; the DMA has 4");
}

TEST(Dma, WrapOfAMemoryTile) {
  expect_accepted(Memory1(2046, {.layout = {{2, 1}, {1023, 2}}}).design());
  expect_only(Memory1(2048, {.layout = {{2, 1}, {1024, 2}}}).design(), Category::wrap,
              "dimension 0 (0 is the innermost) has 1024 words; the limit is 1023 (as two "
              "dimensions, 2 x 512, each would fit)");
  // The outermost dimension has no wrap register.
  expect_accepted(Memory1(3000, {.layout = {{1500, 1}, {2, 1500}}}).design());
}

TEST(Dma, WrapOfACore) {
  Chain1 d({510, 4, 2, 2});
  d.design().fifos[0].consumers[0].layout = {{2, 1}, {255, 2}};
  expect_accepted(d.design());
  Chain1 e({512, 4, 2, 2});
  e.design().fifos[0].consumers[0].layout = {{2, 1}, {256, 2}};
  expect_only(e.design(), Category::wrap, "has 256 words; the limit is 255");
}

/// One word, then one `stride` words further on.
Design two_words(std::int64_t stride) {
  Builder b(npu1(1), "two words");
  const ShimTile shim = b.shim(0);
  const MemoryTile memory = b.memory(0);
  const auto in = b.fifo<i32>("in", 2, {{shim}}, {{memory}});
  const auto out = b.fifo<i32>("out", 2, {{memory}}, {{shim}});
  b.via(memory, in, out);
  const auto host = b.host<i32>("a", 2 << 20), result = b.host<i32>("b", 2);
  const TaskRef filled = b.fill(in, host, {.layout = {{2, stride}}}),
                drained = b.drain(out, result);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

TEST(Dma, StepOfAShim) {
  expect_accepted(two_words(1 << 20));
  expect_only(two_words((1 << 20) + 1), Category::step,
              "steps 1048577 words; 1 to 1048576 can be had");
  expect_only(two_words(0), Category::step,
              "steps 0 words; 1 to 1048576 can be had (no repeating)");
}

TEST(Dma, LengthInAMemoryTile) {
  expect_accepted(Memory1(131071, {}, 0, {}, 1).design());
  expect_only(Memory1(131072, {}, 0, {}, 1).design(), Category::length,
              "131072 words; a descriptor moves 1 to 131071");
}

/// Rows of four words with zeros behind them.
Design padded(int zeros, TileKind sender = TileKind::memory) {
  const FifoEnd end = {.layout = {{8, 4}, {4, 1}}};
  FifoOptions options;
  options.padding = {{0, 0}, {0, zeros}};
  if (sender == TileKind::memory) return Memory1(32, end, 8 * (4 + zeros), options).design();
  Chain1 d({32, 4, 2, 2});
  d.design().fifos[1].padding = options.padding;
  d.design().fifos[1].producer->layout = end.layout;
  d.design().fifos[1].object.count = 8 * (4 + zeros);
  return d.design();
}

TEST(Dma, PaddingWithinTheRegisters) {
  expect_accepted(padded(63));
  expect_only(padded(64), Category::padding,
              "64 words of zeros in dimension 0 (0 is the innermost); the limit is 63");
}

TEST(Dma, PaddingOfRows) {
  for (const int rows : {31, 32}) {
    FifoOptions options;
    options.padding = {{rows, 0}, {0, 0}};
    const Design d = Memory1(32, {.layout = {{8, 4}, {4, 1}}}, (8 + rows) * 4, options).design();
    if (rows == 31) {
      expect_accepted(d);
    } else {
      expect_only(d, Category::padding, "32 rows of zeros in dimension 1");
    }
  }
}

TEST(Dma, PaddingIsForMemoryTiles) {
  const std::vector<Finding> findings = findings_of(padded(4, TileKind::core));
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].category, Category::padding) << joined(findings);
}

TEST(Dma, PaddingMakesTheObjectOfTheReceiver) {
  FifoOptions options;
  options.padding = {{0, 0}, {0, 4}};
  expect_only(Memory1(32, {.layout = {{8, 4}, {4, 1}}}, 32, options).design(),
              Category::type_mismatch,
              "with its zeros an object has 64 words; its consumers expect 32");
}

TEST(Dma, LayoutsMoveEverythingOnce) {
  expect_accepted(Memory1(16, {.layout = {{4, 1}, {4, 4}}}).design());
  expect_only(Memory1(16, {.layout = {{4, 1}, {3, 4}}}).design(), Category::layout,
              "its layout moves 12 elements of 16");
  expect_only(Memory1(16, {.layout = {{4, 3}, {4, 1}}}).design(), Category::layout,
              "does not move each of 16 elements once");
  expect_only(Memory1(16, {.layout = {{4, 8}, {4, 1}}}).design(), Category::layout,
              "reaches element 27");
}

/// Objects of 16 words in buffers of `room` at the core.
Design in_room(int room, Layout layout, int kernel_words) {
  Chain1 d({16, 4, 2, 2});
  for (FifoEnd* end : {&d.design().fifos[0].consumers[0], &*d.design().fifos[1].producer}) {
    end->room = room;
    end->layout = layout;
  }
  for (Parameter& parameter : d.design().kernels[0].parameters) parameter.count = kernel_words;
  return d.design();
}

TEST(Dma, ACoresBufferMayHaveMoreRoomThanAnObject) {
  expect_accepted(in_room(16, {}, 16));
  expect_accepted(in_room(24, {}, 24));
  expect_accepted(in_room(28, {{4, 8}, {4, 1}}, 28));
  expect_only(in_room(27, {{4, 8}, {4, 1}}, 27), Category::layout, "reaches element 27 of buffer");
  expect_only(in_room(28, {{4, 3}, {4, 1}}, 28), Category::layout,
              "does not move each of 16 elements once");
  expect_only(
      in_room(15, {}, 16), Category::layout,
      "room for 15 elements; it is had in a core's own buffers, for an object's 16 or more");
  expect_only(in_room(24, {}, 16), Category::type_mismatch, "of 24 elements");
}

TEST(Dma, RoomIsForCores) {
  Memory1 d;
  d.design().fifos[0].consumers[0].room = 300;
  expect_only(d.design(), Category::layout, "fifo 'in' at memory (0,1): room for 300 elements");
}

/// A memory tile whose DMA sends what lies in its neighbour.
Design neighbours(int column, int channel) {
  Builder b(npu1(4), "neighbours");
  const MemoryTile memory = b.memory(0), other = b.memory(column), receiver = b.memory(3);
  const auto buffer = b.buffer<i32>("buffer", other, 16),
             sink = b.buffer<i32>("sink", receiver, 16);
  const ChainRef sends = b.chain({"sends",
                                  memory,
                                  Direction::mm2s,
                                  {Bd{.buffer = buffer, .count = 16}},
                                  false,
                                  1,
                                  channel,
                                  {}});
  const ChainRef receives = b.chain(
      {"receives", receiver, Direction::s2mm, {Bd{.buffer = sink, .count = 16}}, false, 1, {}, {}});
  b.flow("stream", sends, {receives});
  return b.design();
}

TEST(Dma, MemoryTilesReachTheirNeighbours) {
  expect_accepted(neighbours(1, 3));
  expect_only(neighbours(2, 3), Category::reach, "buffer 'buffer' is in memory (2,1)");
  expect_only(neighbours(1, 4), Category::dma_descriptors, "needs channels 0 to 3");
}

TEST(Dma, DescriptorsUseTwoLocksOrNone) {
  Design d = neighbours(1, 3);
  d.locks.push_back({"l", {0}, 1, d.where});
  d.chains[0].bds[0].acquire = d.chains[0].bds[0].release = Bd::Use{{0}, 1};
  expect_accepted(d);
  d.chains[0].bds[0].release.reset();
  expect_only(d, Category::lock_value, "a descriptor uses two locks or none");
}

TEST(Dma, ExecutionsThatMoveOn) {
  for (const int wrap : {64, 65}) {
    Design d = neighbours(1, 3);
    for (Buffer& buffer : d.buffers) buffer.object.count = 16 + 2 * wrap;
    d.chains[0].bds[0].run_stride = 2;
    d.chains[0].bds[0].run_wrap = wrap;
    if (wrap == 64) {
      expect_accepted(d);
      d.buffers[0].object.count = 16 + 2 * 63 - 1;
      expect_only(d, Category::layout, "reaches element 141 of buffer 'buffer', which has 141");
    } else {
      expect_only(d, Category::runs, "starts 65 times further on");
    }
  }
}

TEST(Dma, ChainsRunAtMost256Times) {
  Design d = neighbours(1, 3);
  d.chains[0].runs = d.chains[1].runs = 256;
  expect_accepted(d);
  d.chains[0].runs = 257;
  expect_only(d, Category::runs, "257 runs; 1 to 256 can be had");
}

TEST(Dma, ChainsAreInOneFlow) {
  Design d = neighbours(1, 3);
  d.flows.clear();
  const std::vector<Finding> findings = findings_of(d);
  ASSERT_EQ(findings.size(), 2u) << joined(findings);
  EXPECT_EQ(findings[0].category, Category::no_consumer);
  EXPECT_EQ(findings[1].category, Category::no_producer);
}

}  // namespace
}  // namespace sotto::npu::design
