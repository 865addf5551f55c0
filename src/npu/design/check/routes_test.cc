// The router, judged by a verifier that knows nothing of it; and what designs are told that have no
// routes.
#include <algorithm>
#include <random>
#include <set>

#include "npu/design/check/check_testing.h"
#include "npu/design/check/router.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// Follows every stream from its start through the connections: legal ones only, all ends reached,
/// no output fed twice, none left over.
void expect_routed(const Device& device, const std::vector<RouteRequest>& requests,
                   const std::vector<RoutedConnection>& connections) {
  std::set<std::pair<TileId, Port>> fed;
  for (const RoutedConnection& made : connections) {
    EXPECT_TRUE(can_connect(kind_of(made.tile), made.input, made.output));
    EXPECT_LT(made.input.index, inputs(kind_of(made.tile), made.input.bundle));
    EXPECT_LT(made.output.index, outputs(kind_of(made.tile), made.output.bundle));
    EXPECT_TRUE(fed.insert({made.tile, made.output}).second) << to_string(made.tile);
  }
  std::size_t used = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    std::set<std::pair<TileId, Port>> reached;
    std::vector<std::pair<TileId, Port>> open = {{requests[i].from.tile, requests[i].from.port}};
    while (!open.empty()) {
      const auto [tile, input] = open.back();
      open.pop_back();
      for (const RoutedConnection& made : connections) {
        if (made.request != static_cast<int>(i) || made.tile != tile || made.input != input)
          continue;
        ++used;
        const bool last = std::any_of(requests[i].to.begin(), requests[i].to.end(),
                                      [&](const RouteRequest::Stop& end) {
                                        return end.tile == tile && end.port == made.output;
                                      });
        if (last) {
          reached.insert({tile, made.output});
          continue;
        }
        ASSERT_LT(made.output.index, wires(device, tile, made.output.bundle));
        open.push_back(
            {beyond(tile, made.output.bundle), {opposite(made.output.bundle), made.output.index}});
      }
    }
    EXPECT_EQ(reached.size(), requests[i].to.size()) << "request " << i;
  }
  EXPECT_EQ(used, connections.size());
}

RouteRequest::Stop dma(TileId tile, Direction direction, int channel) {
  return {tile, dma_port(kind_of(tile), direction, channel)};
}

TEST(Router, OneStepUp) {
  const RouteRequest request{dma({0, 0}, Direction::mm2s, 0), {dma({0, 2}, Direction::s2mm, 1)}};
  const RouteResult result = route(npu1(1), {request});
  ASSERT_FALSE(result.contest || result.unreachable);
  ASSERT_EQ(result.connections.size(), 3u);
  EXPECT_EQ(result.connections[0].tile, (TileId{0, 0}));
  EXPECT_EQ(result.connections[0].input, (Port{Bundle::south, 3}));  // the shim's multiplexer
  EXPECT_EQ(result.connections[0].output.bundle, Bundle::north);
  // Through the memory tile the channel stays.
  EXPECT_EQ(result.connections[1].input, (Port{Bundle::south, result.connections[0].output.index}));
  EXPECT_EQ(result.connections[1].output,
            (Port{Bundle::north, result.connections[0].output.index}));
  EXPECT_EQ(result.connections[2].output, (Port{Bundle::dma, 1}));
}

TEST(Router, BroadcastSharesItsWay) {
  RouteRequest request{dma({0, 1}, Direction::mm2s, 0), {}};
  for (int row = 2; row < 6; ++row) request.to.push_back(dma({0, row}, Direction::s2mm, 0));
  const RouteResult result = route(npu1(1), {request});
  ASSERT_FALSE(result.contest || result.unreachable);
  EXPECT_EQ(result.connections.size(), 8u);  // 4 wires up, 4 turns into a DMA
  expect_routed(npu1(1), {request}, result.connections);
}

TEST(Router, RandomStreamsAreRoutedOrRefused) {
  std::mt19937 random(1);
  int routed = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const Device device = npu1(1 + static_cast<int>(random() % 4));
    std::vector<RouteRequest::Stop> from, to;
    for (int column = 0; column < device.columns; ++column) {
      for (int row = 0; row < device.rows; ++row) {
        const TileId tile{column, row};
        for (int i = 0; i < dma_of(kind_of(tile)).channels; ++i) {
          from.push_back(dma(tile, Direction::mm2s, i));
          to.push_back(dma(tile, Direction::s2mm, i));
        }
      }
    }
    std::shuffle(from.begin(), from.end(), random);
    std::shuffle(to.begin(), to.end(), random);
    const std::size_t streams = 1 + random() % (from.size() / 2);
    std::vector<RouteRequest> requests;
    for (std::size_t i = 0; i < streams; ++i) requests.push_back({from[i], {}});
    for (const RouteRequest::Stop& end : to) {
      // A memory tile's DMA port reaches that of the same tile on the same channel only.
      RouteRequest& request = requests[random() % streams];
      if (request.from.tile == end.tile || random() % 3 == 0) continue;
      request.to.push_back(end);
    }
    std::erase_if(requests, [](const RouteRequest& request) { return request.to.empty(); });
    const RouteResult result = route(device, requests);
    EXPECT_FALSE(result.unreachable);
    if (result.contest) {
      EXPECT_GE(result.contest->requests.size(), 2u);
      continue;
    }
    ++routed;
    expect_routed(device, requests, result.connections);
  }
  EXPECT_GE(routed, 100);
}

