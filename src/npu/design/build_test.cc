#include "npu/design/build.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

// What must not compile, as values of the type system: a kernel bound to the wrong thing.
using Copy = KernelOf<Out<bf16>, In<bf16>, Number>;
static_assert(std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>, int>);
static_assert(!std::is_invocable_v<Copy, Consumer<bf16>, Producer<bf16>, int>);  // directions
static_assert(!std::is_invocable_v<Copy, Producer<f32>, Consumer<bf16>, int>);   // elements
static_assert(!std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>>);       // too few
static_assert(!std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>, LockHandle>);
static_assert(!std::is_invocable_v<Copy, FifoOf<bf16>, Consumer<bf16>, int>);  // which end?
static_assert(std::is_invocable_v<Copy, BufferOf<bf16>, BufferOfRing<bf16>, ParameterWord>);
static_assert(!std::is_invocable_v<KernelOf<LockId>, int>);
static_assert(std::is_invocable_v<KernelOf<LockId>, LockOfRing>);

// Handles of different kinds do not turn into each other.
static_assert(!std::is_convertible_v<TileRef, FifoRef>);
static_assert(!std::is_convertible_v<int, FifoRef>);
static_assert(!std::is_convertible_v<ShimTile, CoreTile>);
static_assert(!std::is_convertible_v<FifoOf<bf16>, FifoOf<f32>>);

// Only memory tiles link, only cores run programs, host and FIFO have the same elements.
template <typename Tile>
concept Links = requires(Builder b, Tile tile, FifoOf<i32> fifo) { b.via(tile, fifo, fifo); };
template <typename Tile>
concept Runs = requires(Builder b, Tile tile) { b.program(tile, {}); };
template <typename Host>
concept Fills = requires(Builder b, FifoOf<i32> fifo, Host host) { b.fill(fifo, host); };
static_assert(Links<MemoryTile> && !Links<CoreTile> && !Links<TileRef>);
static_assert(Runs<CoreTile> && !Runs<MemoryTile> && !Runs<TileRef>);
static_assert(Fills<HostOf<i32>> && !Fills<HostOf<f32>> && !Fills<HostRef>);

// There is one way to a CheckedDesign.
static_assert(!std::is_default_constructible_v<CheckedDesign>);
static_assert(!std::is_constructible_v<CheckedDesign, Design>);
static_assert(!std::is_constructible_v<CheckedDesign, Design, Plan>);

TEST(Build, EveryStatementKnowsItsLine) {
  Builder b(npu1(1), "lines");
  const unsigned line = __LINE__;
  const ShimTile shim = b.shim(0);                            // + 1
  const CoreTile core = b.core(0, 2);                         // + 2
  const auto in = b.fifo<i32>("in", 16, {{shim}}, {{core}});  // + 3
  const auto kernel = b.kernel<In<i32>>("look", {});          // + 4
  b.program(core, {acquire(in.consumer()),                    // + 5
                   call(kernel(in.consumer())),               // + 6
                   release(in.consumer())});                  // + 7
  const auto host = b.host<i32>("host", 16);                  // + 8
  const TaskRef task = b.fill(in, host);                      // + 9
  b.wait(task);                                               // + 10
  const Design& d = b.design();
  EXPECT_EQ(d.tiles[0].where.line(), line + 1);
  EXPECT_EQ(d.tiles[1].where.line(), line + 2);
  EXPECT_EQ(d.fifos[0].where.line(), line + 3);
  EXPECT_EQ(d.kernels[0].where.line(), line + 4);
  EXPECT_EQ(d.cores[0].body[0].where.line(), line + 5);
  EXPECT_EQ(d.cores[0].body[1].where.line(), line + 6);
  EXPECT_EQ(d.cores[0].body[2].where.line(), line + 7);
  EXPECT_EQ(d.hosts[0].where.line(), line + 8);
  EXPECT_EQ(d.sequence[0].where.line(), line + 9);
  EXPECT_EQ(d.sequence[1].where.line(), line + 10);
  EXPECT_NE(std::string(d.where.file_name()).find("build_test.cc"), std::string::npos);
  expect_accepted(d);
}

TEST(Build, PiecesOfALinkFollowEachOther) {
  Builder b(npu1(1), "pieces");
  const ShimTile shim = b.shim(0);
  const MemoryTile memory = b.memory(0);
  const CoreTile core = b.core(0, 2);
  const auto in = b.fifo<i32>("in", 100, {{shim}}, {{memory}});
  const auto first = b.fifo<i32>("first", 60, {{memory}}, {{core}});
  const auto second = b.fifo<i32>("second", 40, {{memory}}, {{core}});
  b.distribute(memory, in, {first, second}, {.depth = 3, .bank = 4});
  const Link& link = b.design().links[0];
  EXPECT_EQ(link.object, (Object{Element::i32, 100}));
  EXPECT_EQ(link.outputs[0].offset, 0);
  EXPECT_EQ(link.outputs[1].offset, 60);
  EXPECT_EQ(link.depth, 3);
  EXPECT_EQ(link.bank, 4);
}

TEST(Build, AnEmptySliceIsTheWholeBuffer) {
  Chain1 d;
  EXPECT_EQ(d.design().tasks[0].transfers[0].layout, (Layout{{1024, 1}}));
  const TaskRef rest = d.b.fill(d.in, d.input, {.offset = 256});
  EXPECT_EQ(d.design().tasks[static_cast<std::size_t>(rest.index)].transfers[0].layout,
            (Layout{{768, 1}}));
}

TEST(Build, ADrainFindsTheShimAmongConsumers) {
  Builder b(npu1(1), "broadcast");
  const ShimTile shim = b.shim(0);
  const CoreTile first = b.core(0, 2), second = b.core(0, 3);
  const auto out = b.fifo<i32>("out", 16, {{first}}, {{second}, {shim}});
  b.drain(out, b.host<i32>("host", 16));
  EXPECT_EQ(std::get<EndRef>(b.design().tasks[0].through), (EndRef{out, 1}));
}

}  // namespace
}  // namespace sotto::npu::design
