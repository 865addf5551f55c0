#include "npu/design/lower.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "npu/design/check/check_testing.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/passthrough.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

const TileId kShim{0, 0}, kCore{0, 2};

TEST(Lower, PassthroughToTheLastField) {
  const ArrayProgram program = lower(check(passthrough(4096)));
  // Stack 0x400 in bank 0; in and out in the banks with the most room, 1 and 2.
  ASSERT_EQ(program.buffers.size(), 4u);
  const std::uint32_t addresses[] = {0x4000, 0x5000, 0x8000, 0x9000};
  for (std::size_t i = 0; i < 4; ++i) {
    const bool output = program.buffers[i].name.rfind("out", 0) == 0;
    EXPECT_EQ(program.buffers[i].bytes, 4096u);
    EXPECT_EQ(program.buffers[i].address, addresses[i]) << program.buffers[i].name;
    EXPECT_EQ(output, i >= 2);
  }
  ASSERT_EQ(program.locks.size(), 4u);  // in.empty, in.full, out.empty, out.full
  const int initial[] = {2, 0, 2, 0};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(program.locks[static_cast<std::size_t>(i)].id, i);
    EXPECT_EQ(program.locks[static_cast<std::size_t>(i)].initial, initial[i]);
  }

  ASSERT_EQ(program.descriptors.size(), 4u);
  DescriptorFields in;
  in.address = 0x4000 / 4;
  in.length = 1024;
  in.acquires = true;
  in.acquire = {0, -1};
  in.release = {1, 1};
  in.has_next = true;
  in.next = 1;
  EXPECT_EQ(program.descriptors[0].fields, in);
  in.address = 0x5000 / 4;
  in.next = 0;
  EXPECT_EQ(program.descriptors[1].fields, in);
  DescriptorFields out = in;
  out.address = 0x8000 / 4;
  out.acquire = {3, -1};
  out.release = {2, 1};
  out.next = 3;
  EXPECT_EQ(program.descriptors[2].id, 2);
  EXPECT_EQ(program.descriptors[2].fields, out);

  ASSERT_EQ(program.starts.size(), 2u);
  EXPECT_EQ(program.starts[0].tile, kCore);
  EXPECT_EQ(program.starts[0].direction, Direction::s2mm);
  EXPECT_EQ(program.starts[0].entry, (QueueEntry{0, 1, false}));
  EXPECT_EQ(program.starts[1].direction, Direction::mm2s);
  EXPECT_EQ(program.starts[1].entry, (QueueEntry{2, 1, false}));

  ASSERT_EQ(program.shim_muxes.size(), 2u);
  EXPECT_EQ(program.shim_muxes[0].port, (Port{Bundle::south, 3}));
  EXPECT_EQ(program.shim_muxes[1].port, (Port{Bundle::south, 2}));
  EXPECT_EQ(program.connections.size(), 6u);  // three switch boxes up, three down
  EXPECT_EQ(program.token_routes, std::vector<TileId>{kShim});
}

TEST(Lower, PassthroughProgramOfTheCore) {
  const ArrayProgram program = lower(check(passthrough(4096)));
  ASSERT_EQ(program.cores.size(), 1u);
  const ProgramCore& core = program.cores[0];
  ASSERT_EQ(core.operations.size(), 7u);
  // Own locks are numbers 48 and up: in.full 49, out.empty 50, in.empty 48, out.full 51.
  EXPECT_EQ(std::get<LockAcquire>(core.operations[0]).lock, 49);
  EXPECT_EQ(std::get<LockAcquire>(core.operations[1]).lock, 50);
  const auto& call = std::get<KernelCall>(core.operations[2]);
  EXPECT_EQ(call.symbol, "passthrough");
  const int out_ring = std::get<RingAddress>(call.arguments[0]).ring;
  const int in_ring = std::get<RingAddress>(call.arguments[1]).ring;
  EXPECT_EQ(core.rings[static_cast<std::size_t>(in_ring)],
            (std::vector<std::uint32_t>{0x74000, 0x75000}));
  EXPECT_EQ(core.rings[static_cast<std::size_t>(out_ring)],
            (std::vector<std::uint32_t>{0x78000, 0x79000}));
  EXPECT_EQ(std::get<Immediate>(call.arguments[2]).value, 1024);
  EXPECT_EQ(std::get<LockRelease>(core.operations[3]).lock, 48);
  EXPECT_EQ(std::get<RingTurn>(core.operations[4]).ring, in_ring);
  EXPECT_EQ(std::get<LockRelease>(core.operations[5]).lock, 51);
}

