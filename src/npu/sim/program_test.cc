// Cores that own their locks: a program that waits wherever it likes.
#include "npu/kernels/host/core_ports.h"
#include "npu/sim/address_walk.h"
#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using design::Builder;
using design::In;
using design::LockId;
using design::Number;
using design::Out;

constexpr auto i32 = design::Element::i32;
constexpr int kWords = 64, kObjects = 6;

/// Adds up every two objects; the last buffer of both rings in turn.
void add_pairs(std::int32_t* out_0, std::int32_t* out_1, const std::int32_t* in_0,
               const std::int32_t* in_1, int in_empty, int in_full, int out_empty, int out_full,
               int rounds) {
  host::CorePorts& ports = host::ports("add_pairs");
  const auto lock = [](int id) { return static_cast<unsigned>(id); };
  for (int round = 0; rounds < 0 || round < rounds; ++round) {
    ports.acquire_greater_equal(lock(in_full), 2);
    ports.acquire_greater_equal(lock(out_empty), 1);
    std::int32_t* out = round % 2 == 0 ? out_0 : out_1;
    for (int i = 0; i < kWords; ++i) out[i] = in_0[i] + in_1[i];
    spend_cycles(500);
    ports.release(lock(in_empty), 2);
    ports.release(lock(out_full), 1);
  }
}

design::Design pairs(int rounds) {
  Builder b(npu1(1), "pairs");
  const auto shim = b.shim(0);
  const auto core = b.core(0, 3);
  const auto in = b.fifo<i32>("in", kWords, {{shim}}, {{core}});
  const auto out = b.fifo<i32>("out", kWords, {{core}}, {{shim}});
  const auto kernel =
      b.kernel<Out<i32>, Out<i32>, In<i32>, In<i32>, LockId, LockId, LockId, LockId, Number>(
          "add_pairs", {.program_bytes = 1024});
  const auto input = in.consumer();
  const auto output = out.producer();
  b.program_with_locks(core,
                       kernel(output.buffer(0), output.buffer(1), input.buffer(0), input.buffer(1),
                              input.empty(), input.full(), output.empty(), output.full(), rounds),
                       {{input, kObjects}, {output, kObjects / 2}});
  const auto host_in = b.host<i32>("input", kObjects * kWords);
  const auto host_out = b.host<i32>("output", kObjects / 2 * kWords);
  const auto filled = b.fill(in, host_in), drained = b.drain(out, host_out);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

KernelLibrary library() {
  KernelLibrary result;
  result.add_program("add_pairs", host_function(add_pairs));
  return result;
}

Report run(const design::ArrayProgram& program, Hosts& hosts, EngineKind engine, int dispatches) {
  Options options = quick(engine);
  options.hosts = hosts.spans();
  options.dispatches = dispatches;
  return simulate(program, library(), options);
}

TEST(Program, OwnsItsLocks) {
  const auto program = design::lower(design::check(pairs(-1)));
  Hosts plain(program), fast(program);
  const Report report = run(program, plain, EngineKind::reference, 3);
  EXPECT_TRUE(report.finished());
  EXPECT_TRUE(report.findings.empty()) << to_string(report);
  EXPECT_EQ(report, run(program, fast, EngineKind::fast, 3));
  EXPECT_EQ(plain.words, fast.words);
  for (int i = 0; i < kObjects / 2 * kWords; ++i) {
    const int pair = i / kWords * 2 * kWords + i % kWords;
    EXPECT_EQ(plain.words[1][i], (pair + 1) + (pair + 1 + kWords));
  }
  // Nine rounds: 500 for the sums; four locks of 15.
  EXPECT_EQ(report.cores[0].kernels, 9 * 500);
  EXPECT_EQ(report.cores[0].locks, 9 * 60);
}

TEST(Program, ThatReturnsIsNamed) {
  const auto program = design::lower(design::check(pairs(2)));
  Hosts hosts(program);
  const Report report = run(program, hosts, EngineKind::fast, 1);
  EXPECT_FALSE(report.finished());
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings.back().kind, Finding::Kind::program_ended);
  EXPECT_NE(to_string(report).find("core (0,3): its program has ended"), std::string::npos)
      << to_string(report);
}

TEST(Program, NeedsItsData) {
  const auto program = design::lower(design::check(pairs(-1)));
  Options options = quick(EngineKind::fast);
  options.mode = Mode::timing;
  EXPECT_THROW(simulate(program, library(), options), Error);
}

// Three rows of 64 words, half a page apart: 256 bytes each, the third one in the next page.
TEST(Program, RequestsKnowTheirPages) {
  design::DescriptorFields fields;
  fields.address = 0x10000;
  fields.length = 192;
  fields.dimensions[0] = {64, 1};
  fields.dimensions[1] = {0, 512};
  fields.burst = 1;  // 128 bytes
  BurstCutter cutter(fields);
  std::vector<bool> new_pages;
  while (!cutter.done()) {
    const Burst burst = cutter.next();
    EXPECT_EQ(burst.words, 32);
    new_pages.push_back(burst.new_page);
  }
  EXPECT_EQ(new_pages, (std::vector<bool>{true, false, false, false, true, false}));
}

}  // namespace
}  // namespace sotto::npu::sim
