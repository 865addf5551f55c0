// The network that the encoder's cores (npu/kernels/encoder_core.cc, phase.h) are written for can
// be drawn, placed and routed: 4 x 4 cores that own their locks, everything in the banks that the
// kernels want.
#include <gtest/gtest.h>

#include <map>

#include "npu/design/check/check_testing.h"
#include "npu/design/lower.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

constexpr int kGrid = 4, kTile = 64 * 64, kStrip = 16 * 64;  // elements
constexpr int kWorkspaceBytes = 8320, kStackBytes = 3328, kSlices = 8;

using EncoderCore =
    KernelOf<In<bf16>, In<bf16>, In<bf16>, In<bf16>, Out<f32>, Out<bf16>, Out<bf16>, Out<u8>,
             LockId, LockId, LockId, LockId, LockId, LockId, Number, Number, Number, Number>;

/// A phase of one product: a header and kSlices tiles on B, as many on A, four strips out.
struct Network {
  Builder b{npu1(), "encoder network"};
  std::vector<ShimTile> shims;
  std::vector<MemoryTile> memories;
  std::vector<FifoOf<bf16>> a, a_row, b_in, b_column, out;
  std::vector<std::vector<FifoOf<bf16>>> strips = std::vector<std::vector<FifoOf<bf16>>>(kGrid);
  CoreTile cores[kGrid][kGrid];

  explicit Network(int workspace_bytes = kWorkspaceBytes, int depth = 7) {
    draw(depth);
    const EncoderCore kernel =
        b.kernel<In<bf16>, In<bf16>, In<bf16>, In<bf16>, Out<f32>, Out<bf16>, Out<bf16>, Out<u8>,
                 LockId, LockId, LockId, LockId, LockId, LockId, Number, Number, Number, Number>(
            "encoder_core", {.program_bytes = 12000, .stack_bytes = kStackBytes},
            {kTile, kTile, kTile, kTile, kTile, kStrip, kStrip});
    for (int row = 0; row < kGrid; ++row) {
      for (int column = 0; column < kGrid; ++column) program(kernel, row, column, workspace_bytes);
    }
    write_sequence();
  }

  void draw(int depth) {
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
      b.via(memories[i], a[i], a_row[i], {.depth = depth});
      b.via(memories[i], b_in[i], b_column[i], {.depth = depth});
      b.join(memories[i], strips[i], out[i]);
    }
  }

  void program(const EncoderCore& kernel, int row, int column, int workspace_bytes) {
    const std::string n = std::to_string(row) + std::to_string(column);
    const CoreTile core = cores[row][column];
    const auto sums = b.buffer<f32>("c" + n, core, kTile, {.bank = 3});
    const auto work = b.buffer<u8>("workspace" + n, core, workspace_bytes, {.bank = 0});
    const auto a_end = a_row[row].consumer(column);
    const auto b_end = b_column[column].consumer(row);
    const auto o_end = strips[column][row].producer();
    b.program_with_locks(
        core,
        kernel(a_end.buffer(0), a_end.buffer(1), b_end.buffer(0), b_end.buffer(1), sums,
               o_end.buffer(0), o_end.buffer(1), work, a_end.empty(), a_end.full(), b_end.empty(),
               b_end.full(), o_end.empty(), o_end.full(), row, column, kGrid, kGrid),
        {{a_end, kSlices}, {b_end, 1 + kSlices}, {o_end, 4}}, kStackBytes);
  }

  void write_sequence() {
    const auto x = b.host<bf16>("x", kGrid * kSlices * kTile);
    const auto w = b.host<bf16>("w", kGrid * (1 + kSlices) * kTile);
    const auto y = b.host<bf16>("y", kGrid * kGrid * kTile);
    std::vector<TaskRef> tasks;
    for (int i = 0; i < kGrid; ++i) {
      const auto slice = [&](int tiles) {
        return Slice{.offset = std::int64_t{i} * tiles * kTile, .layout = {{tiles * kTile, 1}}};
      };
      tasks.push_back(b.drain(out[i], y, slice(kGrid)));
      tasks.push_back(b.fill(a[i], x, slice(kSlices)));
      tasks.push_back(b.fill(b_in[i], w, slice(1 + kSlices)));
    }
    for (const TaskRef task : tasks) b.wait(task);
  }
};

TEST(EncoderNetwork, IsPlacedAsItsKernelsWant) {
  const Network network;
  const ArrayProgram program = lower(check(Network(network).b.design()));
  std::map<std::string, std::uint32_t> banks;
  for (const ProgramBuffer& buffer : program.buffers) {
    banks[buffer.name] = buffer.address / static_cast<std::uint32_t>(kCoreMemory.bank_bytes());
  }
  EXPECT_EQ(banks["a_row2.in3[0]"], 1u);
  EXPECT_EQ(banks["b_column3.in2[1]"], 2u);
  EXPECT_EQ(banks["c23"], 3u);
  EXPECT_EQ(banks["workspace23"], 0u);
  EXPECT_EQ(banks["strip32.out[1]"], 0u);
  EXPECT_EQ(program.cores.size(), 16u);
  for (const ProgramCore& core : program.cores) {
    ASSERT_EQ(core.operations.size(), 1u);
    const auto& call = std::get<KernelCall>(core.operations[0]);
    EXPECT_EQ(call.arguments.size(), 18u);
    for (std::size_t i = 8; i < 14; ++i) {  // six different locks of its own
      const int lock = std::get<Immediate>(call.arguments[i]).value;
      EXPECT_TRUE(lock >= 48 && lock < 64);
    }
  }
}

TEST(EncoderNetwork, FillsItsCores) {
  // 3,328 stack + 2 x 2,048 strips + 8,320 workspace = 15,744 of 16,384 in bank 0, 16,384 in each
  // other one.
  expect_accepted(Network(kWorkspaceBytes + 640).b.design());
  expect_only(Network(kWorkspaceBytes + 641).b.design(), Category::memory_bytes, "there are 65536");
}

TEST(EncoderNetwork, SevenObjectsOfAAndBWaitInAMemoryTile) {
  // Descriptors: A and B d in and d out each, strips 4 x 2, results 2 x 4. All six channels in are
  // taken, three of them even. d = 7: 7 + 7 + 2 and 8 on even channels, 2 + 2 + 2 and 7 + 7 on odd
  // ones. d = 8 would be 48 in all, but neither 18 nor 12 nor 6 and multiples of 8 make 24.
  expect_only(Network(kWorkspaceBytes, 8).b.design(), Category::dma_descriptors,
              "memory (0,1): 48 descriptors");
}

}  // namespace
}  // namespace sotto::npu::design
