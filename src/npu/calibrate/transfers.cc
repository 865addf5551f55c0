#include "npu/calibrate/transfers.h"

#include "npu/design/build.h"

namespace sotto::npu::calibrate {

using namespace design;

namespace {

constexpr int kObject = 2048;  // words

/// In how many equal parts of at most 20,000 words so many can be cut.
int pieces(int words) {
  int parts = words / 20000 + 1;
  while (words % parts != 0) ++parts;
  return parts;
}

struct Column {
  ShimTile shim;
  MemoryTile memory;
};
Column add_column(Builder& b, int column) {
  return {b.shim(column), b.memory(column)};
}

/// From a shim's channel into a buffer of its memory tile that is overwritten again and again.
ChainRef sink(Builder& b, Column column, const std::string& name, int words) {
  const auto [shim, memory] = column;
  const int count = words / pieces(words);
  const auto buffer = b.buffer<i32>("sink" + name, memory, count);
  const ChainRef from =
      b.chain({.name = "read" + name, .tile = shim, .direction = Direction::mm2s});
  const ChainRef to = b.chain({.name = "sink" + name,
                               .tile = memory,
                               .direction = Direction::s2mm,
                               .bds = {{.buffer = buffer, .count = count}}});
  b.flow("flow" + name, from, {to});
  return from;
}

/// From a buffer of a memory tile, sent again and again, to its shim.
ChainRef spring(Builder& b, Column column, const std::string& name, int words) {
  const auto [shim, memory] = column;
  const int count = words / pieces(words);
  const auto buffer = b.buffer<i32>("spring" + name, memory, count);
  const ChainRef from = b.chain({.name = "spring" + name,
                                 .tile = memory,
                                 .direction = Direction::mm2s,
                                 .bds = {{.buffer = buffer, .count = count}}});
  const ChainRef to = b.chain({.name = "write" + name, .tile = shim, .direction = Direction::s2mm});
  b.flow("out" + name, from, {to});
  return to;
}

Task task(ChainRef through, HostRef host, int words) {
  return {.through = through, .transfers = {{.host = host, .layout = {{words, 1}}}}};
}

}  // namespace

Design reads(int columns, int channels, int words, int tasks) {
  Builder b(npu1(), "reads");
  std::vector<ChainRef> shims;
  const int each = words / tasks;
  for (int i = 0; i < columns; ++i) {
    const Column column = add_column(b, i);
    for (int channel = 0; channel < channels; ++channel) {
      shims.push_back(sink(b, column, std::to_string(i) + std::to_string(channel), each));
    }
  }
  const auto host = b.host<i32>("data", each);
  std::vector<std::vector<TaskRef>> begun(shims.size());
  for (int i = 0; i < tasks; ++i) {
    for (std::size_t s = 0; s < shims.size(); ++s) {
      // A queue holds four: the task four before must be over.
      if (i >= 4) b.wait(begun[s][static_cast<std::size_t>(i - 4)]);
      begun[s].push_back(b.task(task(shims[s], host, each)));
    }
  }
  for (const auto& all : begun) {
    for (std::size_t i = all.size() < 4 ? 0 : all.size() - 4; i < all.size(); ++i) b.wait(all[i]);
  }
  return b.design();
}

Design reads_rows(int columns, int channels, int rows, int row, int pitch) {
  Builder b(npu1(), "reads_rows");
  const auto host = b.host<i32>("data", rows * pitch);
  std::vector<TaskRef> tasks;
  for (int i = 0; i < columns; ++i) {
    const Column column = add_column(b, i);
    for (int channel = 0; channel < channels; ++channel) {
      const ChainRef from =
          sink(b, column, std::to_string(i) + std::to_string(channel), rows * row);
      tasks.push_back(b.task(
          {.through = from, .transfers = {{.host = host, .layout = {{rows, pitch}, {row, 1}}}}}));
    }
  }
  for (const TaskRef done : tasks) b.wait(done);
  return b.design();
}

Design there_and_back(int columns, int objects, int hops) {
  Builder b(npu1(), "there_and_back");
  const auto host_in = b.host<i32>("in", kObject * objects);
  const auto host_out = b.host<i32>("out", kObject * objects);
  std::vector<TaskRef> tasks;
  for (int i = 0; i < columns; ++i) {
    const auto [shim, memory] = add_column(b, i);
    const std::string name = std::to_string(i);
    const auto in = b.fifo<i32>("in" + name, kObject, {{shim}}, {{memory}});
    if (hops == 1) {
      const auto out = b.fifo<i32>("out" + name, kObject, {{memory}}, {{shim}});
      b.via(memory, in, out, {.depth = 4});
      tasks.push_back(b.drain(out, host_out));
    } else {
      const auto next = b.memory(i + 1);
      const auto between = b.fifo<i32>("between" + name, kObject, {{memory}}, {{next}});
      const auto out = b.fifo<i32>("out" + name, kObject, {{next}}, {{shim}});
      b.via(memory, in, between, {.depth = 4});
      b.via(next, between, out, {.depth = 4});
      tasks.push_back(b.drain(out, host_out));
    }
    tasks.push_back(b.fill(in, host_in));
  }
  for (const TaskRef done : tasks) b.wait(done);
  return b.design();
}

Design reads_and_writes(int columns, int words_read, int words_written) {
  Builder b(npu1(), "reads_and_writes");
  const auto in = b.host<i32>("in", words_read);
  const auto out = b.host<i32>("out", words_written);
  std::vector<TaskRef> tasks;
  for (int i = 0; i < columns; ++i) {
    const std::string name = std::to_string(i);
    const Column column = add_column(b, i);
    tasks.push_back(b.task(task(spring(b, column, name, words_written), out, words_written)));
    tasks.push_back(b.task(task(sink(b, column, name, words_read), in, words_read)));
  }
  for (const TaskRef done : tasks) b.wait(done);
  return b.design();
}

Design stream_to_core() {
  Builder b(npu1(1), "stream");
  const auto memory = b.memory(0);
  const auto core = b.core(0, 2);
  const auto from = b.buffer<i32>("from", memory, 65536);
  const auto to = b.buffer<i32>("to", core, 8192);
  const auto sends = b.chain({.name = "sends",
                              .tile = memory,
                              .direction = Direction::mm2s,
                              .bds = {{.buffer = from, .count = 65536}},
                              .cyclic = false,
                              .runs = 4});
  const auto receives = b.chain({.name = "receives",
                                 .tile = core,
                                 .direction = Direction::s2mm,
                                 .bds = {{.buffer = to, .count = 8192}},
                                 .cyclic = false,
                                 .runs = 32});
  b.flow("flow", sends, {receives});
  return b.design();
}

Design buffers_through_core(int buffers) {
  constexpr int kWords = 1024;
  Builder b(npu1(1), "buffers");
  const auto shim = b.shim(0);
  const auto core = b.core(0, 2);
  const auto in = b.fifo<i32>("in", kWords, {{shim}}, {{core}});
  const auto out = b.fifo<i32>("out", kWords, {{core}}, {{shim}});
  const auto work = b.kernel<Out<i32>, In<i32>>("work", {.program_bytes = 512}, {kWords, kWords});
  b.program(core, {acquire(in.consumer()), acquire(out.producer()),
                   call(work(out.producer(), in.consumer())), release(in.consumer()),
                   release(out.producer())});
  const auto input = b.host<i32>("input", buffers * kWords);
  const auto output = b.host<i32>("output", buffers * kWords);
  const TaskRef drained = b.drain(out, output), filled = b.fill(in, input);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

Design operations(int count) {
  constexpr int kWords = 16;
  Builder b(npu1(1), "operations");
  const auto core = b.core(0, 2);
  const auto words = b.parameters("words", core, kWords);
  for (int i = 0; i < count; ++i) b.write(words[i % kWords], i);
  const auto host = b.host<i32>("data", 1024);
  b.wait(b.task(task(sink(b, add_column(b, 0), "", 1024), host, 1024)));
  return b.design();
}

}  // namespace sotto::npu::calibrate