TEST(Lower, PassthroughInstructions) {
  const InstructionStream stream = decode(lower(check(passthrough(4096))).instructions);
  DescriptorFields fields;
  fields.length = 4096;
  fields.burst = 2;
  fields.cache = 2;
  const std::vector<std::uint32_t> words = pack(TileKind::shim, fields);
  // Each channel: descriptor, address of the host buffer, token, push (here with a token).
  const InstructionStream expected = {
      npu1(1),
      {BlockWrite{0x1D000, words}, AddressPatch{0x1D004, 0, 0}, MaskWrite{0x1D210, 0xF00, 0x1F00},
       Write{0x1D214, 0x80000000}, BlockWrite{0x1D020, words}, AddressPatch{0x1D024, 1, 0},
       MaskWrite{0x1D200, 0xF00, 0x1F00}, Write{0x1D204, 0x80000001},
       Sync{kShim, Direction::s2mm, 0}, Sync{kShim, Direction::mm2s, 0}}};
  EXPECT_EQ(stream, expected);
}

TEST(Lower, TasksWithRunsChainsAndParameters) {
  Chain1 d({}, nullptr);
  d.program();
  const Parameters words = d.b.parameters("words", d.core, 4);
  d.b.write(words[2], -5);
  Task task;
  task.through = EndRef{d.in, kProducer};
  task.transfers = {{d.input, 16, {{64, 2}, {1, 1}}, 128, 2}, {d.input, 0, {{192, 1}}, 0, 1}};
  task.runs = 4;
  task.burst_bytes = 64;
  const TaskRef filled = d.b.task(task);
  d.b.wait(d.b.drain(d.out, d.output, {.layout = {{256, 1}}, .runs = 4}));
  d.b.wait(filled);
  const ArrayProgram program = lower(check(d.design()));
  const auto& list = decode(program.instructions).instructions;
  std::uint32_t words_at = 0;
  for (const ProgramBuffer& buffer : program.buffers) {
    if (buffer.name == "words") words_at = buffer.address;
  }
  EXPECT_EQ(std::get<Write>(list[0]),
            (Write{register_address(kCore, words_at + 8), static_cast<std::uint32_t>(-5)}));
  const DescriptorFields first = unpack(TileKind::shim, std::get<BlockWrite>(list[1]).words);
  EXPECT_EQ(first.length, 64u);
  EXPECT_EQ(first.dimensions[0], (DescriptorFields::Dimension{64, 2}));
  EXPECT_EQ(first.iteration_wrap, 2u);
  EXPECT_EQ(first.iteration_step, 128u);
  EXPECT_EQ(first.burst, 0u);
  EXPECT_TRUE(first.has_next);
  EXPECT_EQ(first.next, 1u);
  EXPECT_EQ(std::get<AddressPatch>(list[2]), (AddressPatch{0x1D004, 0, 64}));
  const DescriptorFields second = unpack(TileKind::shim, std::get<BlockWrite>(list[3]).words);
  EXPECT_EQ(second.length, 192u);
  EXPECT_FALSE(second.has_next);
  EXPECT_EQ(std::get<Write>(list[6]), (Write{0x1D214, pack(QueueEntry{0, 4, true})}));
}

