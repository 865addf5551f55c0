#include "npu/design/examples/encoder_network.h"

#include "npu/design/build.h"

namespace sotto::npu::design {
namespace {

constexpr int kGrid = 4, kTile = 64 * 64, kStrip = 16 * 64;  // elements
constexpr int kStackBytes = 3328;

using EncoderCore =
    KernelOf<In<bf16>, In<bf16>, In<bf16>, In<bf16>, Out<f32>, Out<bf16>, Out<bf16>, Out<u8>,
             LockId, LockId, LockId, LockId, LockId, LockId, Number, Number, Number, Number>;

struct Network {
  const EncoderNetwork network;
  Builder b{npu1(), "encoder_network"};
  std::vector<ShimTile> shims;
  std::vector<MemoryTile> memories;
  std::vector<FifoOf<bf16>> a, a_row, b_in, b_column, out;
  std::vector<std::vector<FifoOf<bf16>>> strips = std::vector<std::vector<FifoOf<bf16>>>(kGrid);
  CoreTile cores[kGrid][kGrid];

  explicit Network(const EncoderNetwork& given) : network(given) {
    draw();
    const EncoderCore kernel =
        b.kernel<In<bf16>, In<bf16>, In<bf16>, In<bf16>, Out<f32>, Out<bf16>, Out<bf16>, Out<u8>,
                 LockId, LockId, LockId, LockId, LockId, LockId, Number, Number, Number, Number>(
            "encoder_core", {.program_bytes = kEncoderCoreBytes, .stack_bytes = kStackBytes},
            {kTile, kTile, kTile, kTile, kTile, kStrip, kStrip});
    for (int row = 0; row < kGrid; ++row) {
      for (int column = 0; column < kGrid; ++column) program(kernel, row, column);
    }
    write_sequence();
  }

  void draw() {
    for (int i = 0; i < kGrid; ++i) {
      shims.push_back(b.shim(i));
      memories.push_back(b.memory(i));
      for (int j = 0; j < kGrid; ++j) cores[i][j] = b.core(j, 2 + i);
    }
    for (int i = 0; i < kGrid; ++i) {
      const std::string n = std::to_string(i);
      std::vector<FifoEnd> row, column;
      for (int j = 0; j < kGrid; ++j) {
        row.push_back({.tile = cores[i][j], .bank = 1});
        column.push_back({.tile = cores[j][i], .bank = 2});
        strips[i].push_back(b.fifo<bf16>("strip" + n + std::to_string(j), kStrip,
                                         {{.tile = cores[j][i], .bank = 0}}, {{memories[i]}}));
      }
      a.push_back(b.fifo<bf16>("a" + n, kTile, {{shims[i]}}, {{memories[i]}}));
      a_row.push_back(b.fifo<bf16>("a_row" + n, kTile, {{memories[i]}}, row));
      b_in.push_back(b.fifo<bf16>("b" + n, kTile, {{shims[i]}}, {{memories[i]}}));
      b_column.push_back(b.fifo<bf16>("b_column" + n, kTile, {{memories[i]}}, column));
      out.push_back(b.fifo<bf16>("out" + n, kGrid * kStrip, {{memories[i]}}, {{shims[i]}}));
      b.via(memories[i], a[i], a_row[i], {.depth = network.depth});
      b.via(memories[i], b_in[i], b_column[i], {.depth = network.depth});
      b.join(memories[i], strips[i], out[i]);
    }
  }

  void program(const EncoderCore& kernel, int row, int column) {
    const std::string n = std::to_string(row) + std::to_string(column);
    const CoreTile core = cores[row][column];
    const auto sums = b.buffer<f32>("c" + n, core, kTile, {.bank = 3});
    const auto work = b.buffer<u8>("workspace" + n, core, network.workspace_bytes, {.bank = 0});
    const auto a_end = a_row[row].consumer(column);
    const auto b_end = b_column[column].consumer(row);
    const auto o_end = strips[column][row].producer();
    b.program_with_locks(
        core,
        kernel(a_end.buffer(0), a_end.buffer(1), b_end.buffer(0), b_end.buffer(1), sums,
               o_end.buffer(0), o_end.buffer(1), work, a_end.empty(), a_end.full(), b_end.empty(),
               b_end.full(), o_end.empty(), o_end.full(), row, column, kGrid, kGrid),
        {{a_end, network.slices}, {b_end, 1 + network.slices}, {o_end, 4}}, kStackBytes);
  }

  void write_sequence() {
    const int slices = network.slices;
    const auto x = b.host<bf16>("x", kGrid * slices * kTile);
    const auto w = b.host<bf16>("w", kGrid * (1 + slices) * kTile);
    const auto y = b.host<bf16>("y", kGrid * kGrid * kTile);
    std::vector<TaskRef> tasks;
    for (int i = 0; i < kGrid; ++i) {
      const auto slice = [&](int tiles) {
        return Slice{.offset = std::int64_t{i} * tiles * kTile, .layout = {{tiles * kTile, 1}}};
      };
      tasks.push_back(b.drain(out[i], y, slice(kGrid)));
      tasks.push_back(b.fill(a[i], x, slice(slices)));
      tasks.push_back(b.fill(b_in[i], w, slice(1 + slices)));
    }
    for (const TaskRef task : tasks) b.wait(task);
  }
};

}  // namespace

Design encoder_network(EncoderNetwork network) {
  return Network(network).b.design();
}

}  // namespace sotto::npu::design
