// Rules about what a design says: each broken alone, with a valid twin at the boundary.
#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

TEST(Structure, ValidDesignsAreAccepted) {
  expect_accepted(Chain1().design());
  expect_accepted(Memory1().design());
}

TEST(Structure, Device) {
  Chain1 d;
  d.design().device.columns = 4;
  expect_accepted(d.design());
  d.design().device.columns = 5;
  expect_only(d.design(), Category::device, "5 columns and 6 rows; this device has 1 to 4");
  d.design().device = npu2(5);
  expect_accepted(d.design());
}

TEST(Structure, TileOutsideTheArray) {
  Chain1 d;
  d.design().tiles[1].id = {0, 5};
  expect_accepted(d.design());
  d.design().tiles[1].id = {0, 6};
  expect_only(d.design(), Category::tile, "(0,6) is outside an array of 1 columns and 6 rows");
}

TEST(Structure, TileDrawnTwice) {
  Chain1 d;
  d.b.core(0, 3);
  expect_accepted(d.design());
  d.b.core(0, 2);
  expect_only(d.design(), Category::tile, "core (0,2) is there already");
}

TEST(Structure, TilesStandInTheRowsOfTheirKind) {
  for (const int row : {2, 1}) {
    Builder b(npu1(1), "row");
    b.core(0, row);
    if (row == 2) {
      expect_accepted(b.design());
    } else {
      expect_only(b.design(), Category::tile, "memory (0,1) is drawn as a core; row 0 has");
    }
  }
}

TEST(Structure, Reference) {
  Chain1 d;
  d.design().cores[0].tile.index = 2;
  expect_only(d.design(), Category::reference, "tile 2 of 2");
  d.design().cores[0].tile.index = 1;
  expect_accepted(d.design());
  d.design().fifos[0].consumers.clear();
  expect_only(d.design(), Category::reference, "consumer 0 of fifo 'in', which has 0");
}

TEST(Structure, Duplicate) {
  Chain1 d;
  d.design().fifos[1].name = "in2";
  expect_accepted(d.design());
  d.design().fifos[1].name = "in";
  expect_only(d.design(), Category::duplicate, "fifo 'in' is there already");
}

TEST(Structure, NobodyFillsAFifo) {
  Chain1 d({}, nullptr);
  d.b.program(d.core, {acquire(d.in.consumer()), release(d.in.consumer())});
  d.fill_and_drain();
  expect_only(d.design(), Category::no_producer,
              "fifo 'out' at core (0,2): the core's program never fills it");
}

TEST(Structure, NobodyEmptiesAFifo) {
  Chain1 d({}, nullptr);
  d.b.program(d.core, {acquire(d.out.producer()), release(d.out.producer())});
  d.fill_and_drain();
  expect_only(d.design(), Category::no_consumer,
              "fifo 'in' at core (0,2): the core's program never empties it");
}

TEST(Structure, CoreWithoutAProgram) {
  Chain1 d({}, nullptr);
  d.fill_and_drain();
  const std::vector<Finding> findings = findings_of(d.design());
  ASSERT_EQ(findings.size(), 2u) << joined(findings);
  EXPECT_EQ(findings[0].category, Category::no_consumer);
  EXPECT_EQ(findings[1].category, Category::no_producer);
  EXPECT_NE(findings[0].message.find("the core has no program"), std::string::npos);
}

TEST(Structure, FifoOfAShimWithoutATask) {
  Chain1 d({}, nullptr);
  d.program();
  const TaskRef filled = d.b.fill(d.in, d.input);
  d.b.wait(filled);
  expect_only(d.design(), Category::no_consumer, "fifo 'out' at shim (0,0): no task");
}

TEST(Structure, FifoInAMemoryTileWithoutALink) {
  Memory1 d;
  d.design().links.clear();
  const std::vector<Finding> findings = findings_of(d.design());
  ASSERT_EQ(findings.size(), 2u) << joined(findings);
  EXPECT_EQ(findings[0].category, Category::no_consumer);
  EXPECT_EQ(findings[1].category, Category::no_producer);
}

TEST(Structure, LinkWithAGap) {
  Memory1 d;
  d.design().links[0].outputs[0].offset = 1;
  expect_only(d.design(), Category::link, "the outputs at memory (0,1) leave a gap at element 0");
  d.design().links[0].outputs[0].offset = 0;
  expect_accepted(d.design());
}

/// Two streams of `a` and `b` words become objects of `whole`.
Design join_of(int a, int b, int whole) {
  Builder builder(npu1(1), "join");
  const ShimTile shim = builder.shim(0);
  const MemoryTile memory = builder.memory(0);
  const auto in_a = builder.fifo<i32>("a", a, {{shim}}, {{memory}});
  const auto in_b = builder.fifo<i32>("b", b, {{shim}}, {{memory}});
  const auto out = builder.fifo<i32>("out", whole, {{memory}}, {{shim}});
  builder.join(memory, {in_a, in_b}, out);
  const auto host_a = builder.host<i32>("a", 4 * a), host_b = builder.host<i32>("b", 4 * b);
  const auto host = builder.host<i32>("out", 4 * whole);
  const TaskRef tasks[] = {builder.fill(in_a, host_a), builder.fill(in_b, host_b),
                           builder.drain(out, host)};
  for (const TaskRef task : tasks) builder.wait(task);
  return builder.design();
}