TEST(Lower, GemmOnTheWholeArray) {
  const ArrayProgram program = lower(check(gemm({512, 256, 512})));
  std::map<TileId, int> descriptors, locks;
  for (const ProgramDescriptor& d : program.descriptors) ++descriptors[d.tile];
  for (const ProgramLock& lock : program.locks) ++locks[lock.tile];
  for (int column = 0; column < 4; ++column) {
    // A and B: 2 in, 2 out each; C: 4 x 2 in, 2 x 4 out = 24. Locks: 2 + 2 + 4 x 2 = 12.
    EXPECT_EQ((descriptors[{column, 1}]), 24);
    EXPECT_EQ((locks[{column, 1}]), 12);
    for (int row = 2; row < 6; ++row) {
      EXPECT_EQ((descriptors[{column, row}]), 5);  // A 2, B 2, C 1
      EXPECT_EQ((locks[{column, row}]), 6);
    }
  }
  EXPECT_EQ(program.cores.size(), 16u);
  EXPECT_EQ(program.starts.size(), 4u * 9 + 16 * 3);
  std::set<std::pair<TileId, Port>> outputs;
  for (const ProgramConnection& made : program.connections) {
    EXPECT_TRUE(outputs.insert({made.tile, made.output}).second);
  }
  // Operands and sums in banks of their own.
  for (const ProgramBuffer& buffer : program.buffers) {
    if (kind_of(buffer.tile) != TileKind::core) continue;
    const std::uint32_t bank = buffer.name[0] == 'a' ? 1 : buffer.name[0] == 'b' ? 2 : 3;
    EXPECT_EQ(buffer.address / 16384, bank) << buffer.name;
  }
  // Two bands of 12 tasks: descriptor, patch, token, push; and 24 waits.
  EXPECT_EQ(decode(program.instructions).instructions.size(), 2u * 12 * 4 + 24);
}

TEST(Lower, GemmLayoutsInWords) {
  const ArrayProgram program = lower(check(gemm({256, 128, 512})));
  // A row-major tile of bfloat16 leaves the memory tile as [m4][k8] blocks of 4 x 8: runs of 4
  // words, 4 rows of 32 words, 8 blocks of 4 words, 16 rows of blocks of 128 words.
  std::map<std::string, DescriptorFields> first;
  for (const ProgramStart& start : program.starts) {
    if (start.tile != TileId{0, 1} || start.direction != Direction::mm2s) continue;
    for (const ProgramDescriptor& d : program.descriptors) {
      if (d.tile == start.tile && static_cast<std::uint32_t>(d.id) == start.entry.descriptor) {
        first[start.name] = d.fields;
      }
    }
  }
  using D = DescriptorFields::Dimension;
  EXPECT_EQ(first["a_row0"].dimensions, (std::array<D, 4>{D{4, 1}, D{4, 32}, D{8, 4}, D{0, 128}}));
  EXPECT_EQ(first["a_row0"].length, 2048u);
  // B as [k8][n4] blocks of 8 x 4.
  EXPECT_EQ(first["b_column0"].dimensions,
            (std::array<D, 4>{D{2, 1}, D{8, 32}, D{16, 2}, D{0, 256}}));
  // C: float32 rows out of blocks of 4 x 4.
  EXPECT_EQ(first["c0"].dimensions, (std::array<D, 4>{D{4, 1}, D{16, 16}, D{4, 4}, D{0, 256}}));
  EXPECT_EQ(first["c0"].length, 4096u);
}

