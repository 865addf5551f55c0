// Limits of tiles that the other tests leave out, tile by tile: the last number that is accepted,
// and the next one, which breaks that rule alone.
#include <map>

#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// Streams of one word from buffer to buffer, without locks, once; and from and to shims.
struct Streams {
  Builder b;
  std::map<TileId, TileRef> tiles;
  std::map<TileId, BufferRef> buffers;
  std::optional<HostOf<i32>> words, results;
  std::vector<TaskRef> tasks;
  int count = 0;

  explicit Streams(int columns) : b(npu1(columns), "streams") {}

  TileRef tile(TileId id) {
    if (tiles.contains(id)) return tiles[id];
    tiles[id] = id.row == 0   ? TileRef(b.shim(id.column))
                : id.row == 1 ? TileRef(b.memory(id.column))
                              : TileRef(b.core(id.column, id.row));
    return tiles[id];
  }
  BufferRef buffer(TileId id) {
    if (!buffers.contains(id)) {
      buffers[id] = b.buffer<i32>("buffer" + std::to_string(buffers.size()), tile(id), 1);
    }
    return buffers[id];
  }
  ChainRef chain(const std::string& name, TileId at, Direction direction, bool for_ever) {
    const bool shim = kind_of(at) == TileKind::shim;
    std::vector<Bd> bds;
    if (!shim) bds.push_back({.buffer = buffer(at), .count = 1});
    const ChainRef made = b.chain({name, tile(at), direction, bds, for_ever});
    if (!shim) return made;
    if (!words) {
      words = b.host<i32>("words", 1);
      results = b.host<i32>("results", 1);
    }
    Task task;
    task.through = made;
    task.transfers = {{direction == Direction::mm2s ? *words : *results, 0, {{1, 1}}, 0, 1}};
    tasks.push_back(b.task(task));
    return made;
  }
  void stream(TileId from, TileId to) {
    const std::string name = "s" + std::to_string(count++);
    // What a shim sends or takes in each dispatch must be there in each.
    const bool for_ever = from.row == 0 || to.row == 0;
    const ChainRef sends = chain(name + ">", from, Direction::mm2s, for_ever);
    b.flow(name, sends, {chain(">" + name, to, Direction::s2mm, for_ever)});
  }
  Design design() {
    for (const TaskRef task : tasks) b.wait(task);
    return b.design();
  }
};

TEST(Limits, ChannelsOfACoreThatSends) {
  for (const int n : {2, 3}) {
    Streams s(1);
    for (int i = 0; i < n; ++i) s.stream({0, 2}, {0, 3 + i});
    if (n == 2) {
      expect_accepted(s.design());
    } else {
      expect_only(s.design(), Category::dma_channels, "core (0,2): 3 streams leave");
    }
  }
}

TEST(Limits, ChannelsOfAMemoryTile) {
  for (const int n : {6, 7}) {
    // Up to the cores there are six wires, so the seventh goes down.
    Streams sends(1);
    for (int i = 0; i < 6; ++i) sends.stream({0, 1}, {0, 2 + i / 2});
    if (n == 7) sends.stream({0, 1}, {0, 0});
    Streams receives(2);
    for (int i = 0; i < n; ++i) {
      // Four from the cores, and those of two shims.
      receives.stream(i < 4 ? TileId{0, 2 + i} : TileId{(i - 4) / 2, 0}, {0, 1});
    }
    if (n == 6) {
      expect_accepted(sends.design());
      expect_accepted(receives.design());
    } else {
      expect_only(sends.design(), Category::dma_channels, "memory (0,1): 7 streams leave");
      expect_only(receives.design(), Category::dma_channels, "memory (0,1): 7 streams arrive");
    }
  }
}

TEST(Limits, ChannelsOfAShim) {
  for (const int n : {2, 3}) {
    Streams sends(1), receives(1);
    for (int i = 0; i < n; ++i) {
      sends.stream({0, 0}, {0, 2 + i});
      receives.stream({0, 2 + i}, {0, 0});
    }
    if (n == 2) {
      expect_accepted(sends.design());
      expect_accepted(receives.design());
    } else {
      expect_only(sends.design(), Category::dma_channels, "shim (0,0): 3 streams leave");
      expect_only(receives.design(), Category::dma_channels, "shim (0,0): 3 streams arrive");
    }
  }
}

TEST(Limits, SixStreamsGoUp) {
  for (const int n : {6, 7}) {
    Streams s(1);
    for (int i = 0; i < n; ++i) s.stream({0, i < 5 ? 1 : 0}, {0, 2 + i / 2});
    if (n == 6) {
      expect_accepted(s.design());
    } else {
      expect_only(s.design(), Category::stream_ports,
                  "7 streams go from the memory tiles to the cores of row 2");
    }
  }
}