TEST(Router, SameResultEveryTime) {
  RouteRequest a{dma({0, 1}, Direction::mm2s, 0), {dma({1, 1}, Direction::s2mm, 0)}};
  RouteRequest b{dma({1, 1}, Direction::mm2s, 0), {dma({0, 1}, Direction::s2mm, 0)}};
  const auto once = route(npu1(2), {a, b}).connections;
  const auto again = route(npu1(2), {a, b}).connections;
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].tile, again[i].tile);
    EXPECT_EQ(once[i].output, again[i].output);
  }
}

/// n streams from the cores of column 0 join in its memory tile.
Design joined_streams(int columns, int n) {
  Builder b(npu1(columns), "join");
  const ShimTile shim = b.shim(0);
  const MemoryTile memory = b.memory(0);
  std::vector<CoreTile> cores;
  for (int row = 2; row < 6; ++row) cores.push_back(b.core(0, row));
  std::vector<std::vector<Statement>> bodies(4);
  std::vector<FifoOf<i32>> parts;
  for (int i = 0; i < n; ++i) {
    const std::size_t core = static_cast<std::size_t>(i % 4);
    parts.push_back(b.fifo<i32>("part" + std::to_string(i), 16, {{cores[core]}}, {{memory}}));
    bodies[core].push_back(acquire(parts.back().producer()));
    bodies[core].push_back(release(parts.back().producer()));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    if (!bodies[i].empty()) b.program(cores[i], bodies[i]);
  }
  const auto whole = b.fifo<i32>("whole", 16 * n, {{memory}}, {{shim}});
  b.join(memory, parts, whole);
  const auto host = b.host<i32>("host", 64 * n);
  b.wait(b.drain(whole, host));
  return b.design();
}

TEST(Routes, FourStreamsEnterAMemoryTileFromTheNorth) {
  expect_accepted(joined_streams(1, 4));
  expect_only(
      joined_streams(1, 5), Category::stream_ports,
      "5 streams go from the cores of row 2 to the memory tiles ('part0', 'part1', 'part2', "
      "'part3', 'part4'); there are 4 wires");
  // With a second column the fifth goes down there and comes in from the south.
  expect_accepted(joined_streams(2, 5));
}

/// n streams each way between two memory tiles, past which their columns' cores send and receive.
Design crossing(int n) {
  Builder b(npu1(2), "crossing");
  const MemoryTile memories[] = {b.memory(0), b.memory(1)};
  const auto one_word = [](BufferRef buffer) {
    return std::vector<Bd>{{.buffer = buffer, .count = 1}};
  };
  const auto stream = [&](const std::string& name, TileRef from, TileRef to, BufferRef source,
                          BufferRef sink) {
    const ChainRef sends = b.chain({name + ">", from, Direction::mm2s, one_word(source), false});
    b.flow(name, sends, {b.chain({">" + name, to, Direction::s2mm, one_word(sink), false})});
  };
  const BufferRef words[] = {b.buffer<i32>("w0", memories[0], 1),
                             b.buffer<i32>("w1", memories[1], 1)};
  for (int i = 0; i < n; ++i) {
    stream("east" + std::to_string(i), memories[0], memories[1], words[0], words[1]);
    stream("west" + std::to_string(i), memories[1], memories[0], words[1], words[0]);
  }
  for (int column = 0; column < 2; ++column) {
    const ShimTile shim = b.shim(column);
    for (int row = 2; row < 4; ++row) {
      const CoreTile core = b.core(column, row);
      const std::string name = std::to_string(column) + std::to_string(row);
      const auto in = b.fifo<i32>("in" + name, 16, {{shim}}, {{core}});
      const auto out = b.fifo<i32>("out" + name, 16, {{core}}, {{shim}});
      b.program(core, {acquire(in.consumer()), acquire(out.producer()), release(in.consumer()),
                       release(out.producer())});
      static const char* const kNames[] = {"a", "b", "c", "d"};
      const auto host = b.host<i32>(kNames[column * 2 + row - 2], 16);
      const TaskRef filled = b.fill(in, host), drained = b.drain(out, host);
      b.wait(drained);
      b.wait(filled);
    }
  }
  return b.design();
}

TEST(Routes, NoBorderIsTooNarrowAndStillThereIsNoWay) {
  // Of a memory tile's 4 wires down and 4 from above, 2 each carry a core's results past it. So 2
  // streams leave it downwards and run along the shims, and 2 come in from the cores: 4 in all.
  expect_accepted(crossing(4));
  expect_only(crossing(5), Category::unroutable, "no way for all streams at once: 'east");
}

}  // namespace
}  // namespace sotto::npu::design