TEST(Lower, RepeatAndPaddingOfAMemoryTile) {
  FifoOptions options{.repeat = 3, .padding = {{1, 0}, {0, 4}}};
  const ArrayProgram program =
      lower(check(Memory1(32, {.layout = {{8, 4}, {4, 1}}}, 9 * 8, options).design()));
  // 2 buffers received, each sent three times.
  ASSERT_EQ(program.descriptors.size(), 2u + 6);
  EXPECT_EQ(program.locks[0].initial, 6);  // empty counts sends
  const DescriptorFields& received = program.descriptors[0].fields;
  EXPECT_EQ(received.address, (0x80000u + program.buffers[0].address) / 4);
  EXPECT_EQ(received.acquire, (DescriptorFields::Lock{64, -3}));
  EXPECT_EQ(received.release, (DescriptorFields::Lock{65, 3}));
  const DescriptorFields& sent = program.descriptors[2].fields;
  EXPECT_EQ(program.descriptors[2].id, 2);
  EXPECT_EQ(sent.length, 72u);
  EXPECT_EQ(sent.dimensions[0], (DescriptorFields::Dimension{4, 1}));
  EXPECT_EQ(sent.dimensions[1], (DescriptorFields::Dimension{8, 4}));
  EXPECT_EQ(sent.zeros[0], (DescriptorFields::Zeros{0, 4}));
  EXPECT_EQ(sent.zeros[1], (DescriptorFields::Zeros{1, 0}));
  EXPECT_EQ(sent.acquire, (DescriptorFields::Lock{65, -1}));
  EXPECT_EQ(program.descriptors[4].fields.address, sent.address);
  EXPECT_EQ(program.descriptors[7].fields.next, 2u);
}

TEST(Lower, LargeOuterDimensionsGoToTheTop) {
  Memory1 d(3000, {.layout = {{1500, 1}, {2, 1500}}});
  const ArrayProgram program = lower(check(d.design()));
  using D = DescriptorFields::Dimension;
  EXPECT_EQ(program.descriptors[2].fields.dimensions,
            (std::array<D, 4>{D{2, 1500}, D{1, 1}, D{1, 1}, D{0, 1}}));
}

TEST(Lower, CoresThatOwnTheirLocksGetNumbersAndAddresses) {
  Chain1 d({}, nullptr);
  const auto own = d.b.kernel<In<i32>, Out<i32>, LockId, LockId, LockId>("own", {});
  const auto i = d.in.consumer();
  const LockHandle extra = d.b.lock("extra", d.core, 1);
  d.b.program_with_locks(d.core,
                         own(i.buffer(1), d.out.producer().buffer(0), i.empty(), i.full(), extra),
                         {{i, 4}, {d.out.producer(), 4}});
  d.fill_and_drain();
  const ArrayProgram program = lower(check(d.design()));
  ASSERT_EQ(program.cores[0].operations.size(), 1u);
  const auto& call = std::get<KernelCall>(program.cores[0].operations[0]);
  std::map<std::string, std::uint32_t> address;
  for (const ProgramBuffer& buffer : program.buffers) address[buffer.name] = buffer.address;
  EXPECT_EQ(std::get<Address>(call.arguments[0]).address, 0x70000 + address["in.in0[1]"]);
  EXPECT_EQ(std::get<Address>(call.arguments[1]).address, 0x70000 + address["out.out[0]"]);
  EXPECT_EQ(std::get<Immediate>(call.arguments[2]).value, 48 + 1);  // after "extra"
  EXPECT_EQ(std::get<Immediate>(call.arguments[3]).value, 48 + 2);
  EXPECT_EQ(std::get<Immediate>(call.arguments[4]).value, 48);
}

TEST(Lower, TheSameDesignBecomesTheSameProgram) {
  const ArrayProgram once = lower(check(gemm({512, 256, 512})));
  const ArrayProgram again = lower(check(gemm({512, 256, 512})));
  EXPECT_EQ(once.instructions, again.instructions);
  EXPECT_EQ(once.hash, again.hash);
  ASSERT_EQ(once.descriptors.size(), again.descriptors.size());
  for (std::size_t i = 0; i < once.descriptors.size(); ++i) {
    EXPECT_EQ(once.descriptors[i].fields, again.descriptors[i].fields);
  }
}

}  // namespace
}  // namespace sotto::npu::design