TEST(Limits, FourStreamsOfARowGoEast) {
  for (const bool more : {false, true}) {
    // Of each row but that of the memory tiles, which has no wires to its sides.
    Streams s(4);
    for (const int row : {0, 2, 3, 4, 5}) {
      for (int i = 0; i < 4; ++i) s.stream({i / 2, row}, {2 + i / 2, row});
    }
    if (more) s.stream({1, 1}, {2, 1});
    if (more) {
      expect_only(s.design(), Category::stream_ports, "21 streams go from column 1 to column 2");
    } else {
      expect_accepted(s.design());
    }
  }
}

/// A DMA that sends with this descriptor, and a memory tile that takes in as many words.
Design sending(TileId from, int buffer_words, Bd bd, std::int64_t words, int runs = 1) {
  Streams s(1);
  const TileRef tile = s.tile(from), other = s.tile({0, 1});
  bd.buffer = s.b.buffer<i32>("from", tile, buffer_words);
  const Bd receives{.buffer = s.b.buffer<i32>("to", other, static_cast<int>(words)),
                    .count = static_cast<int>(words)};
  const ChainRef sends = s.b.chain({"sends", tile, Direction::mm2s, {bd}, false, runs});
  s.b.flow("stream", sends,
           {s.b.chain({"receives", other, Direction::s2mm, {receives}, false, runs})});
  return s.design();
}

TEST(Limits, StepOfACore) {
  for (const int step : {8192, 8193}) {
    const Design d = sending({0, 2}, step + 1, {.count = 2, .layout = {{2, step}}}, 2);
    if (step == 8192) {
      expect_accepted(d);
    } else {
      expect_only(d, Category::step, "steps 8193 words; 1 to 8192 can be had");
    }
  }
}

TEST(Limits, StepOfRunsOfACore) {
  for (const int step : {8192, 8193}) {
    const Design d =
        sending({0, 2}, step + 2, {.count = 2, .run_stride = step, .run_wrap = 2}, 2, 2);
    if (step == 8192) {
      expect_accepted(d);
    } else {
      expect_only(d, Category::step, "runs start 8193 words apart; 1 to 8192 can be had");
    }
  }
}

TEST(Limits, LengthInACore) {
  // A core without a program has no stack: all of its memory is one buffer.
  expect_accepted(sending({0, 2}, 16384, {.count = 16383}, 16383));
  expect_only(sending({0, 2}, 16384, {.count = 16384}, 16384), Category::length,
              "16384 words; a descriptor moves 1 to 16383");
}