TEST(Structure, LinkWhosePiecesAreTooFew) {
  expect_accepted(join_of(100, 156, 256));
  expect_only(join_of(100, 155, 256), Category::link,
              "the inputs at memory (0,1) are 255 elements of an object of 256");
}

TEST(Structure, RepeatNeedsALink) {
  Chain1 d;
  d.design().fifos[0].repeat = 2;
  expect_only(d.design(), Category::link, "fifo 'in' repeats its objects 2 times");
  expect_accepted(Memory1(256, {}, 0, {.repeat = 2}).design());
}

TEST(Structure, Depth) {
  Chain1 d;
  d.design().fifos[0].consumers[0].depth = 1;
  expect_accepted(d.design());
  d.design().fifos[0].consumers[0].depth = 0;
  expect_only(d.design(), Category::depth, "fifo 'in' at core (0,2): depth 0");
  Memory1 m(16, {}, 0, {}, 24);
  m.design().links[0].depth = 64;  // more than 63 needs more descriptors than there are, too
  const std::vector<Finding> findings = findings_of(m.design());
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].category, Category::depth) << joined(findings);
}

TEST(Structure, HostBuffers) {
  Chain1 d;
  for (const char* name : {"c", "d", "e"}) d.b.host<i32>(name, 16);
  expect_accepted(d.design());
  d.b.host<i32>("f", 16);
  expect_only(d.design(), Category::host_buffers, "6 host buffers; a kernel has 5");
}

/// A FIFO in shared memory from one core to another.
Design shared_between(TileId from, TileId to) {
  Builder b(npu1(2), "shared");
  const ShimTile shim = b.shim(0);
  const CoreTile first = b.core(from.column, from.row), second = b.core(to.column, to.row);
  const auto in = b.fifo<i32>("in", 64, {{shim}}, {{first}});
  const auto middle = b.fifo<i32>("middle", 64, {{first}}, {{second}}, {.shared = true});
  const auto out = b.fifo<i32>("out", 64, {{second}}, {{shim}});
  const auto copy = b.kernel<Out<i32>, In<i32>>("copy", {});
  const auto step = [&](CoreTile core, const auto& input, const auto& output) {
    b.program(core, {acquire(input), acquire(output), call(copy(output, input)), release(input),
                     release(output)});
  };
  step(first, in.consumer(), middle.producer());
  step(second, middle.consumer(), out.producer());
  const auto input = b.host<i32>("input", 640), output = b.host<i32>("output", 640);
  const TaskRef filled = b.fill(in, input), drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

TEST(Structure, SharedMemoryIsThatOfANeighbour) {
  expect_accepted(shared_between({0, 2}, {0, 3}));  // to the south of the reader
  expect_accepted(shared_between({0, 3}, {0, 2}));  // north
  expect_accepted(shared_between({0, 2}, {1, 2}));  // west
  expect_only(shared_between({1, 2}, {0, 2}), Category::reach,
              "core (0,2) cannot reach the memory of core (1,2)");
  expect_only(shared_between({0, 2}, {0, 4}), Category::reach, "cannot reach");
}

TEST(Structure, SharedMemoryHasNoLayouts) {
  Design d = shared_between({0, 2}, {0, 3});
  d.fifos[1].producer->layout = {{2, 1}, {32, 2}};
  expect_only(d, Category::layout, "fifo 'middle' is shared");
}

TEST(Structure, BanksAreWishedForWhereBuffersAre) {
  Chain1 d;
  d.design().fifos[0].producer->bank = 1;
  expect_only(d.design(), Category::bank_bytes, "fifo 'in' at shim (0,0): a bank");
}

TEST(Structure, EveryCategoryHasANameAndARule) {
  for (int i = 0; i < kCategories; ++i) {
    EXPECT_FALSE(name(static_cast<Category>(i)).empty());
    EXPECT_FALSE(rule(static_cast<Category>(i)).empty());
    EXPECT_FALSE(advice(static_cast<Category>(i)).empty());
  }
}

TEST(Structure, FindingsNameTheLineOfTheDesign) {
  Chain1 d({}, nullptr);
  d.program();
  const int line = __LINE__ + 1;
  const auto lost = d.b.fifo<i32>("lost", 16, {{d.core}}, {{d.shim}});
  (void)lost;
  d.fill_and_drain();
  for (const Finding& finding : findings_of(d.design())) {
    EXPECT_EQ(to_string(finding).rfind(concat("structure_test.cc:", line, ": "), 0), 0u)
        << to_string(finding);
  }
  EXPECT_EQ(findings_of(d.design()).size(), 2u);  // all of them, not the first
}

}  // namespace
}  // namespace sotto::npu::design