/// A shim that reads in this order into a memory tile.
Design reading(Layout layout, int words, int host_words) {
  Builder b(npu1(1), "reading");
  const ShimTile shim = b.shim(0);
  const MemoryTile memory = b.memory(0);
  const auto in = b.fifo<i32>("in", words, {{shim}}, {{memory}});
  const auto out = b.fifo<i32>("out", words, {{memory}}, {{shim}});
  b.via(memory, in, out);
  const auto host = b.host<i32>("a", host_words), result = b.host<i32>("b", words);
  const TaskRef filled = b.fill(in, host, {.layout = std::move(layout)}),
                drained = b.drain(out, result);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

TEST(Limits, DimensionsOfAShim) {
  expect_accepted(reading({{2, 1}, {2, 8}, {2, 2}}, 8, 16));
  expect_only(reading({{2, 1}, {2, 2}, {2, 8}, {2, 4}}, 16, 16), Category::dimensions,
              "4 dimensions; the DMA has 3");
}

TEST(Limits, WrapOfAShim) {
  expect_accepted(reading({{2, 1}, {1023, 2}}, 2046, 2048));
  expect_only(reading({{2, 1}, {1024, 2}}, 2048, 2048), Category::wrap,
              "has 1024 words; the limit is 1023");
}

TEST(Limits, PaddingOfPlanes) {
  for (const int planes : {15, 16}) {
    for (const bool before : {true, false}) {
      FifoOptions options;
      options.padding = {before ? Pad{planes, 0} : Pad{0, planes}, {0, 0}, {0, 0}};
      const Design d =
          Memory1(32, {.layout = {{2, 16}, {4, 4}, {4, 1}}}, (2 + planes) * 16, options).design();
      if (planes == 15) {
        expect_accepted(d);
      } else {
        expect_only(d, Category::padding, "16 rows of zeros in dimension 2");
      }
    }
  }
}

TEST(Limits, LocksOfAShim) {
  Chain1 d;
  for (int i = 0; i < 16; ++i) d.b.lock("l" + std::to_string(i), d.shim, 0);
  expect_accepted(d.design());
  d.b.lock("one more", d.shim, 0);
  expect_only(d.design(), Category::locks, "shim (0,0): 17 locks; there are 16");
}

TEST(Limits, DescriptorsTakeAndGiveUpTo63) {
  for (const bool acquires : {true, false}) {
    for (const int value : {63, 64}) {
      Design d = sending({0, 2}, 4, {.count = 2}, 2);
      d.locks.push_back({"from", d.chains[0].tile, acquires ? 63 : 1, d.where});
      d.locks.push_back({"to", d.chains[0].tile, 0, d.where});
      d.chains[0].bds[0].acquire = Bd::Use{{0}, acquires ? value : 1};
      d.chains[0].bds[0].release = Bd::Use{{1}, acquires ? 1 : value};
      const std::string says = acquires ? "acquires 64 of lock 'from'" : "releases 64 of lock 'to'";
      if (value == 63) {
        // It runs once, so its locks are not as before for a second dispatch; nothing needs them.
        const std::vector<Finding> findings = findings_of(d);
        for (const Finding& finding : findings) EXPECT_NE(finding.category, Category::lock_value);
      } else {
        expect_only(d, Category::lock_value, says);
      }
    }
  }
}

TEST(Limits, DepthThatALockCanCount) {
  // A FIFO in shared memory needs no descriptors, so that nothing else is broken.
  for (const int depth : {63, 64}) {
    Builder b(npu1(1), "deep");
    const ShimTile shim = b.shim(0);
    const CoreTile first = b.core(0, 2), second = b.core(0, 3);
    const auto in = b.fifo<i32>("in", 8, {{shim}}, {{first}});
    const auto middle = b.fifo<i32>("middle", 8, {{.tile = first, .depth = depth}},
                                    {{.tile = second, .depth = depth}}, {.shared = true});
    const auto out = b.fifo<i32>("out", 8, {{second}}, {{shim}});
    const auto step = [&](CoreTile core, EndRef from, EndRef to) {
      b.program(core, {acquire(from), acquire(to), release(from), release(to)});
    };
    step(first, in.consumer(), middle.producer());
    step(second, middle.consumer(), out.producer());
    const auto host = b.host<i32>("a", 64), result = b.host<i32>("b", 64);
    const TaskRef filled = b.fill(in, host), drained = b.drain(out, result);
    b.wait(drained);
    b.wait(filled);
    if (depth == 63) {
      expect_accepted(b.design());
    } else {
      expect_only(b.design(), Category::depth, "depth 64; 1 to 63 can be had");
    }
  }
}

TEST(Limits, BanksOfAMemoryTile) {
  for (const int words : {16384, 16385}) {
    Memory1 d(16);
    d.b.buffer<i32>("table", d.memory, words, {.bank = 7});
    if (words == 16384) {
      expect_accepted(d.design());
    } else {
      // More than a bank would go on in the next one, and there is none.
      expect_only(d.design(), Category::bank_bytes, "'table' of 65568 bytes wishes for bank 7");
    }
  }
  Memory1 d(16);
  d.b.buffer<i32>("table", d.memory, 16, {.bank = 8});
  expect_only(d.design(), Category::bank_bytes, "wishes for bank 8 of 8");
}

TEST(Limits, CoresDoNotReachMemoryTiles) {
  for (const bool memory : {false, true}) {
    Chain1 d({}, nullptr);
    const TileRef tile = memory ? TileRef(d.b.memory(0)) : TileRef(d.b.core(0, 3));
    const auto table = d.b.buffer<i32>("table", tile, 256);
    d.b.program(d.core, {acquire(d.in.consumer()), acquire(d.out.producer()),
                         call(d.copy(d.out.producer(), table)), release(d.in.consumer()),
                         release(d.out.producer())});
    d.fill_and_drain();
    if (memory) {
      expect_only(d.design(), Category::reach, "buffer 'table' is in memory (0,1)");
    } else {
      expect_accepted(d.design());
    }
  }
}

TEST(Limits, BytesOfAHostBuffer) {
  for (const int count : {(1 << 30) - 1, 1 << 30}) {
    Chain1 d;
    d.b.host<i32>("huge", count);
    if (count < 1 << 30) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::host_buffers, "'huge' of 4294967296 bytes");
    }
  }
}

TEST(Limits, ColumnsOfEachDevice) {
  expect_accepted(Builder(npu1(4), "four").design());
  expect_only(Builder(npu1(5), "five").design(), Category::device, "5 columns");
  expect_accepted(Builder(npu2(8), "eight").design());
  expect_only(Builder(npu2(9), "nine").design(), Category::device, "9 columns");
}

}  // namespace
}  // namespace sotto::npu::design
